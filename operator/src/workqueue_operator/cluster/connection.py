"""Where the API server is and who we are there: the `kubernetes` package reads it.

The only module of the operator that touches that package, and no typed model of it is used: its
configuration (service account with token reload, kubeconfig with exec plug-ins, proxies, TLS) is
worth having, its objects cost 67 MiB per 1,000 Deployments.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from kubernetes.client.configuration import Configuration
from kubernetes.client.rest import RESTClientObject
from kubernetes.config import (
    ConfigException,
    list_kube_config_contexts,
    load_incluster_config,
    load_kube_config,
)

from workqueue_operator.core.errors import ApiError

# These carry no types in the package; what they fill in is Any here.
_load_incluster: Callable[..., None] = load_incluster_config
_load_kubeconfig: Callable[..., None] = load_kube_config
_contexts: Callable[..., tuple[Any, Any]] = list_kube_config_contexts

_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True, slots=True)
class Connection:
    """One API server and our credentials there. They are in no repr and in no log."""

    configuration: Any

    def __repr__(self) -> str:
        return f"Connection({self.server})"

    @property
    def server(self) -> str:
        """The server's address, without a slash at the end."""
        return str(self.configuration.host).rstrip("/")

    def authorization(self) -> str | None:
        """The Authorization header for one request, None with client certificates.

        A service account's token is read again from its file once a minute; tokens of an exec
        plug-in are asked for again when they have expired.
        """
        settings = self.configuration.auth_settings().values()
        return next((str(each["value"]) for each in settings if each["value"]), None)

    def pool(self, connections: int) -> urllib3.PoolManager:
        """A pool that keeps so many connections open, with the TLS and proxy settings in it."""
        self.configuration.connection_pool_maxsize = connections
        manager: urllib3.PoolManager = RESTClientObject(self.configuration).pool_manager
        return manager


def connect(kubeconfig: str | None = None) -> Connection:
    """Find the API server: this kubeconfig's current context, or the pod's service account.

    Raises:
        ApiError: (status 0) neither says where the server is.
    """
    configuration = Configuration()
    try:
        if kubeconfig is None:
            _load_incluster(client_configuration=configuration)
        else:
            _load_kubeconfig(config_file=kubeconfig, client_configuration=configuration)
    except ConfigException as error:
        where = "this pod's service account" if kubeconfig is None else f"kubeconfig {kubeconfig}"
        raise ApiError(
            0,
            f"{where} does not lead to a Kubernetes API server: {error}. Run in a pod that has a "
            f"service account, or name a kubeconfig that works with kubectl",
        ) from error
    return Connection(configuration)


def connect_as_kubectl(kubeconfig: str | None, context: str | None) -> tuple[Connection, str]:
    """Find the API server as kubectl does, and the namespace that is meant where none is named.

    kubeconfig None: $KUBECONFIG, or ~/.kube/config; in a pod without either its service account.

    Raises:
        ApiError: (status 0) none of them says where the server is.
    """
    configuration = Configuration()
    try:
        _load_kubeconfig(
            config_file=kubeconfig, context=context, client_configuration=configuration
        )
        namespace = _namespace_of(kubeconfig, context)
    except ConfigException as error:
        if kubeconfig is None and context is None and _POD_NAMESPACE.exists():
            return connect(), _POD_NAMESPACE.read_text().strip()
        raise ApiError(
            0,
            f"no way to a Kubernetes API server: {error}. Name a kubeconfig and a context that "
            f"work with kubectl: --kubeconfig FILE, --context NAME",
        ) from error
    return Connection(configuration), namespace


def _namespace_of(kubeconfig: str | None, context: str | None) -> str:
    """What the context says, else "default"."""
    known, current = _contexts(config_file=kubeconfig)
    meant = next((each for each in known if each["name"] == context), current)
    return str(meant["context"].get("namespace") or "default")

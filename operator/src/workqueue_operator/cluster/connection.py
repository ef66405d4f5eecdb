"""Where the API server is and who we are there: the `kubernetes` package reads it.

The only module that touches that package, and no typed model of it is used: its configuration
(service account with token reload, kubeconfig with exec plug-ins, proxies, TLS) is worth having,
its objects cost 67 MiB per 1,000 Deployments.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import urllib3
from kubernetes.client.configuration import Configuration
from kubernetes.client.rest import RESTClientObject
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config

from workqueue_operator.core.errors import ApiError

# These two carry no types in the package; what they fill in is Any here.
_load_incluster: Callable[..., None] = load_incluster_config
_load_kubeconfig: Callable[..., None] = load_kube_config


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

"""The operator's requests as the API server counts them: a flow schema for each kind of them.

The API server's request counters know no user. Its flow control does: every request is counted
under the first schema that takes in its user, verb and resource. Priority stays what service
accounts have without these.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kit.kube import Kube
from tools import deploy
from workqueue_operator.core.errors import ApiError

_PATH = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"
_WRITES = ("create", "update", "patch", "delete", "deletecollection")
_COUNTER = "apiserver_flowcontrol_dispatched_requests_total"
_LEVEL = "workload-low"


@dataclass(frozen=True, slots=True)
class Requests:
    """How many there were."""

    writes: int
    secrets: int
    reads: int  # all others; a watch counts when it is opened

    def since(self, before: "Requests") -> "Requests":
        """What came after `before`."""
        return Requests(
            self.writes - before.writes,
            self.secrets - before.secrets,
            self.reads - before.reads,
        )


def count(kube: Kube) -> Requests:
    """Read the counters. Call it outside of what is timed: the page has thousands of lines."""
    text = kube._text("/metrics")

    def value(name: str) -> int:
        found = re.search(rf'{_COUNTER}{{flow_schema="{name}",[^}}]*}} (\S+)', text)
        return int(float(found[1])) if found else 0  # a counter appears with its first request

    return Requests(value("bench-writes"), value("bench-secrets"), value("bench-reads"))


@contextmanager
def counted(kube: Kube) -> Iterator[None]:
    """Have the operator's requests counted."""
    schemas = [
        _schema("bench-writes", 901, _WRITES, ("*",)),
        _schema("bench-secrets", 902, ("*",), ("secrets",)),
        _schema("bench-reads", 903, ("*",), ("*",)),
    ]
    try:
        for each in schemas:
            _delete(kube, each)
            kube.api.request("POST", _PATH, body=each)
        yield
    finally:
        for each in schemas:
            _delete(kube, each)


def _delete(kube: Kube, schema: dict[str, Any]) -> None:
    try:
        kube.api.request("DELETE", f"{_PATH}/{schema['metadata']['name']}")
    except ApiError as error:
        if error.status != 404:
            raise


def _schema(
    name: str, precedence: int, verbs: tuple[str, ...], resources: tuple[str, ...]
) -> dict[str, Any]:
    who = {"name": deploy.RELEASE, "namespace": deploy.NAMESPACE}
    rule = {
        "subjects": [{"kind": "ServiceAccount", "serviceAccount": who}],
        "resourceRules": [
            {
                "verbs": list(verbs),
                "apiGroups": ["*"],
                "resources": list(resources),
                "clusterScope": True,
                "namespaces": ["*"],
            }
        ],
    }
    return {
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
        "kind": "FlowSchema",
        "metadata": {"name": name},
        "spec": {
            "priorityLevelConfiguration": {"name": _LEVEL},
            "matchingPrecedence": precedence,
            "distinguisherMethod": {"type": "ByUser"},
            "rules": [rule],
        },
    }

"""A person with few rights in a cluster, and the command `workqueue` in that person's hands."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

import workqueue_operator
from kit.kube import Kube

RBAC = "/apis/rbac.authorization.k8s.io/v1"
COMMAND_SECONDS = 60
Rules = Sequence[Mapping[str, Sequence[str]]]

WHERE_THE_WORKQUEUE_IS: Rules = (
    {"apiGroups": ["workqueue.dev"], "resources": ["workqueues"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]},
)
WHERE_THE_BROKER_IS: Rules = (
    {"apiGroups": [""], "resources": ["services"], "verbs": ["get"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list"]},
    {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["get", "create"]},
)
"""What docs/dead-letters.md says that a port-forward needs, and no more."""


class Person:
    """A service account of the story's namespace, by its token."""

    def __init__(self, kube: Kube, kubeconfig: Path, folder: Path) -> None:
        self._kube = kube
        self._name = kube.namespace  # also of the bindings elsewhere: no other story has it
        accounts = f"/api/v1/namespaces/{kube.namespace}/serviceaccounts"
        kube.api.request("POST", accounts, body={"metadata": {"name": self._name}})
        granted = kube.api.request("POST", f"{accounts}/{self._name}/token", body={"spec": {}})
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(
            json.dumps(_with_token(kubeconfig, granted["status"]["token"], kube.namespace))
        )

    def may(self, namespace: str, rules: Rules) -> None:
        """Give these rights there."""
        place, meta = f"{RBAC}/namespaces/{namespace}", {"metadata": {"name": self._name}}
        role = {"apiGroup": RBAC.split("/")[2], "kind": "Role", "name": self._name}
        account = {"kind": "ServiceAccount", "name": self._name, "namespace": self._kube.namespace}
        self._kube.api.request("POST", f"{place}/roles", body={**meta, "rules": list(rules)})
        self._kube.api.request(
            "POST", f"{place}/rolebindings", body={**meta, "roleRef": role, "subjects": [account]}
        )

    def may_nothing(self, namespace: str) -> None:
        """Take them away again."""
        for kind in ("rolebindings", "roles"):
            path = f"{RBAC}/namespaces/{namespace}/{kind}/{self._name}"
            self._kube.api.request("DELETE", path)

    def says(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run `workqueue` with these words to its end."""
        source = str(Path(workqueue_operator.__file__).parents[1])
        return subprocess.run(
            [sys.executable, "-m", "workqueue_operator.cli.main", *words],
            env={**os.environ, "PYTHONPATH": source, "KUBECONFIG": str(self.kubeconfig)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )


def _with_token(kubeconfig: Path, token: str, namespace: str) -> dict[str, Any]:
    """The same cluster, as somebody else."""
    found: dict[str, Any] = yaml.safe_load(kubeconfig.read_text())
    for each in found["users"]:
        each["user"] = {"token": token}
    for each in found["contexts"]:
        each["context"]["namespace"] = namespace
    return found

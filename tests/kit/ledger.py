"""Every task's story, as its handler wrote it down."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kit.kube import Kube, wait_for

PORT = 8080
_HERE = Path(__file__).parent
_SAFE = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}


@dataclass(slots=True)
class Ledger:
    """The ledger of one namespace."""

    kube: Kube
    image: str
    entries: list[Mapping[str, Any]] = field(default_factory=list)

    def open(self) -> None:
        """Start the pod that keeps it, and publish the handler that writes it."""
        files = {
            name: (_HERE / name).read_text() for name in ("ledger_server.py", "ledger_handler.py")
        }
        config = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "ledger"},
            "data": files,
        }
        self.kube.apply(config, _service(), _pod(self.image))
        wait_for("the ledger's pod", self._is_ready, seconds=60)

    def read(self) -> "Ledger":
        """Fetch what is new."""
        answer = self.kube.proxy("ledger", PORT, f"entries?since={len(self.entries)}")
        self.entries.extend(answer["entries"])
        return self

    def count(self, what: str) -> Counter[int]:
        """How often each task was "started" or "completed"."""
        return Counter(int(each["n"]) for each in self.entries if each["what"] == what)

    def completed(self) -> int:
        """How many tasks were completed at least once."""
        return len(self.count("completed"))

    def lost(self, published: Iterable[int]) -> Sequence[int]:
        """Published and never completed."""
        return sorted(set(published) - self.count("completed").keys())

    def repeated(self) -> Sequence[int]:
        """Completed more than once."""
        return sorted(n for n, times in self.count("completed").items() if times > 1)

    def started_twice(self) -> Sequence[int]:
        """Started more than once."""
        return sorted(n for n, times in self.count("started").items() if times > 1)

    def in_work(self) -> Mapping[int, str]:
        """Task -> pod of those started and not completed."""
        done = self.count("completed")
        started = [each for each in self.entries if each["what"] == "started"]
        return {int(each["n"]): str(each["pod"]) for each in started if int(each["n"]) not in done}

    def times(self, what: str) -> Mapping[int, float]:
        """When each task was started or completed last, by the ledger's own clock."""
        return {int(each["n"]): float(each["at"]) for each in self.entries if each["what"] == what}

    def pods(self, task: int, what: str) -> Sequence[str]:
        """Which pods started or completed it, in this order."""
        return [each["pod"] for each in self.entries if (each["n"], each["what"]) == (task, what)]

    def _is_ready(self) -> bool:
        pod = self.kube.get("Pod", "ledger") or {}
        found = pod.get("status", {}).get("conditions", ())
        return any(each["type"] == "Ready" and each["status"] == "True" for each in found)


def handler_pod_template(namespace: str) -> dict[str, Any]:
    """What a WorkQueue needs to run ledger_handler:work, or ledger_handler.py as a command."""
    return {
        "spec": {
            "containers": [
                {
                    "name": "worker",
                    "env": [
                        {"name": "LEDGER", "value": f"ledger.{namespace}:{PORT}"},
                        {"name": "PYTHONPATH", "value": "/app:/ledger"},
                    ],
                    "volumeMounts": [{"name": "ledger", "mountPath": "/ledger"}],
                }
            ],
            "volumes": [{"name": "ledger", "configMap": {"name": "ledger"}}],
        }
    }


def _service() -> dict[str, Any]:
    spec = {"selector": {"app": "ledger"}, "ports": [{"port": PORT, "targetPort": PORT}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "ledger"}, "spec": spec}


def _pod(image: str) -> dict[str, Any]:
    container = {
        "name": "ledger",
        "image": image,
        "command": ["python", "/ledger/ledger_server.py"],
        "securityContext": _SAFE,
        "readinessProbe": {
            "httpGet": {"path": "/entries", "port": PORT},
            "periodSeconds": 1,
        },
        "volumeMounts": [{"name": "ledger", "mountPath": "/ledger"}],
    }
    spec = {
        "containers": [container],
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "terminationGracePeriodSeconds": 1,
        "volumes": [{"name": "ledger", "configMap": {"name": "ledger"}}],
    }
    meta = {"name": "ledger", "labels": {"app": "ledger"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}

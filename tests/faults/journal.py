"""The pod that keeps the journal, and its reader on this machine."""

import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faults.journal_server import PORT
from kit.kube import Kube, wait_for
from kit.ledger import _SAFE

_HERE = Path(__file__).parent
_FILES = ("journal_server.py", "journal_handler.py")
_NAME = "journal"


@dataclass(slots=True)
class Journal:
    """What the handlers of one namespace have written. `path` keeps a copy on this machine."""

    kube: Kube
    image: str
    path: Path
    lines: list[str] = field(default_factory=list)
    _offset: int = 0
    _rest: bytes = b""

    def open(self) -> None:
        """Start the pod, and publish the handler that writes to it."""
        data = {name: (_HERE / name).read_text() for name in _FILES}
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": _NAME}}
        self.kube.apply({**config, "data": data}, _service(), _pod(self.image))
        wait_for("the journal", self._answers, seconds=90)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(b"")

    def read(self) -> list[str]:
        """Fetch what is new; returns all lines so far."""
        with socket.create_connection((self._address(), PORT), timeout=30) as connection:
            stream = connection.makefile("rwb")
            while part := self._ask(stream):
                self._offset += len(part)
                with self.path.open("ab") as file:
                    file.write(part)
                *whole, self._rest = (self._rest + part).split(b"\n")
                self.lines.extend(line.decode() for line in whole)
        return self.lines

    def _ask(self, stream: Any) -> bytes:
        stream.write(b"read %d\n" % self._offset)
        stream.flush()
        return bytes(stream.read(int(stream.readline())))

    def _address(self) -> str:
        return str(self.kube.need("Service", _NAME)["spec"]["clusterIP"])

    def _answers(self) -> bool:
        try:
            socket.create_connection((self._address(), PORT), timeout=1).close()
        except OSError:
            return False
        return True


def pod_template(namespace: str) -> dict[str, Any]:
    """What a WorkQueue needs to run journal_handler:work."""
    env = {"JOURNAL": f"{_NAME}.{namespace}:{PORT}", "PYTHONPATH": "/app:/journal"}
    container = {
        "name": "worker",
        "env": [{"name": name, "value": value} for name, value in env.items()],
        "volumeMounts": [{"name": _NAME, "mountPath": "/journal"}],
    }
    volume = {"name": _NAME, "configMap": {"name": _NAME}}
    return {"spec": {"containers": [container], "volumes": [volume]}}


def _service() -> dict[str, Any]:
    spec = {"selector": {"app": _NAME}, "ports": [{"port": PORT, "targetPort": PORT}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": _NAME}, "spec": spec}


def _pod(image: str) -> dict[str, Any]:
    container = {
        "name": _NAME,
        "image": image,
        "command": ["python", "/journal/journal_server.py", "/data/journal.jsonl"],
        "securityContext": _SAFE,
        "volumeMounts": [
            {"name": _NAME, "mountPath": "/journal"},
            {"name": "data", "mountPath": "/data"},
        ],
    }
    spec = {
        "containers": [container],
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "terminationGracePeriodSeconds": 1,
        "volumes": [
            {"name": _NAME, "configMap": {"name": _NAME}},
            {"name": "data", "emptyDir": {}},
        ],
    }
    meta = {"name": _NAME, "labels": {"app": _NAME}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}

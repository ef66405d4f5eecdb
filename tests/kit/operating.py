"""The operator as installed: by its chart and no other way."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

from kit.kube import Json, Kube, wait_for
from kit.processes import find_operator, kill, seconds_to_end
from tools import deploy
from tools.chart_check import run_helm

LET_GO_SECONDS = 20
STOP_LIMIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Operator:
    """The operator's release on one cluster."""

    kubeconfig: Path
    kube: Kube  # its namespace

    @classmethod
    def install(cls, kubeconfig: Path, *words: str) -> "Operator":
        """helm upgrade --install, with these words more; waits until it is ready."""
        # A deletion that waits for a silent broker may not take the default's 5 minutes here.
        deploy.install(kubeconfig, f"--set=letGoSeconds={LET_GO_SECONDS}", *words)
        return cls(kubeconfig, Kube.open(kubeconfig, deploy.NAMESPACE))

    def uninstall(self) -> None:
        """helm uninstall."""
        deploy.down(self.kubeconfig)

    def roll_back(self) -> None:
        """helm rollback, to the revision before."""
        self._helm("rollback", "--wait")

    def is_deployed(self) -> bool:
        """Whether the release takes upgrades."""
        found = json.loads(self._helm("status", "--output=json"))
        return bool(found["info"]["status"] == "deployed")

    def _helm(self, verb: str, *words: str) -> str:
        place = (f"--kubeconfig={self.kubeconfig}", f"--namespace={deploy.NAMESPACE}")
        return run_helm(verb, deploy.RELEASE, *place, *words)

    def pods(self) -> list[Json]:
        """Its pods (one, but for a moment)."""
        return list(
            self.kube.list("Pod", labelSelector="app.kubernetes.io/name=workqueue-operator")
        )

    def is_ready(self) -> bool:
        """Whether it says so."""
        status = self.kube.need("Deployment", deploy.RELEASE).get("status", {})
        return bool(status.get("readyReplicas"))

    def log(self) -> str:
        """What it has said since it started."""
        return "".join(self.kube.log(pod["metadata"]["name"]) for pod in self.pods())

    def kill(self) -> None:
        """End it at once, as a node failure would; another one is started by its Deployment."""
        kill(find_operator())
        for pod in self.pods():
            self.kube.delete("Pod", pod["metadata"]["name"], grace_seconds=0)

    def stop(self) -> float:
        """Have its pod end with SIGTERM, for good. Returns how many seconds the process took."""
        process = find_operator()
        began = time.monotonic()
        self._scale(0)
        took = seconds_to_end(process, since=began, limit_seconds=STOP_LIMIT_SECONDS)
        self._wait_scaled(0)
        return took

    def scale(self, replicas: int) -> None:
        """Stop it (0) or start it again (1), and wait until that is so."""
        self._scale(replicas)
        self._wait_scaled(replicas)

    def _scale(self, replicas: int) -> None:
        self.kube.patch("Deployment", deploy.RELEASE, {"spec": {"replicas": replicas}}, "scale")

    def _wait_scaled(self, replicas: int) -> None:
        def settled() -> bool:
            ready = self.kube.need("Deployment", deploy.RELEASE)["status"].get("readyReplicas", 0)
            return ready == replicas and len(self.pods()) == replicas

        wait_for(f"{replicas} operators", settled, seconds=60)

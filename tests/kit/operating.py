"""The operator as installed: by its chart and no other way."""

from dataclasses import dataclass
from pathlib import Path

from kit.kube import Json, Kube, wait_for
from tools import deploy

LET_GO_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Operator:
    """The operator's release on one cluster."""

    kubeconfig: Path
    kube: Kube  # its namespace

    @classmethod
    def install(cls, kubeconfig: Path) -> "Operator":
        """helm upgrade --install; waits until it is ready."""
        # A deletion that waits for a silent broker may not take the default's 5 minutes here.
        deploy.install(kubeconfig, f"--set=letGoSeconds={LET_GO_SECONDS}")
        return cls(kubeconfig, Kube.open(kubeconfig, deploy.NAMESPACE))

    def pods(self) -> list[Json]:
        """Its pods (one, but for a moment)."""
        return list(
            self.kube.list("Pod", labelSelector="app.kubernetes.io/name=workqueue-operator")
        )

    def log(self) -> str:
        """What it has said since it started."""
        return "".join(self.kube.log(pod["metadata"]["name"]) for pod in self.pods())

    def kill(self) -> None:
        """End it at once, as a node failure would; another one is started by its Deployment."""
        for pod in self.pods():
            self.kube.delete("Pod", pod["metadata"]["name"], grace_seconds=0)

    def scale(self, replicas: int) -> None:
        """Stop it (0) or start it again (1), and wait until that is so."""
        self.kube.patch("Deployment", deploy.RELEASE, {"spec": {"replicas": replicas}}, "scale")

        def settled() -> bool:
            ready = self.kube.need("Deployment", deploy.RELEASE)["status"].get("readyReplicas", 0)
            return ready == replicas and len(self.pods()) == replicas

        wait_for(f"{replicas} operators", settled, seconds=60)

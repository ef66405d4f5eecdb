"""The operator as installed: by its chart and no other way."""

from dataclasses import dataclass
from pathlib import Path

from kit.kube import Json, Kube, wait_for
from tools import deploy


@dataclass(frozen=True, slots=True)
class Operator:
    """The operator's release on one cluster."""

    kubeconfig: Path
    kube: Kube  # its namespace

    @classmethod
    def install(cls, kubeconfig: Path) -> "Operator":
        """helm upgrade --install; waits until it is ready."""
        deploy.install(kubeconfig)
        return cls(kubeconfig, Kube.open(kubeconfig, deploy.NAMESPACE))

    def pods(self) -> list[Json]:
        """Its pods (one, but for a moment)."""
        return list(
            self.kube.list("Pod", labelSelector="app.kubernetes.io/name=workqueue-operator")
        )

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

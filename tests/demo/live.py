"""What is seen of a WorkQueue while it works: backlog, workers, tasks done, decisions."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from urllib3.exceptions import HTTPError

from kit.kube import Kube
from kit.story import Story
from kit.watching import Replicas
from tools import deploy
from workqueue_operator.core.errors import ApiError

METRICS_PORT = 8080


@dataclass(frozen=True, slots=True)
class View:
    """One look. backlog is None when the operator does not know."""

    backlog: int | None
    desired: int
    ready: int
    completed: int
    news: Sequence[str]


@dataclass(slots=True)
class Looker:
    """Looks at one WorkQueue, and tells each event once."""

    story: Story
    system: Kube
    history: Replicas
    name: str
    _told: set[str] = field(default_factory=set)

    def look(self) -> View:
        """Ask the operator, the Deployment, the ledger and the events."""
        last = self.history.steps[-1] if self.history.steps else None
        return View(
            backlog=self._backlog(),
            desired=last.replicas if last else 0,
            ready=last.ready if last else 0,
            completed=self.story.ledger.read().completed(),
            news=self._news(),
        )

    def _news(self) -> Sequence[str]:
        fresh = []
        for event in self.story.kube.events(self.name):
            uid = event["metadata"]["uid"]
            if uid not in self._told and event["involvedObject"]["kind"] == "WorkQueue":
                self._told.add(uid)
                fresh.append(f"{event['reason']}: {event['message']}")
        return fresh

    def _backlog(self) -> int | None:
        """From the operator's own metrics: status is written sparingly."""
        label = f'namespace="{self.story.kube.namespace}"'
        pods = self.system.list("Pod", labelSelector=f"app.kubernetes.io/name={deploy.RELEASE}")
        for pod in pods:
            try:
                text = self.system.pod_text(pod["metadata"]["name"], METRICS_PORT, "metrics")
            except (ApiError, HTTPError):
                continue  # it is being replaced; the next look finds the other
            found = [
                float(line.rsplit(" ", 1)[1])
                for line in text.splitlines()
                if line.startswith("workqueue_messages{") and label in line
            ]
            return int(sum(found)) if found else None
        return None

"""examples/producer-job.yaml on the real cluster, in a namespace that enforces restricted Pods."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.producer.producer_rig import Rig

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"


@dataclass(frozen=True)
class Shop:
    """A namespace with everything in it that the example needs, and a broker with its queue."""

    kubeconfig: Path
    namespace: str
    image: str
    rig: Rig

    def kubectl(self, *arguments: str, given: object = None) -> str:
        ran = subprocess.run(
            [
                str(ROOT / ".cluster" / "bin" / "kubectl"),
                f"--kubeconfig={self.kubeconfig}",
                f"--namespace={self.namespace}",
                *arguments,
            ],
            input=json.dumps(given) if given else None,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def mount(self, **changes: str) -> None:
        """Put the broker's Secret there, or mend it."""
        self.kubectl("apply", "-f", "-", given=self.rig.broker.secret(**changes))

    def run_job(self) -> str:
        """The one command of the README; says the new Job's name."""
        return self.kubectl("create", "-f", "-", "-o", "name", given=self.edited_job()).strip()

    def edited_job(self) -> dict[str, Any]:
        """The example as a user edits it: with an image that exists, and this test's vhost."""
        job: dict[str, Any] = yaml.safe_load((EXAMPLES / "producer-job.yaml").read_text())
        (container,) = job["spec"]["template"]["spec"]["containers"]
        container["image"] = self.image
        (vhost,) = (e for e in container["env"] if e["name"] == "WORKQUEUE_VHOST")
        vhost["value"] = self.rig.broker.vhost
        return job

    def published(self) -> list[str]:
        """Take out of the queue what is in it."""
        return [message.text for message in self.rig.drain("tasks")]

    def wait_for(self, condition: str, job: str) -> None:
        self.kubectl("wait", f"--for=condition={condition}", job, "--timeout=60s")

    def condition(self, job: str, kind: str) -> dict[str, Any]:
        found = json.loads(self.kubectl("get", job, "-o", "json"))["status"]["conditions"]
        return next(c for c in found if c["type"] == kind)


def example_tasks() -> list[str]:
    text: str = yaml.safe_load((EXAMPLES / "tasks.yaml").read_text())["data"]["tasks.txt"]
    return text.splitlines()


@pytest.fixture
def shop(rig: Rig, kubeconfig: Path, namespace: str, images: Mapping[str, str]) -> Shop:
    rig.broker.declare("tasks", x_queue_type="quorum")
    made = Shop(kubeconfig, namespace, images["producer"], rig)
    made.kubectl("apply", "-f", str(EXAMPLES / "tasks.yaml"))
    return made


@pytest.mark.timeout(240)
def test_given_the_same_command_twice_then_two_jobs_publish_the_config_maps_lines(
    shop: Shop,
) -> None:
    shop.mount()
    for _ in range(2):
        job = shop.run_job()
        shop.wait_for("Complete", job)
        assert "10 tasks published to tasks, 10 confirmed" in shop.kubectl("logs", job)
        assert shop.published() == example_tasks()


@pytest.mark.timeout(240)
def test_given_a_wrong_password_when_the_secret_is_mended_then_the_job_recovers_by_itself(
    shop: Shop,
) -> None:
    # Given a Job whose first pod was refused by the broker
    shop.mount(password="wrong")
    job = shop.run_job()
    shop.kubectl("wait", "--for=jsonpath={.status.failed}=1", job, "--timeout=60s")
    # When the password is put right
    shop.mount()
    # Then a later attempt publishes every task, once: nothing had been sent before
    shop.wait_for("Complete", job)
    assert shop.published() == example_tasks()


@pytest.mark.timeout(240)
def test_given_tasks_that_may_be_in_the_queue_then_the_job_fails_instead_of_doubling_them(
    shop: Shop,
) -> None:
    # Given a queue that takes four tasks and refuses the rest
    shop.rig.broker.delete_queue("tasks")
    shop.rig.broker.declare("tasks", x_max_length=4, x_overflow="reject-publish")
    shop.mount()
    # When the Job publishes ten
    job = shop.run_job()
    shop.wait_for("Failed", job)
    # Then it is over after one pod, and its log names what was refused
    assert shop.condition(job, "Failed")["reason"] == "PodFailurePolicy"
    log = shop.kubectl("logs", job)
    assert "queue 'tasks' is full" in log
    assert "nacked: line" in log

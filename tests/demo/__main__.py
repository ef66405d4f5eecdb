"""python -m demo --kubeconfig FILE: what `make demo` runs once the operator is installed."""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from demo import place
from demo.live import Looker
from demo.screen import Screen
from kit import publishing
from kit.kube import Kube, TooLateError
from kit.ledger import Ledger
from kit.story import Story
from kit.watching import Replicas
from tools import deploy

NAME = "hello"
TASKS = 200
TASK_SECONDS = 2.0
WORKERS = 20
WINDOW_SECONDS = 15
LIMIT_SECONDS = 300
LOOK_EVERY_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What came of it. Times: seconds since the producer's Job was created."""

    confirmed: int
    completed: int
    lost: int
    repeated: int
    first_worker: float | None
    last_worker: float | None
    all_ready: float | None
    all_done: float
    back_to_zero: float | None

    def lines(self) -> list[str]:
        """For people."""
        return [
            (
                f"tasks published {self.confirmed}, completed {self.completed}, "
                f"lost {self.lost}, repeated {self.repeated}"
            ),
            (
                f"seconds since the Job was created: first worker wanted {_s(self.first_worker)}, "
                f"all {WORKERS} wanted {_s(self.last_worker)}, all ready {_s(self.all_ready)}, "
                f"all done {_s(self.all_done)}, back to zero {_s(self.back_to_zero)}"
            ),
        ]

    @property
    def good(self) -> bool:
        """Everything that was promised came true."""
        whole = self.completed == self.confirmed == TASKS and not self.lost and not self.repeated
        return whole and None not in {self.last_worker, self.back_to_zero}


def main() -> int:
    """Run the demo. Exit code 1 when a promise was not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    kubeconfig: Path = parser.parse_args().kubeconfig
    with Screen(TASKS) as screen:
        screen.say(f"The demo uses the cluster {deploy.context(kubeconfig)}")
        story = _set_up(kubeconfig, screen)
        try:
            summary = _run(story, Kube.open(kubeconfig, deploy.NAMESPACE), screen)
        except TooLateError as error:
            screen.say(f"error: {error}")
            screen.say(f"what to do: {_kubectl(kubeconfig)} get workqueues,events,pods")
            return 1
        for line in summary.lines():
            screen.say(line)
    _what_next(kubeconfig)
    return 0 if summary.good else 1


def _set_up(kubeconfig: Path, screen: Screen) -> Story:
    screen.say(f"Making namespace {place.NAMESPACE} with a Secret and a ledger (usually 5 s)")
    kube = place.open_namespace(kubeconfig)
    images = place.images(kubeconfig)
    broker = place.open_broker(kubeconfig, kube)
    return Story(kube, broker, images, Ledger(kube, images["worker"])).begin()


def _run(story: Story, system: Kube, screen: Screen) -> Summary:
    window = {"stabilizationSeconds": WINDOW_SECONDS}
    story.apply(NAME, {"scaling": {"maxWorkers": WORKERS, "scaleDown": window}})
    screen.say(f"Applied one WorkQueue {NAME!r}: 10 tasks per worker, 0 to {WORKERS} workers")
    story.wait_ready(NAME)
    with Replicas(story.kube, NAME) as history:
        looker = Looker(story, system, history, NAME)
        screen.show(looker.look())
        screen.say(f"Publishing {TASKS} tasks of {TASK_SECONDS:.0f} s each with the producer's Job")
        began = time.time()
        publishing.start(
            story.kube,
            "publish",
            publishing.tasks(TASKS, seconds=TASK_SECONDS),
            queue=NAME,
            vhost=story.broker.vhost,
            image=story.images["producer"],
        )
        done = _watch(looker, screen, began)
        confirmed = publishing.finish(story.kube, "publish")["confirmed"]
        ledger = story.ledger
        return Summary(
            confirmed=confirmed,
            completed=ledger.completed(),
            lost=len(ledger.lost(range(TASKS))),
            repeated=len(ledger.repeated()),
            first_worker=next((s.at - began for s in history.steps if s.replicas > 0), None),
            last_worker=history.first(WORKERS, since=began),
            all_ready=history.ready(WORKERS, since=began),
            all_done=done,
            back_to_zero=history.last(0, since=began),
        )


def _watch(looker: Looker, screen: Screen, began: float) -> float:
    """Show everything until the workers are gone. Returns when the last task was done."""
    done: float | None = None
    while time.time() - began < LIMIT_SECONDS:
        view = looker.look()
        screen.show(view)
        if done is None and view.completed >= TASKS:
            done = time.time() - began
            screen.say("All tasks are done; the workers leave after the stabilisation window")
        if done is not None and view.desired == 0:
            screen.show(looker.look())
            return done
        time.sleep(LOOK_EVERY_SECONDS)
    raise TooLateError(f"not done and back to zero within {LIMIT_SECONDS} s")


def _kubectl(kubeconfig: Path) -> str:
    own = deploy.is_own(kubeconfig)
    program = ".cluster/bin/kubectl --kubeconfig=.cluster/kubeconfig" if own else "kubectl"
    return f"{program} -n {place.NAMESPACE}"


def _what_next(kubeconfig: Path) -> None:
    kubectl = _kubectl(kubeconfig)
    print("\nWhat to type next:")
    print(f"  {kubectl} get workqueues")
    print(f"  {kubectl} describe workqueue {NAME}")
    print(f"  {kubectl} get events --field-selector=involvedObject.name={NAME}")
    print("  kubectl explain workqueue.spec.scaling      (every field is described)")
    print("  make undeploy; make cluster-down            (when you have seen enough)")


def _s(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f}"


if __name__ == "__main__":
    sys.exit(main())

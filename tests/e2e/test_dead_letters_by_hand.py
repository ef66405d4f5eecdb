"""A person far from the broker looks at dead letters, puts them back, and throws them away."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.kube import wait_for
from kit.operating import Operator
from kit.person import WHERE_THE_BROKER_IS, WHERE_THE_WORKQUEUE_IS, Person
from kit.publishing import tasks
from kit.story import Story

NAME = "letters"
BROKERS_NAMESPACE = "rabbitmq"
BAD = 3


@pytest.fixture
def person(story: Story, kubeconfig: Path, tmp_path: Path) -> Iterator[Person]:
    """Who may do what docs/dead-letters.md asks for, and nothing else."""
    made = Person(story.kube, kubeconfig, tmp_path)
    made.may(story.kube.namespace, WHERE_THE_WORKQUEUE_IS)
    made.may(BROKERS_NAMESPACE, WHERE_THE_BROKER_IS)
    yield made
    made.may_nothing(BROKERS_NAMESPACE)


def test_dead_letters_are_seen_put_back_and_thrown_away_through_a_port_forward(
    story: Story, person: Person, tmp_path: Path
) -> None:
    # Given three tasks that nobody can do, and one with a body that fills many frames
    story.apply(NAME, {"scaling": {"minWorkers": 1, "maxWorkers": 1}})
    story.wait_ready(NAME)
    bad = [json.dumps(each) for each in tasks(BAD - 1, seconds=0, then="dead")]
    large = json.dumps({"n": BAD - 1, "seconds": 0, "then": "dead", "pad": "x" * 3_000_000})
    story.broker.put(NAME, *bad, large)
    wait_given_up(story, 1)
    # When a person looks who cannot reach the broker: its name is the cluster's own
    table = person.says("dlq", "list", NAME)
    # Then they are there, with their reason and what the worker said
    assert table.returncode == 0, table.stderr
    rows = table.stdout.splitlines()[1:]
    assert len(rows) == BAD
    assert all("DeadLetter" in row and "told to die" in row for row in rows)
    # And the large one comes whole
    whole = tmp_path / "body"
    [the_large_one] = [row.split()[0] for row in rows if " MiB " in row]
    shown = person.says("dlq", "show", NAME, the_large_one, "--raw", str(whole))
    assert shown.returncode == 0, shown.stderr
    assert whole.read_text() == large
    # When they are put back
    done = person.says("dlq", "replay", NAME, "--reason", "DeadLetter")
    # Then each is tried once more, and given up once more, as a task that was put back once
    assert (done.returncode, done.stdout.split()[0]) == (0, str(BAD)), done.stderr
    wait_given_up(story, 2)
    listed = person.says("dlq", "list", NAME, "-o", "json").stdout.splitlines()
    assert [json.loads(line)["replayed"] for line in listed] == [1] * BAD
    # When they are thrown away, and saved before
    saved = tmp_path / "saved.jsonl"
    gone = person.says("dlq", "purge", NAME, "--all", "--yes", "--save", str(saved))
    # Then they are in the file and nowhere else
    assert (gone.returncode, gone.stdout.split()[0]) == (0, str(BAD)), gone.stderr
    assert len(saved.read_text().splitlines()) == BAD
    assert person.says("dlq", "list", NAME).stderr == "no dead letters\n"


def test_without_the_rights_for_a_port_forward_it_is_said_which_are_missing(
    story: Story, kubeconfig: Path, tmp_path: Path
) -> None:
    # Given a person who may read the WorkQueue and its Secret alone
    story.apply(NAME, {"scaling": {"mode": "Hold"}})
    story.wait_declared(NAME)
    person = Person(story.kube, kubeconfig, tmp_path)
    person.may(story.kube.namespace, WHERE_THE_WORKQUEUE_IS)
    # When that person looks at dead letters
    refused = person.says("dlq", "list", NAME)
    # Then the missing rights are named
    assert refused.returncode == 3
    assert "create pods/portforward" in refused.stderr
    assert refused.stdout == ""


def test_in_the_operators_pod_it_works_with_the_operators_rights(
    story: Story, operator: Operator, kubeconfig: Path
) -> None:
    # Given a dead letter
    story.apply(NAME, {"scaling": {"mode": "Hold"}})
    story.wait_declared(NAME)
    story.broker.put(f"{NAME}.dead", "a task")
    # When it is looked at from there
    pod = operator.pods()[0]["metadata"]["name"]
    inside = ["-n", operator.kube.namespace, "exec", pod, "--"]
    words = ["workqueue", "dlq", "list", NAME, "-n", story.kube.namespace]
    kubectl = [str(kubeconfig.parent / "bin/kubectl"), f"--kubeconfig={kubeconfig}"]
    done = subprocess.run([*kubectl, *inside, *words], capture_output=True, text=True, check=False)
    # Then it is told
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].endswith("a task")


def wait_given_up(story: Story, times: int) -> None:
    """Wait until each was started so often, and all are in the dead letters."""

    def given_up() -> bool:
        started = story.ledger.read().count("started")
        return all(started[n] == times for n in range(BAD)) and (
            story.broker.waiting(f"{NAME}.dead") == BAD
        )

    wait_for(f"all to be given up {times} times", given_up, seconds=90)

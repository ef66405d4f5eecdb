"""The chart from installation to removal, while WorkQueues are at work."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.kube import Kube, condition, wait_for
from kit.operating import Operator
from kit.publishing import tasks
from kit.story import Story
from kit.watching import Replicas
from tools.chart_check import HelmError


@pytest.fixture
def release(operator: Operator) -> Iterator[Operator]:
    """The release, put back as it was whatever the story did to it."""
    yield operator
    if not operator.is_deployed():
        operator.roll_back()
    Operator.install(operator.kubeconfig)


@pytest.fixture
def elsewhere(kubeconfig: Path, second_namespace: str, story: Story) -> Story:
    """The same story in a namespace of its own, without a ledger."""
    kube = Kube.open(kubeconfig, second_namespace)
    return Story(kube, story.broker, story.images, story.ledger, bare=True).settle()


def test_upgrade_uninstall_and_reinstall_leave_the_work_alone(
    story: Story, elsewhere: Story, release: Operator
) -> None:
    # Given workers with tasks under Auto
    story.apply("works", {"scaling": {"minWorkers": 2}})
    story.wait_workers("works", 2)
    before = story.kube.need("Deployment", "works")["metadata"]["uid"]
    put(story, 12, first=0)
    story.wait_in_work(2)
    with Replicas(story.kube, "works") as history:
        # When the release is upgraded, and then uninstalled
        Operator.install(release.kubeconfig, "--set=podAnnotations.upgraded=yes")
        release.uninstall()
        wait_for("the operator to be gone", lambda: not release.pods(), seconds=30)
        # Then the WorkQueue is there, and its workers work on
        assert condition(story.kube.need("WorkQueue", "works"))["status"] == "True"
        put(story, 2, first=100)
        story.wait_completed(14, seconds=60)
        # And installed again, for one namespace only, it goes on where it was
        scope = f"--set=watchNamespaces={{{story.kube.namespace}}}"
        Operator.install(release.kubeconfig, scope)
        assert history.values() == [2]
        put(story, 30, first=200)
        story.wait_replicas("works", 3)
    assert story.kube.need("Deployment", "works")["metadata"]["uid"] == before
    # And what is in another namespace is none of its business
    elsewhere.apply("unseen")
    story.set("works", {"scaling": {"minWorkers": 4}})
    story.wait_replicas("works", 4)
    assert "status" not in elsewhere.kube.need("WorkQueue", "unseen")
    assert "403" not in release.log()
    assert "forbidden" not in release.log()
    # Until it is installed for the whole cluster
    Operator.install(release.kubeconfig)
    elsewhere.wait_ready("unseen", "Idle")
    story.wait_completed(44, seconds=60)
    assert story.ledger.started_twice() == []


def put(story: Story, count: int, *, first: int) -> None:
    """Tasks of a second."""
    story.broker.put("works", *(json.dumps(each) for each in tasks(count, seconds=1, first=first)))


def test_the_schema_does_not_go_with_the_release_while_workqueues_are_left(
    bare_story: Story, release: Operator
) -> None:
    story = bare_story
    # Given a release that takes its schema along, and a WorkQueue with a finalizer
    story.apply("left", {"queue": {"deletionPolicy": "Delete"}})
    story.wait_ready("left", "Idle")
    Operator.install(release.kubeconfig, "--set=crds.keep=false")
    # When it is uninstalled, Then that is refused, soon, and the user is told by name what is left
    with pytest.raises(HelmError) as refused:
        release.uninstall()
    words = str(refused.value)
    assert "WorkQueues are left" in words
    assert f"{story.kube.namespace}/left" in words
    assert "helm rollback" in words
    # And everything is as it was: the object, the schema, and who answers the finalizer
    assert release.pods()
    story.set("left", {"scaling": {"maxWorkers": 5}})
    # And it takes upgrades again once it is rolled back, as the words say
    release.roll_back()
    Operator.install(release.kubeconfig)
    story.kube.delete("WorkQueue", "left")
    wait_for("it to be gone", lambda: story.kube.get("WorkQueue", "left") is None, seconds=30)
    assert story.broker.queue("left") is None

"""What people do by hand: to the Deployment, to the queue, with names that clash."""

from typing import Any

from kit.kube import Json, condition, wait_for
from kit.story import Story
from kit.watching import Replicas


def test_what_is_done_to_a_deployment_by_hand_is_taken_back(bare_story: Story) -> None:
    story = bare_story
    # Given two workers under Auto, and two that are held
    for name in ("auto", "hold"):
        story.apply(name, idle_workers(2))
        story.wait_ready(name)
        story.wait_workers(name, 2)
    story.set("hold", {"scaling": {"mode": "Hold"}})
    story.wait_ready("hold", "Held")
    # When both Deployments are deleted, Then they are made again as they were
    for name in ("auto", "hold"):
        before = story.kube.need("Deployment", name)
        story.kube.delete("Deployment", name)
        assert wait_for_another(story, before)["spec"]["replicas"] == 2
        assert "with 2 workers" in story.wait_event(name, "DeploymentRecreated")["message"]
    # When both are scaled, one of them to nothing
    with Replicas(story.kube, "auto") as auto, Replicas(story.kube, "hold") as hold:
        story.scale("hold", 3)
        story.scale("auto", 0)
        # Then Auto comes back at once to what it needs, and after a while when it was too many
        story.wait_replicas("auto", 2, seconds=10)
        story.scale("auto", 4)
        story.wait_replicas("auto", 2, seconds=30)
        # And Hold lets it be
        assert hold.values() == [2, 3]
        assert auto.values() == [2, 0, 2, 4, 2]
    # When the image is changed by hand, Then the WorkQueue's own comes back
    for name in ("auto", "hold"):
        container = {"name": "worker", "image": story.images["producer"]}
        edited = {"spec": {"template": {"spec": {"containers": [container]}}}}
        story.kube.patch("Deployment", name, edited)
        wait_for_own_image(story, name)
    assert story.replicas("hold") == 3


def wait_for_another(story: Story, before: Json) -> Json:
    """Wait for a Deployment of the same name that is not this one."""

    def look() -> Json | None:
        found = story.kube.get("Deployment", before["metadata"]["name"])
        same = found is None or found["metadata"]["uid"] == before["metadata"]["uid"]
        return None if same else found

    return wait_for(f"another {before['metadata']['name']}", look, seconds=30)


def wait_for_own_image(story: Story, name: str) -> None:
    """Wait until the Deployment has the image that its WorkQueue names."""

    def has_it() -> bool:
        pod = story.kube.need("Deployment", name)["spec"]["template"]["spec"]
        return bool(pod["containers"][0]["image"] == story.images["worker"])

    wait_for(f"{name} to have its own image", has_it, seconds=10)


def idle_workers(count: int) -> dict[str, Any]:
    """A spec with so many workers, who have nothing to do."""
    scaling = {"minWorkers": count, "scaleDown": {"stabilizationSeconds": 5}}
    return {"queue": {"type": "Classic"}, "scaling": scaling}


def test_a_queue_deleted_by_hand_is_declared_anew_and_its_tasks_are_called_lost(
    story: Story,
) -> None:
    # Given tasks in a queue that nobody works on, and workers with nothing to do on another
    story.apply("tasks", {"scaling": {"mode": "Hold"}})
    story.apply("workers", idle_workers(1))
    for name in ("tasks", "workers"):
        story.wait_ready(name)
    story.broker.put("tasks", "one", "two")
    story.wait_workers("workers", 1)
    # When both are deleted, the dead letters of one of them, too
    for name in ("tasks", "workers", "workers.dead"):
        story.broker.delete_queue(name)
    # Then they are there again, durable, and a warning says what went with them
    for name in ("tasks", "workers"):
        event = story.wait_event(name, "QueueRecreated")
        assert event["type"] == "Warning"
        assert "tasks that were in it are lost with it" in event["message"]
        found = story.broker.queue(name)
        assert found is not None
        assert found["durable"]
        story.wait_ready(name)
    assert story.broker.queue("workers.dead") is not None
    # And the worker, whose consumer went with its queue, works on the new one
    story.broker.put("workers", '{"n": 1}')
    story.wait_completed(1, seconds=60)


def test_names_that_clash_are_refused_and_free_ones_are_taken(bare_story: Story) -> None:
    story = bare_story
    # Given a Deployment of somebody else, and a WorkQueue with a task in its queue
    story.kube.apply(foreign_deployment("taken", story.images["worker"]))
    theirs = story.kube.need("Deployment", "taken")
    story.apply("elder", {"scaling": {"mode": "Hold"}})
    story.wait_ready("elder")
    story.broker.put("elder", "a task")
    story.stay(1.1)  # an object's age is told in whole seconds
    # When a WorkQueue of the same name comes, and one that asks for the same queue
    story.apply("taken", idle_workers(1))
    story.apply("younger", {"queue": {"name": "elder"}, "scaling": {"mode": "Hold"}})
    # Then both are refused, with words that lead out
    says = story.wait_not_ready("taken", "DeploymentConflict")["message"]
    assert "taken exists that this WorkQueue does not own, and it is left alone" in says
    assert "Delete or rename it" in says
    says = story.wait_not_ready("younger", "QueueConflict")["message"]
    assert f"belongs to the older WorkQueue {story.kube.namespace}/elder" in says
    assert "another spec.queue.name" in says
    # And what was there before goes on as it was
    assert condition(story.kube.need("WorkQueue", "elder"))["status"] == "True"
    now = story.kube.need("Deployment", "taken")
    assert (now["metadata"]["uid"], now["spec"]) == (theirs["metadata"]["uid"], theirs["spec"])
    assert "ownerReferences" not in now["metadata"]
    # When they go, Then both have what they asked for, and the task is still there
    story.kube.delete("Deployment", "taken")
    story.kube.delete("WorkQueue", "elder")
    story.wait_ready("younger", "Held")
    story.wait_workers("taken", 1)
    story.wait_ready("taken")
    assert story.broker.waiting("elder") == 1
    for name in ("taken", "younger"):
        assert story.wait_event(name, "Recovered")


def foreign_deployment(name: str, image: str) -> Json:
    """A Deployment that somebody made by hand, without pods."""
    labels = {"app": "theirs"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": pod},
    }

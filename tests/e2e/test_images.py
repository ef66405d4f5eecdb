"""Images that cannot work, pods that are not ours to change, and images that bring it all."""

import json

from kit.kube import Json, wait_for
from kit.story import Story

ONE = {"minWorkers": 1, "scaleDown": {"stabilizationSeconds": 5}}
TELL = """
import json, os, pathlib, time
files = {p.name: p.read_text() for p in pathlib.Path(os.environ["WORKQUEUE_BROKER_DIR"]).iterdir()
         if p.is_file()}
print(json.dumps({"env": dict(os.environ), "files": files}), flush=True)
time.sleep(600)
"""
"""An image's own consumer, which tells what it was told."""


def test_images_and_pod_templates_that_cannot_work_are_told_with_the_cure(
    bare_story: Story,
) -> None:
    story = bare_story
    # Given an image without the worker runtime, one that does not exist, and a template that sets
    # what the operator needs for itself
    wrong: dict[str, Json] = {
        "alien": {"image": story.images["producer"]},
        "absent": {"image": "localhost/there-is-no-such:image"},
        "owned": {"podTemplate": {"spec": {"terminationGracePeriodSeconds": 5}}},
    }
    for name, worker in wrong.items():
        story.apply(name, {"worker": worker, "scaling": ONE})
    # Then each is told
    says = story.wait_not_ready("alien", "WorkerRuntimeMissing")["message"]
    assert f"the image {story.images['producer']} has no workqueue-worker" in says
    assert "build it FROM the workqueue-worker image, or set handler: {own: {}}" in says
    says = story.wait_not_ready("absent", "ImagePullFailed")["message"]
    assert "localhost/there-is-no-such:image" in says
    says = story.wait_not_ready("owned", "PodTemplateRefused")["message"]
    assert "podTemplate sets spec.terminationGracePeriodSeconds, which the operator owns" in says
    assert "it follows from spec.worker.taskTimeoutSeconds" in says
    assert story.kube.get("Deployment", "owned") is None
    # When they are mended, Then they work
    for name in ("alien", "absent"):
        story.set(name, {"worker": {"image": story.images["worker"]}})
    story.set("owned", {"worker": {"podTemplate": None}})
    for name in wrong:
        story.wait_ready(name, seconds=60)
        story.wait_workers(name, 1)
        assert story.wait_event(name, "Recovered")


def test_an_image_with_its_own_consumer_is_told_names_and_files_and_no_secret(
    bare_story: Story,
) -> None:
    story = bare_story
    # Given a WorkQueue whose image brings its own consumer
    container = {"name": "worker", "command": ["python", "-c", TELL]}
    worker = {"handler": {"own": {}}, "podTemplate": {"spec": {"containers": [container]}}}
    story.apply("own", {"worker": worker, "scaling": ONE})
    # When it runs
    story.wait_workers("own", 1)
    (pod,) = story.pods("own")
    told = json.loads(story.kube.log(pod["metadata"]["name"]))
    # Then its environment has the names, and nothing of ours besides
    env = {name: value for name, value in told["env"].items() if name.startswith("WORKQUEUE_")}
    assert env == {
        "WORKQUEUE_QUEUE": "own",
        "WORKQUEUE_VHOST": story.broker.vhost,
        "WORKQUEUE_DEAD_LETTER_QUEUE": "own.dead",
        "WORKQUEUE_BROKER_DIR": "/var/run/workqueue/broker",
        "WORKQUEUE_HANDLER": '{"own": {}}',
        "WORKQUEUE_MAX_ATTEMPTS": "5",
        "WORKQUEUE_TASK_TIMEOUT_SECONDS": "600",
        "WORKQUEUE_PREFETCH": "1",
        "WORKQUEUE_PROBE_PORT": "9400",
        "WORKQUEUE_POD_NAME": pod["metadata"]["name"],
    }
    # And the Secret is in files, and nowhere else
    assert told["files"]["password"] == story.broker.password
    assert told["files"].keys() == {"host", "port", "username", "password"}
    assert story.broker.password not in json.dumps(told["env"])
    assert story.broker.password not in json.dumps(pod)
    # And nothing asks it anything: no probe, no port
    (running,) = pod["spec"]["containers"]
    assert not {"livenessProbe", "readinessProbe", "ports"} & running.keys()
    # And it leaves when it is told to, though it knows nothing of signals
    story.set("own", {"scaling": {"mode": "Hold"}})
    story.wait_ready("own", "Held")
    story.scale("own", 0)
    wait_for("the pod to be gone", lambda: not story.pods("own"), seconds=15)

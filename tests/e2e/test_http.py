"""A server of the user's own gets the tasks, with our worker beside it."""

from kit.kube import Json, wait_for
from kit.story import Story

PORT = 8080
PROGRAM = """
import http.server

class Tasks(http.server.BaseHTTPRequestHandler):
    busy = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path != "/tasks" or not self.headers["ce-id"]:
            status = 410
        elif body == "later" and Tasks.busy:
            Tasks.busy, status = False, 503
        else:
            status = 400 if body == "wrong" else 204
        self.send_response(status)
        self.end_headers()

http.server.ThreadingHTTPServer(("127.0.0.1", 8080), Tasks).serve_forever()
"""
SERVER: Json = {"name": "server", "command": ["python", "-c", PROGRAM]}
GOOD = 20


def test_a_server_beside_the_worker_gets_the_tasks(bare_story: Story) -> None:
    story = bare_story
    # Given an image that is a server
    worker: Json = {
        "handler": {"http": {"port": PORT, "path": "/tasks"}},
        "podTemplate": {"spec": {"initContainers": [SERVER]}},
    }
    story.apply("served", {"worker": worker})
    story.wait_ready("served", "Idle")
    # When it gets tasks: good ones, one that it asks to get again, one that it cannot do
    story.broker.put("served", "later", "wrong", *["good"] * GOOD)
    # Then all are done but the last, which is in the dead letters for what the server said
    [dead] = wait_for("the dead letter", lambda: story.broker.peek("served.dead"), seconds=60)
    wait_for("all tasks to be done", lambda: story.broker.waiting("served") == 0, seconds=60)
    assert dead["payload"] == "wrong"
    assert dead["properties"]["headers"]["x-workqueue-reason"] == "DeadLetter"
    assert "400" in dead["properties"]["headers"]["x-workqueue-error"]
    # And the server ends after the worker, without being killed
    story.wait_replicas("served", 0, seconds=60)
    wait_for("the pods to be gone", lambda: not story.pods("served"), seconds=60)
    assert [each["payload"] for each in story.broker.peek("served.dead")] == ["wrong"]

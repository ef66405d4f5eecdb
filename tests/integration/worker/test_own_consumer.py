"""The example of an own consumer keeps by itself what the runtime's bindings promise."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

from integration.worker.bench import Bench
from integration.worker.bindings import CONDUCT
from integration.worker.harness import Worker, eventually, pod_environment

EXAMPLE = Path(__file__).parents[3] / "examples" / "own-consumer" / "consumer.py"
MAIN = """
import consumer, conduct, threading
SAYS = {"retry": RuntimeError, "dead": consumer.HopelessError, "release": consumer.NotHereError}
def work(body, attempt):
    told = conduct.do(body, attempt, threading.Event().wait)
    if told != "ok":
        raise SAYS[told](told)
consumer.main(work)
"""


def start(bench: Bench, name: str = "pod-1") -> Worker:
    for source in (EXAMPLE, CONDUCT):
        shutil.copy(source, bench.directory / source.name)
    env = pod_environment(bench.directory, bench.broker, name=name, port=1)
    env["PYTHONPATH"] = f"{bench.directory}{os.pathsep}{':'.join(sys.path)}"
    worker = Worker(bench.directory, env, program=("-c", MAIN))
    bench.workers.append(worker)
    eventually(bench.consumers, what=f"a consumer; log: {worker.log_file}")
    return worker


def publish(bench: Bench, verb: str, payload: bytes = b"", **properties: object) -> str:
    """Returns the digest that the handler notes."""
    bench.publish_bytes(verb.encode() + b"\n" + payload, message_id=verb, **properties)
    return hashlib.sha256(payload).hexdigest()[:8]


def test_every_outcome_and_every_body(bench: Bench) -> None:
    start(bench.declare())
    binary = publish(bench, "ok", bytes(range(256)) + b"\n\0")
    huge = publish(bench, "ok", os.urandom(1024) * 8 * 1024)
    empty = publish(bench, "fail-once")
    assert bench.await_ledger("started", 4, seconds=40) == [
        f"ok 1 {binary}",
        f"ok 1 {huge}",
        f"fail-once 1 {empty}",
        f"fail-once 2 {empty}",
    ]
    publish(bench, "release-once")
    assert bench.await_ledger("started", 6, seconds=40)[4:] == [f"release-once 1 {empty}"] * 2
    publish(bench, "dead", headers={"customer": 7})
    _, headers = bench.await_dead_letter(seconds=40)
    assert headers["customer"] == 7
    assert (headers["x-workqueue-reason"], headers["x-workqueue-attempts"]) == ("DeadLetter", 1)
    bench.assert_nothing_left()


def test_given_a_channel_lost_in_mid_task_then_the_task_runs_again_and_is_done_once(
    bench: Bench,
) -> None:
    start(bench.declare())
    publish(bench, "hold")
    bench.await_ledger("started", 1, seconds=40)
    bench.close_connection_of("pod-1")
    Path(f"{bench.directory}/ledger.release").touch()
    bench.await_ledger("started", 2, seconds=40)
    eventually(lambda: not bench.ready(), what="nothing waits")
    bench.workers[0].terminate()
    assert bench.workers[0].exit_code(seconds=40) == 0
    bench.assert_nothing_left()


def test_sigterm_finishes_the_task_in_hand(bench: Bench) -> None:
    worker = start(bench.declare())
    publish(bench, "hold")
    publish(bench, "ok")
    bench.await_ledger("started", 1, seconds=40)
    worker.terminate()
    eventually(lambda: "told to stop" in worker.log_file.read_text(), what="draining")
    Path(f"{bench.directory}/ledger.release").touch()
    assert worker.exit_code(seconds=40) == 0
    assert bench.ready() == 1, "the other was never taken"
    assert len(bench.ledger("started")) == 1

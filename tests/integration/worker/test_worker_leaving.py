"""What a worker that leaves costs the tasks that it has not begun, and how it gets away."""

from __future__ import annotations

from pathlib import Path

from integration.worker.bench import Bench

LINGERING = """
import threading

threading.Thread(target=threading.Event().wait).start()

def work(task):
    return None
"""


def test_workers_that_leave_a_queue_of_short_tasks_have_counted_none_of_them(bench: Bench) -> None:
    bench.declare().publish(*["stuck:0.05"] * 200)
    again = 0.0
    for number in range(5):
        worker = bench.start(f"pod-{number}").await_ready()
        bench.await_ledger("started", len(bench.ledger("started")) + 4)
        again += worker.count('redelivered_total{queue="tasks"}')
        worker.terminate()
        assert worker.exit_code() == 0
    # The signal may come between a result and the next look at it, once in many times.
    assert again <= 1


def test_given_a_thread_of_a_library_that_never_ends_then_the_worker_leaves_all_the_same(
    bench: Bench, tmp_path: Path
) -> None:
    (tmp_path / "lingering.py").write_text(LINGERING)
    worker = bench.declare().start(HANDLER='{"python": "lingering:work"}').await_ready()
    worker.terminate()
    assert worker.exit_code(seconds=30) == 0

"""What the probes answer, over real HTTP."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from workqueue_worker.metrics import Metrics
from workqueue_worker.probes import ProbeServer, serve
from workqueue_worker.settings import SettingsError
from workqueue_worker.state import State


class Clock:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[ProbeServer]:
    made = serve(0, State(now=clock), Metrics(queue="mail", handler_kind="python"))
    yield made
    made.shutdown()
    made.server_close()


def get(server: ProbeServer, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
    try:
        url = f"http://{host}:{server.server_port}{path}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_given_a_loop_that_promised_to_be_back_then_it_is_healthy_until_then(
    server: ProbeServer, clock: Clock
) -> None:
    server.state.promise_turn_within(30)
    assert get(server, "/healthz")[0] == 200
    clock.seconds += 31
    assert get(server, "/healthz") == (503, "the I/O loop is stuck\n")


def test_without_a_broker_a_worker_is_healthy_and_not_ready(server: ProbeServer) -> None:
    server.state.promise_turn_within(30)
    assert get(server, "/healthz")[0] == 200
    assert get(server, "/readyz") == (503, "not consuming\n")


def test_a_busy_worker_stays_ready(server: ProbeServer) -> None:
    server.state.consuming, server.state.busy = True, 1
    assert get(server, "/readyz")[0] == 200
    busy = json.loads(get(server, "/busy")[1])
    assert busy == {
        "busy": 1,
        "draining": False,
        "consuming": True,
        "tasks": 0,
        "seconds": 0.0,
        "deliveries": 0,
        "redelivered": 0,
    }


def test_busy_tells_how_many_deliveries_somebody_had_before(server: ProbeServer) -> None:
    for again in (False, True, True):
        server.metrics.delivered(redelivered=again)
    busy = json.loads(get(server, "/busy")[1])
    assert (busy["deliveries"], busy["redelivered"]) == (3, 2)
    assert 'workqueue_worker_redelivered_total{queue="mail"} 2.0' in get(server, "/metrics")[1]


def test_busy_tells_what_was_finished_with_the_numbers_of_the_metrics(server: ProbeServer) -> None:
    for seconds in (0.5, 2.25, 0.125):
        server.metrics.finished(seconds)
    busy = json.loads(get(server, "/busy")[1])
    assert (busy["tasks"], busy["seconds"]) == (3, 2.875)
    text = get(server, "/metrics")[1]
    assert 'workqueue_worker_task_duration_seconds_count{queue="mail"} 3.0' in text
    assert 'workqueue_worker_task_duration_seconds_sum{queue="mail"} 2.875' in text


def test_it_answers_on_ipv6_as_well(server: ProbeServer) -> None:
    assert socket.has_dualstack_ipv6(), "this machine has no IPv6: the test would prove nothing"
    assert get(server, "/busy?from=kubelet", host="[::1]")[0] == 200


def test_every_series_is_there_from_the_start(server: ProbeServer) -> None:
    text = get(server, "/metrics")[1]
    for outcome in ("ok", "retry", "dead", "release", "timeout"):
        assert f'workqueue_worker_tasks_total{{outcome="{outcome}",queue="mail"}} 0.0' in text
    for reason in ("MaxAttempts", "DeadLetter", "MaxCrashes"):
        series = f'workqueue_worker_dead_letters_total{{queue="mail",reason="{reason}"}} 0.0'
        assert series in text
    for name in (
        "task_duration_seconds_count",
        "task_queue_seconds_count",
        "inflight",
        "redelivered_total",
        "broker_reconnects_total",
        "consumer_cancelled_total",
        "stale_acks_total",
        "drain_seconds",
    ):
        assert f'workqueue_worker_{name}{{queue="mail"}} 0.0' in text
    assert 'workqueue_worker_handler_info{kind="python",queue="mail"} 1.0' in text
    assert "process_resident_memory_bytes" in text
    assert "_created" not in text


def test_another_path_tells_the_ones_there_are(server: ProbeServer) -> None:
    assert get(server, "/")[0] == 404


def test_a_port_that_is_taken_is_refused_with_the_way_out(server: ProbeServer) -> None:
    with pytest.raises(SettingsError, match="Another process of this pod has it"):
        serve(server.server_port, server.state, server.metrics)

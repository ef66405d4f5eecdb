"""/healthz, /readyz and /metrics over real HTTP."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from prometheus_client import CollectorRegistry, Gauge

from workqueue_operator import probes
from workqueue_operator.settings import SettingsError


@dataclass
class Side:
    """The operator's HTTP side, and what its checks say."""

    port: int
    unwell: str | None = None
    unready: str | None = None

    def get(self, path: str) -> requests.Response:
        """Ask, as kubelet or Prometheus does."""
        return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=5)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def side() -> Iterator[Side]:
    registry = CollectorRegistry()
    Gauge("workqueue_answer", "The answer.", registry=registry).set(42)
    served = Side(free_port())
    end = probes.serve(
        served.port, registry, healthy=lambda: served.unwell, ready=lambda: served.unready
    )
    yield served
    end()


def test_all_is_well(side: Side) -> None:
    for path in ("/healthz", "/readyz"):
        answer = side.get(path)
        assert (answer.status_code, answer.text) == (200, "ok\n")


def test_trouble_is_said_with_its_words(side: Side) -> None:
    side.unwell, side.unready = "a step thread is dead", "not every object is listed yet"
    assert side.get("/healthz").status_code == 503
    assert side.get("/healthz").text == "a step thread is dead\n"
    assert side.get("/readyz").status_code == 503
    assert side.get("/readyz").text == "not every object is listed yet\n"


def test_metrics_are_in_the_text_format(side: Side) -> None:
    answer = side.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "workqueue_answer 42.0" in answer.text


def test_anything_else_is_not_there(side: Side) -> None:
    assert side.get("/").status_code == 404


def test_a_port_that_is_taken_is_named(side: Side) -> None:
    with pytest.raises(SettingsError, match=f"HTTP_PORT='{side.port}': cannot be listened on"):
        probes.serve(side.port, CollectorRegistry(), healthy=lambda: None, ready=lambda: None)


def test_the_port_is_free_again_after_the_end() -> None:
    port = free_port()
    for _ in range(2):
        end = probes.serve(port, CollectorRegistry(), healthy=lambda: None, ready=lambda: None)
        end()

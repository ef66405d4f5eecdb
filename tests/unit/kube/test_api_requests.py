"""The client's retries, errors and bounds, over real HTTP."""

import socket
import time
from collections.abc import Iterator
from typing import cast

import pytest
import urllib3
from kubernetes.client.configuration import Configuration

from unit.kube.scripted_server import Answer, api_server
from workqueue_operator.cluster.api import Api, Stream
from workqueue_operator.cluster.connection import Connection
from workqueue_operator.core.errors import ApiError

FINE = Answer(body={"kind": "Fine"})


def refusal(status: int, message: str = "no") -> Answer:
    return Answer(status=status, body={"kind": "Status", "message": message})


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_given_a_busy_server_when_asking_then_the_request_is_repeated(status: int) -> None:
    with api_server(refusal(status), FINE) as (api, script):
        assert api.request("PATCH", "/x", body={"a": 1}) == {"kind": "Fine"}

    assert [each.body for each in script.asked] == [{"a": 1}, {"a": 1}]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422])
def test_given_a_refusal_when_asking_then_its_words_come_at_once(status: int) -> None:
    with (
        api_server(refusal(status, "because")) as (api, script),
        pytest.raises(ApiError, match="because") as refused,
    ):
        api.request("GET", "/x")

    assert refused.value.status == status
    assert len(script.asked) == 1


def test_a_conflict_is_repeated_only_where_the_caller_says_so() -> None:
    with api_server(refusal(409), FINE) as (api, script):
        api.request("PATCH", "/x", body={}, retry_conflict=True)

    assert len(script.asked) == 2


def test_given_a_server_that_stays_broken_then_three_tries_are_all() -> None:
    started = time.monotonic()
    with (
        api_server(refusal(503, "overloaded")) as (api, script),
        pytest.raises(ApiError, match="overloaded") as refused,
    ):
        api.request("GET", "/x")

    assert refused.value.status == 503
    assert len(script.asked) == 3
    assert time.monotonic() - started < 10


def test_a_short_retry_after_is_waited_for() -> None:
    a_second = Answer(status=429, body={}, headers={"Retry-After": "1"})
    with api_server(a_second, FINE) as (api, _script):
        started = time.monotonic()
        assert api.request("GET", "/x") == {"kind": "Fine"}

    assert time.monotonic() - started > 0.9


@pytest.mark.parametrize("status", [429, 503])
def test_a_long_retry_after_holds_up_no_thread_and_is_told_to_the_caller(status: int) -> None:
    a_while = Answer(status=status, body={"message": "later"}, headers={"Retry-After": "20"})
    started = time.monotonic()
    with (
        api_server(a_while, FINE) as (api, script),
        pytest.raises(ApiError, match="later") as refused,
    ):
        api.request("GET", "/x")

    assert time.monotonic() - started < 10
    assert (refused.value.status, refused.value.retry_after_seconds) == (status, 20.0)
    assert len(script.asked) == 1


def test_a_retry_after_that_is_no_number_is_none() -> None:
    odd = Answer(status=429, body={}, headers={"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"})
    with api_server(odd, FINE) as (api, _script):
        assert api.request("GET", "/x") == {"kind": "Fine"}


def test_given_nobody_listens_when_asking_then_the_error_names_the_server_and_no_status() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        api = Api(Connection(Configuration(host=server)))

        with pytest.raises(ApiError, match="did not answer") as silent:
            api.request("GET", "/x")

    assert silent.value.status == 0
    assert server in str(silent.value)


def test_an_answer_that_is_not_json_is_an_error_and_not_a_crash() -> None:
    with (
        api_server(Answer(body=b"<html>proxy</html>")) as (api, _script),
        pytest.raises(ApiError, match="not JSON") as odd,
    ):
        api.request("GET", "/x")

    assert odd.value.status == 502


def test_pages_follow_the_continue_token() -> None:
    first = Answer(body={"items": [1], "metadata": {"continue": "more", "resourceVersion": "7"}})
    last = Answer(body={"items": [2], "metadata": {"resourceVersion": "7"}})
    with api_server(first, last) as (api, script):
        pages = [page["items"] for page in api.pages("/list", {"labelSelector": "a=b"})]

    assert pages == [[1], [2]]
    assert [each.query.get("continue") for each in script.asked] == [None, "more"]
    assert all(each.query["labelSelector"] == "a=b" for each in script.asked)


def test_an_empty_list_may_come_as_null() -> None:
    nothing = Answer(body={"items": None, "metadata": {"resourceVersion": "7"}})
    with api_server(nothing) as (api, _script):
        assert [page["items"] for page in api.pages("/list", {})] == [[]]


def test_the_token_goes_along_and_is_asked_for_again_each_time() -> None:
    tokens = iter(["first", "second"])

    def renew(configuration: Configuration) -> None:
        configuration.api_key["BearerToken"] = f"Bearer {next(tokens)}"

    with api_server(FINE) as (api, script):
        configuration = api._connection.configuration
        configuration.api_key["BearerToken"] = "Bearer none"
        configuration.refresh_api_key_hook = renew
        api.request("GET", "/x")
        api.request("GET", "/x")

    sent = [each.headers["Authorization"] for each in script.asked]
    assert sent == ["Bearer first", "Bearer second"]


def test_a_connection_shows_no_credential() -> None:
    configuration = Configuration(host="https://kube.example")
    configuration.api_key["BearerToken"] = "Bearer hidden"

    assert repr(Connection(configuration)) == "Connection(https://kube.example)"


class SealedAfterShutdown:
    """A response that, once shut down, gives what is still encrypted, as a TLS socket does."""

    def __init__(self) -> None:
        self.is_shut = False

    def stream(self) -> Iterator[bytes]:
        """One whole line and a half, and then bytes that nobody opened."""
        yield b'{"n": 1}\n{"n": '
        while not self.is_shut:
            yield b""
        yield b"\xff\x92\n"

    def shutdown(self) -> None:
        """Wake the reader."""
        self.is_shut = True

    def close(self) -> None:
        """Nothing is open."""


def test_given_a_stream_that_is_interrupted_then_bytes_still_sealed_just_end_it() -> None:
    stream = Stream(cast("urllib3.BaseHTTPResponse", SealedAfterShutdown()), "https://api")
    seen = iter(stream)

    assert next(seen) == {"n": 1}
    stream.interrupt()

    assert list(seen) == []


def test_given_a_server_that_sends_no_json_then_it_is_no_end_but_a_bug() -> None:
    response = SealedAfterShutdown()
    response.shutdown()

    with pytest.raises(ValueError, match="codec"):
        list(Stream(cast("urllib3.BaseHTTPResponse", response), "https://api"))

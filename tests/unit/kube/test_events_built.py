"""Events as built."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_operator.cluster.events import MESSAGE_BYTES, Subject, build_event

MAIL = Subject(namespace="team", name="mail", uid="u1")
NOW = datetime(2026, 3, 4, 5, 6, 7, 999, tzinfo=UTC)


def built(message: str = "0 -> 20 workers", subject: Subject = MAIL) -> dict[str, object]:
    return dict(
        build_event(
            subject,
            type="Normal",
            reason="ScaledUp",
            message=message,
            action="Scale",
            unique="0a1b",
            now=NOW,
        )
    )


def test_an_event_says_about_whom_what_why_and_when() -> None:
    assert built() == {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": "team", "name": "mail.0a1b"},
        "involvedObject": {
            "apiVersion": "workqueue.dev/v1alpha1",
            "kind": "WorkQueue",
            "namespace": "team",
            "name": "mail",
            "uid": "u1",
        },
        "type": "Normal",
        "reason": "ScaledUp",
        "message": "0 -> 20 workers",
        "action": "Scale",
        "source": {"component": "workqueue-operator"},
        "reportingComponent": "workqueue-operator",
        "firstTimestamp": "2026-03-04T05:06:07Z",
        "lastTimestamp": "2026-03-04T05:06:07Z",
        "count": 1,
    }


WORDS = st.text(min_size=1, max_size=5).map(lambda text: (text * 1100)[:1100])


@given(message=st.one_of(st.text(), WORDS))
def test_no_message_is_longer_than_the_server_takes(message: str) -> None:
    said = built(message)["message"]

    assert isinstance(said, str)
    assert len(said.encode()) <= MESSAGE_BYTES
    assert said == message or (said.endswith("...") and message.startswith(said[:-3]))


def test_what_is_no_character_does_not_hold_an_event_up() -> None:
    assert built("a broken \udcff name")["message"] == "a broken ? name"


@pytest.mark.parametrize("length", [1, 248, 253])
def test_the_name_stays_within_what_a_name_may_have(length: int) -> None:
    long = Subject(namespace="team", name="m" * length, uid="u1")

    metadata = built(subject=long)["metadata"]

    assert isinstance(metadata, dict)
    assert len(metadata["name"]) <= 253
    assert metadata["name"].endswith(".0a1b")


def test_a_subject_is_taken_from_the_object() -> None:
    body = {"metadata": {"namespace": "team", "name": "mail", "uid": "u1", "labels": {}}}

    assert Subject.of(body) == MAIL

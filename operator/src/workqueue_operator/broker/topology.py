"""Declares and deletes queues, over connections of its own (never the monitor's).

A connection that has published or declared may be held back during an alarm of the broker; a
monitor's must go on reading.
"""

from collections.abc import Callable
from typing import TypeVar

from workqueue_operator.broker.pool import Sessions
from workqueue_operator.broker.session import Session
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import (
    BrokerUnreachableError,
    InvalidQueueError,
    QueueMismatchError,
)
from workqueue_operator.core.queues import (
    Arguments,
    Queue,
    arguments,
    dead_letter_arguments,
    retry_arguments,
)

T = TypeVar("T")


class RabbitTopology:
    """The Topology of ports.py. Any thread may call it."""

    def __init__(self, sessions: Sessions | None = None) -> None:
        self._sessions = sessions or Sessions()

    def ensure(self, access: Access, queue: Queue) -> bool:
        """See ports.Topology: declare the queue, and before it those that go with it."""
        return self._ask(access, lambda session: _ensure(session, queue))

    def delete(self, access: Access, name: str, *, if_empty: bool) -> bool:
        """See ports.Topology: delete one queue; False when it was kept."""
        if not if_empty:
            self._ask(access, lambda session: session.delete(name, if_empty=False))
            return True
        try:
            return self._ask(access, lambda session: _delete_if_empty(session, name))
        except InvalidQueueError:
            # A quorum queue does not know the question, and the broker ended the connection for it.
            return self._ask(access, lambda session: _delete_if_idle(session, name))

    def close(self) -> None:
        """End the connections, within a second."""
        self._sessions.close()

    def _ask(self, access: Access, question: Callable[[Session], T]) -> T:
        """Ask on an open connection, and once more on a new one if that had died while idle."""
        session = None
        try:
            with self._sessions.lend(access) as session:
                return question(session)
        except BrokerUnreachableError:
            if session is None or not session.resumed:
                raise
        with self._sessions.lend(access, fresh=True) as session:
            return question(session)


def _ensure(session: Session, queue: Queue) -> bool:
    exists = session.count(queue.name) is not None
    if exists:
        # Before anything is made: a refused WorkQueue leaves nothing behind.
        _compare(session, queue)
    _ensure_dead_letters(session, queue)
    if not exists:
        # After its dead-letter queue: a task given up before that were lost.
        session.declare(queue.name, arguments(queue))
    _ensure_retries(session, queue)
    return not exists


def _compare(session: Session, queue: Queue) -> None:
    """Raise QueueMismatchError if the queue that exists differs; name the type if that differs."""
    try:
        session.declare(queue.name, arguments(queue))
    except QueueMismatchError as first:
        if first.argument in {"durable", "x-queue-type"}:
            raise
        # The broker compares dead letters before types, but it is the type that a person chose.
        try:
            session.declare(queue.name, type_alone(queue))
        except QueueMismatchError as second:
            if second.argument == "x-queue-type":
                raise second from None
        except InvalidQueueError:
            raise first from None  # somebody deleted the queue meanwhile
        raise


def type_alone(queue: Queue) -> Arguments:
    """Arguments that ask an existing queue for its type, and can never create one.

    x-max-age belongs to streams: a queue of another type that exists passes over it, and one that
    does not exist is refused with it.
    """
    return {"x-queue-type": queue.type.lower(), "x-max-age": "1h"}


def _ensure_dead_letters(session: Session, queue: Queue) -> None:
    """One that exists is used as it is, whatever its parameters."""
    name = queue.dead_letter_name
    if name is not None and session.count(name) is None:
        session.declare(name, dead_letter_arguments(queue, broker_major=session.broker_major))


def _ensure_retries(session: Session, queue: Queue) -> None:
    """After the queue, which they lead back to. One that exists is used as it is."""
    for name, seconds in queue.retry_queues.items():
        if session.count(name) is None:
            major = session.broker_major
            session.declare(name, retry_arguments(queue, seconds, broker_major=major))


def _delete_if_empty(session: Session, name: str) -> bool:
    try:
        session.delete(name, if_empty=True)
    except InvalidQueueError as refused:
        # 406 is also how the broker says that tasks wait there.
        if "not empty" in str(refused):
            return False
        raise
    return True


def _delete_if_idle(session: Session, name: str) -> bool:
    """Delete a quorum queue if it looks empty now. The caller has seen zeros for a while."""
    count = session.count(name)
    if count is not None and any(count):
        return False
    session.delete(name, if_empty=False)
    return True

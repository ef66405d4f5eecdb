"""One asynchronous connection to a broker, used as if it were a synchronous one."""

from collections.abc import Callable
from typing import Any, Protocol

from pika import SelectConnection
from pika.exceptions import ConnectionWrongStateError

from workqueue_operator.broker.connection import connection_error, parameters
from workqueue_operator.broker.loop import Loop
from workqueue_operator.core.access import Access
from workqueue_operator.core.errors import BrokerError, BrokerUnreachableError

# pika limits TCP and the handshakes; looking up the name has no limit but this.
OPEN_SECONDS = 12.0
_GOODBYE_SECONDS = 0.8


class OpenLink(Protocol):
    """What reading needs of a link; link.Link is one."""

    connection: Any  # pika's
    lost: BrokerError | None

    def check(self) -> None:
        """Raise what ended the connection, if it has ended."""
        ...

    def give_up(self, why: str) -> BrokerError:
        """Drop the connection, and return the error to raise."""
        ...


class Link:
    """A connection that is opening, open, or lost; `lost` says why."""

    def __init__(self, access: Access, loop: Loop, *, via: tuple[str, int] | None = None) -> None:
        """Begin to connect; wait_open() waits for it. Raises BrokerError for unusable parameters.

        via: host and port that lead there (a forwarded port), instead of the access's own; the
        name in the broker's certificate stays that of the access.
        """
        self._access = access
        self._loop = loop
        self.lost: BrokerError | None = None
        try:
            where = parameters(access)
            if via is not None:
                where.host, where.port = via
            self.connection: Any = SelectConnection(
                where,
                on_open_callback=lambda _: loop.stop(),
                on_open_error_callback=self._on_lost,
                on_close_callback=self._on_lost,
                custom_ioloop=loop.ioloop,
            )
        except OSError as error:
            raise connection_error(access, error) from error

    def wait_open(self, *, stopped: Callable[[], bool]) -> None:
        """Wait until the connection is open, or `stopped` is true. Raises BrokerError."""
        if not self._loop.run(OPEN_SECONDS, until=lambda: self._settled() or stopped()):
            raise self.give_up(f"did not let us in within {OPEN_SECONDS:.0f} s")
        self.check()

    def check(self) -> None:
        """Raise what ended the connection, if it has ended."""
        if self.lost is not None:
            raise self.lost

    def give_up(self, why: str) -> BrokerError:
        """Drop a connection that does not answer, without asking it to agree."""
        error = BrokerUnreachableError(f"{self._access.server} {why}")
        if not self.connection.is_closed:
            # The polite way waits for the broker's answer, and there is none.
            self.connection._terminate_stream(error)  # noqa: SLF001
            self._loop.run(_GOODBYE_SECONDS, until=self._gone)
        self.lost = error
        return error

    def close(self) -> None:
        """Say goodbye, and leave after a moment whether or not there was an answer."""
        try:
            self.connection.close()
        except ConnectionWrongStateError:
            return  # closed, or closing, already
        if not self._loop.run(_GOODBYE_SECONDS, until=self._gone):
            self.give_up("did not answer the goodbye")

    def _settled(self) -> bool:
        return self.lost is not None or bool(self.connection.is_open)

    def _gone(self) -> bool:
        return self.lost is not None

    def _on_lost(self, _: object, error: BaseException) -> None:
        self.lost = connection_error(self._access, error)
        self._loop.stop()

"""Tasks in work, from the totals list of the management API, in a thread of its own.

One request tells all queues of a vhost. A slow API delays no AMQP reading: its last answer grows
old, and then nobody says how many tasks are in work.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import quote

import requests
from requests.auth import HTTPBasicAuth

from workqueue_operator.broker.https import EncryptedAdapter, tls_words
from workqueue_operator.broker.pace import Backoff, Pace
from workqueue_operator.broker.totals import Totals, unacked_by_queue
from workqueue_operator.core.access import Access
from workqueue_operator.core.readings import Known, Reading

log = logging.getLogger(__name__)

FLOOR_SECONDS = 1.0
CALM_SECONDS = 22.0
"""Until the next request while no queue has tasks or consumers; more than what a zero needs."""

# The list is dear to the broker, 0.4 s of it for 10,000 queues, and AMQP tells what is urgent.
_PART_OF_SHARE = 0.5
_CONNECT_SECONDS = 2.0
_ANSWER_SECONDS = 5.0
# An answer outlives so many intervals, and the time that one request may take.
_INTERVALS = 3
_QUERY = {
    "disable_stats": "true",
    "enable_queue_totals": "true",
    "columns": "name,messages_ready,messages_unacknowledged",
}


class _RefusedError(Exception):
    """The API answered, and not with a list."""


class ManagementReader:
    """Asks for the totals again and again, and remembers the last answer.

    Often while a queue has tasks or consumers; rarely while none has, for nothing can be in work.
    """

    def __init__(self, access: Access, *, share: Callable[[], float]) -> None:
        """share: which part of a core one reader may use, now."""
        self._access = access
        self._share = share
        self._url = queues_url(access)
        self._totals: Totals | None = None
        self._trouble: str | None = None
        self._closing = False
        self._called = threading.Event()  # to ask now, whatever the pace says
        self._stirred = threading.Event()  # a queue had tasks or consumers since the last request
        self._thread = threading.Thread(
            target=self._run, name=f"management {access.server}", daemon=True
        )

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def turns(self) -> bool:
        """Has the thread not died?"""
        return self._thread.is_alive()

    def close(self) -> None:
        """Ask no more. Returns at once; a request under way ends by itself within seconds."""
        self._closing = True
        self._called.set()
        self._stirred.set()

    def broker_is_back(self) -> None:
        """Ask now: an API that was away with its broker is there again. For any thread."""
        self._called.set()
        self._stirred.set()

    def complete(
        self, readings: Mapping[str, Reading], *, connected_at: float
    ) -> Mapping[str, Reading]:
        """The same readings, with the tasks in work where the last answer may be believed.

        connected_at: since when the AMQP connection has stood. For any thread.
        """
        totals, now = self._totals, time.monotonic()

        def completed(queue: str, reading: Reading) -> Reading:
            if not isinstance(reading, Known):
                return reading
            calm = not (reading.ready or reading.consumers)
            if not calm:
                self._stirred.set()
            if totals is None:
                return reading
            unacked = totals.believed(queue, calm=calm, connected_at=connected_at, now=now)
            return Known(
                ready=reading.ready, consumers=reading.consumers, unacked=unacked, at=reading.at
            )

        return {queue: completed(queue, reading) for queue, reading in readings.items()}

    def _run(self) -> None:
        pace, backoff = Pace(floor_seconds=FLOOR_SECONDS), Backoff(random.random)
        with session_of(self._access) as session:
            while not self._closing:
                self._stirred.clear()
                if self._was_called(self._ask(session, pace, backoff)):
                    backoff.succeeded()  # it is AMQP's word that waiting is over

    def _was_called(self, seconds: float) -> bool:
        """Rest so long, and until a queue has tasks or consumers, or until somebody calls."""
        called = self._called.wait(seconds)
        self._called.clear()
        if not called:
            self._stirred.wait(max(0.0, CALM_SECONDS - seconds))
        return called

    def _ask(self, session: requests.Session, pace: Pace, backoff: Backoff) -> float:
        """Ask once; returns the seconds to wait before the next time."""
        began = time.monotonic()
        try:
            unacked = self._fetch(session)
        except (requests.RequestException, _RefusedError) as error:
            self._now_failing(trouble_in_words(error))
            return backoff.after_failure(first_seconds=FLOOR_SECONDS, most_seconds=30.0)
        self._now_answering()
        backoff.succeeded()
        # Wall time stands for the work of the broker, which is far more than ours.
        took = time.monotonic() - began
        pace.round_took(took)
        interval = pace.interval_seconds(self._share() * _PART_OF_SHARE)
        good_until = began + _INTERVALS * interval + _ANSWER_SECONDS
        self._totals = Totals(
            unacked=unacked,
            asked_at=began,
            good_until=good_until,
            calm_until=began + _INTERVALS * CALM_SECONDS,
        )
        return max(0.0, interval - took)

    def _fetch(self, session: requests.Session) -> dict[str, int]:
        answer = session.get(
            self._url,
            params=_QUERY,
            timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS),
            allow_redirects=False,  # the password is not for whoever answers elsewhere
        )
        if answer.status_code != requests.codes.ok:
            raise _RefusedError(f"it answers {answer.status_code} {answer.reason}")
        rows = answer.json()
        if not isinstance(rows, list):
            raise _RefusedError("it answers something that is no list of queues")
        return unacked_by_queue(rows)

    def _now_failing(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning(
                "nobody says how many tasks are in work on %s: %s (spec.broker.managementUri)",
                self._access.address,
                trouble,
            )
        self._trouble = trouble

    def _now_answering(self) -> None:
        if self._trouble is not None:
            log.info("the management API of %s answers again", self._access.address)
        self._trouble = None


def session_of(access: Access) -> requests.Session:
    """For requests to the management API; close it."""
    session = requests.Session()
    session.trust_env = False  # no proxy, no .netrc: credentials go to this address only
    session.mount("https://", EncryptedAdapter(access))
    session.auth = HTTPBasicAuth(access.username.encode(), access.password.encode())
    return session


def queues_url(access: Access) -> str:
    """Where the queues of the vhost are listed; a path in the address is kept."""
    base = (access.management_uri or "").rstrip("/")
    return f"{base}/api/queues/{quote(access.vhost, safe='')}"


def trouble_in_words(error: Exception) -> str:
    """What went wrong, without addresses: some may hold a password."""
    match error:
        case _RefusedError():
            return str(error)
        case requests.exceptions.SSLError():
            return f"no TLS session with the management API: {tls_words(error)}"
        case requests.Timeout():
            return f"the management API did not answer within {_ANSWER_SECONDS:.0f} s"
        case requests.ConnectionError():
            return "the management API cannot be reached"
        case _:
            return f"the management API cannot be asked ({type(error).__name__})"

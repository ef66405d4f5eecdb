"""kopf: the watch of the WorkQueues. It translates; it decides nothing and writes nothing.

Only `on.event` is used: kopf then adds neither finalizer nor annotation to an object.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import kopf

from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.connection import Connection
from workqueue_operator.cluster.workqueues import is_served
from workqueue_operator.core.errors import ApiError

log = logging.getLogger(__name__)

WORKQUEUES = ("workqueue.dev", "v1alpha1", "workqueues")

VERBS = frozenset(
    {("workqueue.dev", "workqueues", "list"), ("workqueue.dev", "workqueues", "watch")}
)
"""What kopf itself asks of the API server with the settings below."""


LOOK_AGAIN_SECONDS = 3.0
# kopf's own patience of 54 s would end the process in a longer outage of the API server, and the
# pauses between restarts would then grow to 5 minutes. This is an hour.
_ERROR_PAUSES_SECONDS = (1, 1, 2, 3, 5, 8, *(10 for _ in range(360)))


class Registry(Protocol):
    """Takes in the WorkQueues as they are. Called from kopf's event loop: must not block.

    kopf lists again after a lost watch, and what vanished meanwhile is not forgotten: compare
    with Cluster.list_workqueues from time to time.
    """

    def learn(self, body: Mapping[str, Any]) -> None:
        """This WorkQueue is there, new or changed or simply listed once more."""
        ...

    def forget(self, body: Mapping[str, Any]) -> None:
        """This WorkQueue is gone."""
        ...


async def serve(
    registry: Registry,
    connection: Connection,
    *,
    namespaces: Sequence[str] = (),
    stop: asyncio.Event,
    ready: asyncio.Event | None = None,
) -> None:
    """Feed the registry until `stop` is set, or SIGTERM or SIGINT comes (in the main thread).

    namespaces: those in scope; none means all. ready: set once the watches are being opened.
    stop is asyncio's: for a threading.Event kopf parks a thread in wait(), and after a signal
    asyncio.run would then wait for that thread for ever.
    """
    _listen_for_signals(stop)
    await _kind_is_there(connection, stop)
    if stop.is_set():
        return
    # Only peers would see it; without one kopf looks for a user name, and a container has none.
    identity: Any = "workqueue-operator"
    await kopf.operator(
        identity=identity,
        clusterwide=not namespaces,
        namespaces=namespaces,
        standalone=True,  # another operator's peering object must not freeze this one
        memo=kopf.Memo(registry=registry, connection=connection, stop=stop),
        stop_flag=stop,
        ready_flag=ready,
    )


def _listen_for_signals(stop: asyncio.Event) -> None:
    """Until kopf does it itself: a container's first process gets no signal it did not ask for."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


async def _kind_is_there(
    connection: Connection, stop: asyncio.Event, *, every_seconds: float = LOOK_AGAIN_SECONDS
) -> None:
    """Wait for the kind WorkQueue: kopf looks for it once, and is deaf from then on."""
    api = Api(connection)
    while not stop.is_set():
        try:
            if await asyncio.to_thread(is_served, api):
                break
            log.warning("this cluster has no kind WorkQueue yet: install its CRD (the chart does)")
        except ApiError as error:
            log.warning("asking for the kind WorkQueue: %s", error)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every_seconds)
    api.close()


@kopf.on.startup()
async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    """Make kopf a plain, patient watch."""
    settings.posting.enabled = False  # events are ours to write (cluster/events.py)
    settings.scanning.disabled = True  # needs no right on CRDs and namespaces
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 310
    settings.watching.connect_timeout = 30
    settings.watching.chunk_size = 500
    settings.networking.request_timeout = 30
    settings.networking.error_backoffs = _ERROR_PAUSES_SECONDS
    # kopf takes its own finalizer off any object it sees: it must never be taken for ours.
    settings.persistence.finalizer = "workqueue.dev/unused-by-kopf"


@kopf.on.cleanup()
async def let_go(memo: kopf.Memo, **_: Any) -> None:
    """After a signal, end kopf's own wait for the flag: it would hold the process for 5 s."""
    memo.stop.set()


@kopf.on.login()
def login(memo: kopf.Memo, **_: Any) -> kopf.ConnectionInfo:
    """Log kopf in as who we are. Called again when a token has expired (401)."""
    connection: Connection = memo.connection
    configuration = connection.configuration
    scheme, _space, token = (connection.authorization() or "").partition(" ")
    return kopf.ConnectionInfo(
        server=connection.server,
        ca_path=configuration.ssl_ca_cert,
        insecure=not configuration.verify_ssl,
        scheme=scheme or None,
        token=token or None,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
    )


@kopf.on.event(*WORKQUEUES)
async def remember(event: kopf.RawEvent, memo: kopf.Memo, **_: Any) -> None:
    """Keep the registry true. The controller reads it; nothing is decided here."""
    registry: Registry = memo.registry
    if event["type"] == "DELETED":
        registry.forget(event["object"])
    else:
        registry.learn(event["object"])


def quieten() -> None:
    """kopf reports each event it handles; that is ours to tell. Warnings stay."""
    logging.getLogger("kopf").setLevel(logging.WARNING)

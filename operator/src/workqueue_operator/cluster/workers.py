"""Worker pods: list those of one WorkQueue, and ask them what they hold."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import aiohttp

from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.costs import cost_of
from workqueue_operator.cluster.paths import CORE, collection
from workqueue_operator.ports import BusyAnswer, Json, Pod

VERBS = frozenset({("", "pods", "list")})

NAME_LABEL = "workqueue.dev/name"
BUSY_PORT = 9400
ASK_SECONDS = 1.0
_AT_ONCE = 256
_ANSWER_BYTES = 512  # a worker's image is the user's: believe nothing, read little
_MOST = 10**15  # tasks, or seconds of work, of one process
_ENDED = frozenset({"Succeeded", "Failed"})


def list_pods(api: Api, namespace: str, workqueue: str) -> Sequence[Pod]:
    """The worker pods of one WorkQueue, terminating ones too.

    Pods that have ended (evicted, completed) stay listed by Kubernetes for a while; they hold no
    task and are left out.
    """
    query = {"labelSelector": f"{NAME_LABEL}={workqueue}"}
    return [
        pod_of(each)
        for page in api.pages(collection(CORE, namespace, "pods"), query)
        for each in page["items"]
        if each.get("status", {}).get("phase") not in _ENDED
    ]


def pod_of(raw: Json) -> Pod:
    """Read the few fields that matter from a whole Pod."""
    status = raw.get("status", {})
    return Pod(
        name=raw["metadata"]["name"],
        uid=raw["metadata"]["uid"],
        ip=status.get("podIP"),
        terminating="deletionTimestamp" in raw["metadata"],
        ready=any(
            each["type"] == "Ready" and each["status"] == "True"
            for each in status.get("conditions", ())
        ),
        raw=raw,
        cost=cost_of(raw["metadata"].get("annotations", {})),
    )


def ask_busy(pods: Sequence[Pod], *, port: int = BUSY_PORT) -> Mapping[str, BusyAnswer | None]:
    """Ask each pod's /busy, in parallel; pod name -> answer, None when there was none.

    ASK_SECONDS bounds the whole exchange with one pod, so that one that drips its answer byte by
    byte holds up nobody. Must not be called from a thread that runs an event loop.
    """
    return asyncio.run(_ask_all(pods, port))


async def _ask_all(pods: Sequence[Pod], port: int) -> Mapping[str, BusyAnswer | None]:
    free = asyncio.Semaphore(_AT_ONCE)
    limit = aiohttp.ClientTimeout(total=ASK_SECONDS)
    async with aiohttp.ClientSession(
        timeout=limit,
        connector=aiohttp.TCPConnector(limit=0, force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        answers = await asyncio.gather(*(_ask(session, free, each.ip, port) for each in pods))
    return dict(zip((each.name for each in pods), answers, strict=True))


async def _ask(
    session: aiohttp.ClientSession, free: asyncio.Semaphore, ip: str | None, port: int
) -> BusyAnswer | None:
    if ip is None:
        return None
    host = f"[{ip}]" if ":" in ip else ip
    try:
        async with (
            free,
            # A redirect would make the operator a proxy into the cluster's network.
            session.get(f"http://{host}:{port}/busy", allow_redirects=False) as response,
        ):
            return _answer(response.status, await response.content.read(_ANSWER_BYTES))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return None  # refused, gone, silent: unknown, and unknown is never idle


def _answer(status: int, body: bytes) -> BusyAnswer | None:
    said: Any = json.loads(body) if status == 200 else None
    if not isinstance(said, dict):
        return None
    busy, draining = said.get("busy"), said.get("draining")
    if not (_is_count(busy) and isinstance(draining, bool)):
        return None
    return BusyAnswer(
        busy=busy, draining=draining, worked=_worked(said), delivered=_delivered(said)
    )


def _worked(said: Json) -> tuple[int, float] | None:
    """The counters of what was finished; workers of older images have none."""
    tasks, seconds = said.get("tasks"), said.get("seconds")
    if not _is_count(tasks) or isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    believable = tasks <= _MOST and 0 <= seconds <= _MOST
    return (tasks, float(seconds)) if believable else None


def _delivered(said: Json) -> tuple[int, int] | None:
    """The counters of what was delivered; workers of older images have none."""
    deliveries, redelivered = said.get("deliveries"), said.get("redelivered")
    if not (_is_count(deliveries) and _is_count(redelivered)):
        return None
    return (deliveries, redelivered) if redelivered <= deliveries <= _MOST else None


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0

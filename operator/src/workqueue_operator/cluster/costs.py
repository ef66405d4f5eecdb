"""The deletion cost of a pod: what Kubernetes looks at when it has to choose who leaves."""

import contextlib
import threading
from collections import deque
from collections.abc import Mapping, Sequence

from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.paths import CORE, item
from workqueue_operator.core.errors import ApiError
from workqueue_operator.core.victims import COST, NO_COST, Mark

VERBS = frozenset({("", "pods", "patch")})

AT_ONCE = 8
_GONE = frozenset({404, 409, 422})  # gone, or another one has its name


def cost_of(annotations: Mapping[str, str]) -> int:
    """As Kubernetes reads it: what is no number counts as none."""
    try:
        return int(annotations.get(COST, NO_COST))
    except ValueError:
        return NO_COST


def mark_pods(api: Api, namespace: str, marks: Sequence[Mark]) -> None:
    """See ports.Cluster. One annotation of each, and nothing else of it."""
    left, failed = deque(marks), deque[ApiError]()
    work = (api, namespace, left, failed)
    helpers = [
        threading.Thread(target=_work, args=work, name="mark", daemon=True)
        for _ in range(min(len(marks), AT_ONCE) - 1)
    ]
    for each in helpers:
        each.start()
    _work(*work)
    for each in helpers:
        each.join()
    if failed:
        raise failed[0]


def _work(api: Api, namespace: str, left: deque[Mark], failed: deque[ApiError]) -> None:
    with contextlib.suppress(IndexError):  # nothing is left
        while True:
            mark = left.popleft()
            try:
                _mark(api, namespace, mark)
            except ApiError as error:
                if error.status not in _GONE:
                    failed.append(error)


def _mark(api: Api, namespace: str, mark: Mark) -> None:
    cost = None if mark.cost == NO_COST else str(mark.cost)
    api.request(
        "PATCH",
        item(CORE, namespace, "pods", mark.name),
        body={"metadata": {"uid": mark.uid, "annotations": {COST: cost}}},
        content_type="application/merge-patch+json",
    )

"""JSON merge patch, as the API server does it."""

import copy
from collections.abc import Mapping
from typing import Any

from workqueue_operator.ports import Json


def merged(old: Json, patch: Json) -> dict[str, Any]:
    """The object after the patch."""
    result = dict(old)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            result[key] = merged(result.get(key) or {}, value)
        else:
            result[key] = copy.deepcopy(value)
    return result

"""Refuse to uninstall while WorkQueues are left whose finalizers nobody would take off any more."""

import os
import sys
from collections.abc import Sequence

from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.connection import connect
from workqueue_operator.cluster.workqueues import full_names
from workqueue_operator.core.errors import ApiError
from workqueue_operator.settings import PREFIX, Settings, SettingsError

SHOWN = 20


def main() -> int:
    """Exit code 0: none is left; 1, and the names: some are, or nobody can say; 2: settings."""
    try:
        scope = Settings.from_env(os.environ).watch_namespaces
        left = _left(scope)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except ApiError as error:
        sys.stderr.write(f"WorkQueues could not be listed: {error}\n")
        return 1
    if not left:
        return 0
    sys.stderr.write(_refusal(left))
    return 1


def _left(scope: Sequence[str]) -> Sequence[str]:
    """namespace/name of each WorkQueue. Raises ApiError."""
    try:
        return full_names(Api(connect(os.environ.get(f"{PREFIX}KUBECONFIG"))), scope)
    except ApiError as error:
        if error.status == 404:  # the kind itself has gone before: nothing can hang any more
            return ()
        raise


def _refusal(left: Sequence[str]) -> str:
    more = f" and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
    return (
        f"{len(left)} WorkQueues are left, and with crds.keep=false they would go with the chart "
        f"and hang on finalizers that nobody takes off: {', '.join(left[:SHOWN])}{more}. Delete "
        f"them first (kubectl delete workqueues --all -A) and uninstall again; or keep them: helm "
        f"rollback RELEASE, then helm upgrade with crds.keep=true, then uninstall\n"
    )


if __name__ == "__main__":
    sys.exit(main())

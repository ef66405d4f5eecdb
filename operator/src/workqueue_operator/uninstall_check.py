"""Refuse to uninstall while WorkQueues are left whose finalizers nobody would take off any more."""

import os
import sys

from workqueue_operator.cluster.api import Api
from workqueue_operator.cluster.connection import connect
from workqueue_operator.cluster.workqueues import full_names
from workqueue_operator.core.errors import ApiError
from workqueue_operator.settings import PREFIX, Settings

SHOWN = 20


def main() -> int:
    """Exit code 1, and the names, when some are left."""
    settings = Settings.from_env(os.environ)
    api = Api(connect(os.environ.get(f"{PREFIX}KUBECONFIG")))
    try:
        left = full_names(api, settings.watch_namespaces)
    except ApiError as error:
        sys.stderr.write(f"WorkQueues could not be listed: {error}\n")
        return 1
    if not left:
        return 0
    more = f" and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
    sys.stderr.write(
        f"{len(left)} WorkQueues are left, and with crds.keep=false they would go with the chart "
        f"and hang on finalizers that nobody takes off: {', '.join(left[:SHOWN])}{more}. Delete "
        f"them first (kubectl delete workqueues --all -A) and uninstall again; or keep them: helm "
        f"rollback RELEASE, then helm upgrade with crds.keep=true, then uninstall\n"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())

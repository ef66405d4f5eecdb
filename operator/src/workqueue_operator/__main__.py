"""python -m workqueue_operator: run the operator until SIGTERM."""

import logging
import os
import sys

import kopf

from workqueue_operator import handlers
from workqueue_operator.app import App
from workqueue_operator.cluster.connection import connect
from workqueue_operator.core.errors import ApiError
from workqueue_operator.settings import PREFIX, Settings, SettingsError

USAGE_ERROR = 2


def main() -> int:
    """Read the settings and run. Exit codes: 0 asked to stop, 2 settings, 1 no cluster."""
    try:
        settings = Settings.from_env(os.environ)
        _run(settings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE_ERROR
    except ApiError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _run(settings: Settings) -> None:
    kopf.configure(log_format=kopf.LogFormat.JSON)
    logging.getLogger().setLevel(settings.log_level)
    handlers.quieten()
    App(settings, connect(os.environ.get(f"{PREFIX}KUBECONFIG"))).run()


if __name__ == "__main__":
    sys.exit(main())

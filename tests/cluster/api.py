"""Talks to the cluster with kubectl, and waits for what it says."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

from cluster.commands import telling_lines
from cluster.console import Step
from cluster.errors import ClusterError, CommandFailedError
from cluster.paths import Paths

ASK_EVERY_SECONDS = 0.3


class Api:
    """`kubectl`, always with our own kubeconfig: never with what the environment names."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    def ask(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl, and return what it did, whatever the outcome."""
        kubectl = str(self._paths.bin / "kubectl")
        argv = [kubectl, f"--kubeconfig={self._paths.kubeconfig}", "--request-timeout=5s"]
        return subprocess.run(
            [*argv, *arguments], input=stdin, capture_output=True, text=True, check=False
        )

    def apply(self, manifest: str) -> None:
        """Apply a manifest on the server's side.

        Raises:
            ClusterError: the API server refused it, in its own words.
        """
        flags = ["--server-side", "--force-conflicts", "--field-manager=workqueue-cluster"]
        done = self.ask("apply", *flags, "--filename=-", stdin=manifest)
        if done.returncode != 0:
            raise ClusterError(f"the API server refused a manifest: {done.stderr.strip()}")

    def answers(self) -> bool:
        return self.ask("get", "--raw=/readyz").returncode == 0

    def prints(self, wanted: str, *arguments: str) -> bool:
        """Say whether kubectl prints exactly this."""
        return self.ask(*arguments).stdout.strip() == wanted


def wait_until(
    paths: Paths, what: str, ask: Callable[[], bool], *, running: Step, log: str, within: float
) -> None:
    """Ask again and again until it is so.

    Raises:
        CommandFailedError: it was not so within the time (in seconds); with the log's last words.
    """
    deadline = time.monotonic() + within
    running.how_far = f"waiting for {what}"
    while not ask():
        if time.monotonic() > deadline:
            file = paths.log(log)
            lines = telling_lines(file.read_text(errors="replace")) if file.exists() else []
            raise CommandFailedError(
                f"waiting {within:.0f} s for {what}",
                lines=lines,
                log=file,
                ways_out="`make cluster-down` and start again; if it stays so, "
                "`make clean` throws the cluster's state away.",
            )
        time.sleep(ASK_EVERY_SECONDS)

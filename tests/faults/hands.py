"""What is done to the node itself: words for kubectl, and packets that vanish."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster import processes, sandbox
from cluster.paths import default_paths
from tools.deploy import STATE


def kubectl(kubeconfig: Path, *words: str) -> None:
    """Run it.

    Raises:
        AssertionError: with its own words.
    """
    program, config = str(STATE / "bin" / "kubectl"), f"--kubeconfig={kubeconfig}"
    done = subprocess.run([program, config, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"kubectl {' '.join(words)}: {done.stderr.strip()}")


@contextmanager
def dropped(address: str) -> Iterator[None]:
    """Both ways, of connections to this address: the node forwards them, and forgets to."""
    first = sandbox.running(default_paths())
    init = processes.child_of(first.pid) if first else None
    assert init is not None, "the cluster does not run"
    rule = ["FORWARD", "-m", "conntrack", "--ctorigdst", address, "-j", "DROP"]
    tables = ["nsenter", f"--target={init}", "--net", "iptables", "--wait"]
    subprocess.run([*tables, "--insert", *rule], check=True)
    try:
        yield
    finally:
        subprocess.run([*tables, "--delete", *rule], check=True)

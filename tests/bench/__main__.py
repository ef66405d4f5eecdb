"""python -m bench: measure on the project's own cluster and write docs/benchmarks.md."""

import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench import footprint, latency, ready
from bench.figures import Figures
from bench.stage import stage
from tools import deploy
from tools.crd import REPOSITORY

LATENCY_TRIALS = 100
READY_TRIALS = 5
RAW = REPOSITORY / "docs" / "benchmarks.json"
TABLE = REPOSITORY / "docs" / "benchmarks.md"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def main() -> int:
    """Measure everything, a few minutes long."""
    kubeconfig = deploy.OWN_KUBECONFIG
    found = [footprint.operator_memory(kubeconfig)]
    with stage(kubeconfig) as story:
        print("  Memory and start of workers (usually 1 min)", flush=True)
        found += footprint.workers(story)
    print("  Zero to twenty (usually 2 min)", flush=True)
    with stage(kubeconfig) as story:
        found += ready.measure(story, trials=READY_TRIALS)
    # Last, for it leaves many pods that fit no node, and taking those away keeps the cluster busy.
    for queue_type in ("Quorum", "Classic"):
        print(f"  Publish to replicas, {queue_type} (usually 2 min)", flush=True)
        with stage(kubeconfig) as story:
            found.append(latency.measure(story, trials=LATENCY_TRIALS, queue_type=queue_type))
    write(found)
    print("\n".join(figures.row() for figures in found))
    return 0


def write(found: Sequence[Figures]) -> None:
    """The raw trials, and the table made of them."""
    machine = f"{platform.machine()}, {_cores()} cores, Linux {platform.release()}"
    date = datetime.now(UTC).date().isoformat()
    raw = {"machine": machine, "date": date, "figures": [asdict(each) for each in found]}
    RAW.write_text(json.dumps(raw, indent=1) + "\n")
    head = "| what | unit | n | min | median | p99 | max |\n" + "| --- " * 7 + "|"
    rows = "\n".join(figures.row() for figures in found)
    text = TABLE.read_text()
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    made = (
        f"{BEGIN}\nMeasured on {date}: {machine}; cluster, broker and load on this one machine.\n\n"
    )
    TABLE.write_text(f"{before}{made}{head}\n{rows}\n{END}{after}")


def _cores() -> int:
    return sum(
        line.startswith("processor") for line in Path("/proc/cpuinfo").read_text().splitlines()
    )


if __name__ == "__main__":
    sys.exit(main())

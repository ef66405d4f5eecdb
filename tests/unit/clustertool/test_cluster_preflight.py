"""What the cluster tool says before it touches anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cluster.ownership import Owner
from cluster.preflight import GIB, Facts, problems
from cluster.processes import ProcessId

HERE = Path("/home/me/clone")
FINE = Facts(
    is_root=True,
    go_version="go1.26.8",
    go_toolchain_local=True,
    binaries_cached=False,
    free_disk_bytes=40 * GIB,
    disk_folder=Path("/home/me/.cache"),
    free_memory_bytes=8 * GIB,
    link_exists=False,
    owner=None,
    owner_runs=False,
    routes=["192.0.2.0/24"],
)
OTHERS = Owner(Path("/home/you/clone"), ProcessId(41, 7000, "boot"))
OURS = Owner(HERE, ProcessId(41, 7000, "boot"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"is_root": False}, "root", id="not root"),
        pytest.param({"go_version": None}, "install Go 1.26", id="no Go"),
        pytest.param({"go_version": "go1.25.3"}, "go1.25.3", id="an old Go that fetches no newer"),
        pytest.param(
            {"go_version": "go1.19.8", "go_toolchain_local": False},
            "go1.19.8",
            id="a Go too old to fetch a newer one",
        ),
        pytest.param({"go_version": "devel"}, "devel", id="a Go without a version"),
        pytest.param({"free_disk_bytes": 11 * GIB}, "11.0 GiB free", id="too little disk"),
        pytest.param(
            {"free_disk_bytes": 2 * GIB, "binaries_cached": True},
            "3 GiB are needed",
            id="too little disk even when all is built",
        ),
        pytest.param({"free_memory_bytes": 3 * GIB}, "memory", id="too little memory"),
        pytest.param(
            {"link_exists": True, "owner": OTHERS, "owner_runs": True},
            "make -C /home/you/clone cluster-down",
            id="another clone runs its cluster",
        ),
        pytest.param({"link_exists": True}, "ip link delete wq-host", id="a foreign link"),
        pytest.param({"routes": ["10.96.0.0/12"]}, "10.96.0.0/12", id="a route over the Services"),
        pytest.param({"routes": ["10.88.4.7"]}, "10.88.4.7", id="a route to one pod address"),
    ],
)
def test_each_obstacle_is_told_with_a_way_out(change: dict[str, Any], words: str) -> None:
    found = problems(replace(FINE, **change), HERE)
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="a cold machine"),
        pytest.param(
            {"go_version": None, "binaries_cached": True}, id="no Go, but all is built already"
        ),
        pytest.param(
            {"go_version": "go1.22.1", "go_toolchain_local": False},
            id="an old Go that fetches a newer one by itself",
        ),
        pytest.param(
            {"free_disk_bytes": 5 * GIB, "binaries_cached": True}, id="little disk, all is built"
        ),
        pytest.param(
            {"link_exists": True, "owner": OURS, "routes": ["10.87.0.0/30", "10.96.0.0/16"]},
            id="our own cluster runs",
        ),
        pytest.param(
            {"link_exists": True, "owner": OTHERS},
            id="the link of another clone's cluster that has lost its processes",
        ),
        pytest.param({"routes": ["2001:db8::/32", "10.97.0.0/16"]}, id="routes that do not matter"),
    ],
)
def test_a_machine_that_can_do_it_is_not_refused(change: dict[str, Any]) -> None:
    assert problems(replace(FINE, **change), HERE) == []


def test_everything_that_is_missing_is_told_at_once() -> None:
    bad = replace(FINE, is_root=False, go_version=None, free_disk_bytes=0, free_memory_bytes=0)
    assert len(problems(bad, HERE)) == 4

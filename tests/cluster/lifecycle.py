"""Up, down and status: the order of things, each done elsewhere."""

from __future__ import annotations

import shutil
import time
from functools import partial
from pathlib import Path

from cluster import (
    binaries,
    kubeconfig,
    node,
    node_config,
    ownership,
    pki,
    preflight,
    rabbitmq,
    sandbox,
)
from cluster.addresses import API_URL, CONTEXT, NODE
from cluster.api import Api, wait_until
from cluster.cache import exclusive, write_atomically
from cluster.console import duration, say, step
from cluster.errors import ClusterError
from cluster.images import ImageStore, rabbitmq_recipe, remember, remembered
from cluster.overlay import overlay_works
from cluster.packages import NODE_TOOLS, install_missing
from cluster.paths import Paths

USERS = ("controller-manager", "scheduler", "proxy", "dns", "node")
READY_CONDITION = '{.status.conditions[?(@.type=="Ready")].status}'
NODE_IS_READY = ("get", "node", NODE, f"--output=jsonpath={READY_CONDITION}")


def up(paths: Paths) -> None:
    """Bring the cluster and its broker up, from whatever state they are in."""
    began = time.monotonic()
    preflight.check(paths)
    paths.state.mkdir(exist_ok=True)
    with exclusive(paths.state / "lock"):
        install_missing(paths, NODE_TOOLS)
        programs = binaries.build_programs(paths)
        store = ImageStore(paths)
        own = {"base": store.base(), "rabbitmq": store.build(rabbitmq_recipe())}
        pause = store.pause()
        remember(paths.images, remembered(paths.images) | own)
        if not sandbox.running(paths):
            _start(paths, programs)
        api = Api(paths)
        _wait_for_node(paths, api)
        node.load(paths, [pause, own["rabbitmq"]])
        rabbitmq.deploy(paths, api, own["rabbitmq"])
        write_atomically(paths.ready, "")
    say(f"The cluster runs ({duration(time.monotonic() - began)}). To use it:")
    say(f"  export KUBECONFIG={paths.kubeconfig} PATH={paths.bin}:$PATH")


def _start(paths: Paths, programs: Path) -> None:
    paths.ready.unlink(missing_ok=True)
    pki.ensure(paths.pki)
    snapshotter = "overlayfs" if overlay_works(paths.state) else "native"
    config = node_config.write_all(paths, snapshotter)
    for user in USERS:
        text = kubeconfig.render(paths.pki, user, "https://127.0.0.1:6443")
        write_atomically(config / f"{user}.kubeconfig", text, mode=0o600)
    write_atomically(paths.kubeconfig, kubeconfig.render(paths.pki, "admin", API_URL), mode=0o600)
    sandbox.start(paths, programs)


def _wait_for_node(paths: Paths, api: Api) -> None:
    with step("Starting Kubernetes", usually_seconds=12) as running:
        wait = partial(wait_until, paths, running=running, within=90)
        wait("the API server", api.answers, log="kube-apiserver")
        wait("kubelet", node.listens, log="kubelet")
        wait("the node", lambda: api.prints("True", *NODE_IS_READY), log="kubelet")
        wait("containerd", lambda: node.answers(paths), log="containerd")


def down(paths: Paths, *, purge: bool) -> None:
    """End the cluster of this clone; with `purge`, delete its state, too.

    Raises:
        ClusterError: processes or links are left.
    """
    if not paths.state.exists() and not sandbox.running(paths):
        say("No cluster of this clone runs, and it has no state.")
        return
    paths.state.mkdir(exist_ok=True)
    with exclusive(paths.state / "lock"):
        paths.ready.unlink(missing_ok=True)
        ended = sandbox.end(paths)
    say("The cluster has ended." if ended else "No cluster of this clone was running.")
    if purge:
        shutil.rmtree(paths.state)
        say(f"Deleted {paths.state}.")


def status(paths: Paths) -> None:
    """Say what runs.

    Raises:
        ClusterError: the cluster does not run or does not answer.
    """
    first = sandbox.running(paths)
    owner = ownership.current_owner()
    if first is None and owner:
        say(f"Another clone runs its cluster: {owner.repository}")
    if first is None:
        raise ClusterError("the cluster does not run", ways_out="`make cluster-up` starts it.")
    api = Api(paths)
    if not api.answers():
        raise ClusterError(f"process {first.pid} runs, but the API server at {API_URL} is silent")
    say(f"context {CONTEXT} at {API_URL}, process {first.pid}, kubeconfig {paths.kubeconfig}")
    say(f"RabbitMQ is {'ready' if rabbitmq.is_ready(api) else 'not ready'}")
    for name, reference in remembered(paths.images).items():
        where = "on the node" if reference in node.present(paths) else "not on the node"
        say(f"  image {name}: {reference} ({where})")

"""Real RabbitMQ nodes that may be killed and cut off: the local cluster's broker stays out of it.

The files are those of the cluster's RabbitMQ image, so nothing is downloaded. Each node has
a network, a mount and a process namespace of its own, which end with it, its epmd too.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from cluster.cache import exclusive
from cluster.image_python import ENTER
from cluster.paths import default_paths
from kit import namespaces
from kit.broker_root import broker_root
from kit.kube import wait_for
from kit.namespaces import Machine
from kit.rabbit import Broker

USERNAME, PASSWORD = "admin", "admin-password"
BOOT_SECONDS = 40  # usually 6, but there may be other work
HOME = "/var/lib/rabbitmq"
_SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
_CONTROL = "/usr/lib/rabbitmq/bin/rabbitmqctl"
CONFIGURATION = f"""
default_user = {USERNAME}
default_pass = {PASSWORD}
loopback_users = none
listeners.tcp.default = 5672
management.tcp.port = 15672
log.console = true
log.console.level = info
log.connection.level = error
log.file = false
vm_memory_high_watermark.absolute = 1GiB
disk_free_limit.absolute = 50MB
"""
# No schedulers that spin while idle, and no dump of a node that was meant to die.
_ENVIRONMENT = {
    "RABBITMQ_USE_LONGNAME": "true",
    "RABBITMQ_CONFIG_FILE": f"{HOME}/rabbitmq.conf",
    "RABBITMQ_ENABLED_PLUGINS_FILE": f"{HOME}/enabled_plugins",
    "RABBITMQ_LOGS": "-",
    "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none",
    "ERL_CRASH_DUMP_SECONDS": "0",
    "LANG": "C.UTF-8",
}


@dataclass(slots=True)
class Node:
    """One broker. Begin it from the thread that ends last: it dies with its parent thread."""

    machine: Machine
    root: Path
    folder: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def name(self) -> str:
        """The name that the brokers know it by."""
        return f"rabbit@{self.machine.address}"

    @property
    def broker(self) -> Broker:
        """The administrator's view, through this node."""
        host = self.machine.address
        uri = f"http://{host}:15672"
        return Broker(host, 5672, uri, USERNAME, PASSWORD, vhost="/", pod_host=host)

    def prepare(self, configure: "Callable[[Node], str]") -> None:
        """Write its folder: configuration, plugins, and the cookie that all nodes share."""
        self.folder.mkdir()
        (self.folder / "rabbitmq.conf").write_text(CONFIGURATION + configure(self))
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        cookie = self.folder / ".erlang.cookie"
        cookie.write_text("NOSECRETHERE")
        cookie.chmod(0o400)

    def begin(self) -> None:
        """Start it; nothing is waited for."""
        with self._log.open("ab") as sink:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self._inside("catatonit", "--"), _SERVER],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env=self._environment(),
            )

    def wait_running(self, nodes: int = 1) -> None:
        """Wait until its management API knows at least so many running nodes."""
        wait_for(f"{self.name} to run", lambda: self._sees(nodes), seconds=BOOT_SECONDS, every=0.1)

    def kill(self) -> None:
        """SIGKILL the node with its epmd. Its address stays, and refuses connections."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        """End it in order. (One killed within seconds of a queue's declaration may lose that.)"""
        assert self.process is not None, f"{self.name} does not run"
        self.control("stop")
        self.process.wait(BOOT_SECONDS)
        self.process = None

    def control(self, *words: str) -> str:
        """Run rabbitmqctl against it, which takes two seconds."""
        argv = [*self._inside(), _CONTROL, "--node", self.name, "--longnames", *words]
        done = subprocess.run(
            argv, env=self._environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def _inside(self, *init: str) -> list[str]:
        """The words that go before a command to run it in namespaces of its own."""
        unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        enter = ["sh", str(ENTER), str(self.root), "/", f"{self.folder}:{HOME}", "--"]
        private = ["--propagation", "private", *init]
        home = ["env", f"HOME={HOME}"]
        return [*self.machine.enter(), *unshare, *private, *enter, *home]

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, **_ENVIRONMENT, "RABBITMQ_NODENAME": self.name}

    def _sees(self, nodes: int) -> bool:
        process = self.process
        assert process is not None, f"{self.name} was not started"
        assert process.poll() is None, f"{self.name} ended:\n{self._log.read_text()[-3000:]}"
        try:
            answer = requests.get(
                f"{self.broker.management_uri}/api/nodes",
                auth=(USERNAME, PASSWORD),
                timeout=5,
            )
        except requests.ConnectionError:
            return False
        return answer.ok and sum(one["running"] for one in answer.json()) >= nodes


@contextmanager
def running_nodes(
    count: int, *, configure: Callable[[Node], str] | None = None
) -> Iterator[list[Node]]:
    """So many nodes, in one cluster; what was started ends with the block, however that ends.

    configure: gives further lines of each node's configuration; then each stands alone.
    """
    paths = default_paths()
    root = broker_root(paths)
    # One network of this name at a time, also between two clones.
    with exclusive(paths.cache / "broker-nodes.lock"), TemporaryDirectory() as folder:
        machines = namespaces.lay([f"node-{i + 1}" for i in range(count)])
        nodes = [Node(one, root, Path(folder) / one.name) for one in machines.values()]
        try:
            _boot(nodes, configure)
            yield nodes
        finally:
            for node in nodes:
                node.kill()
            namespaces.remove(machines)


def _boot(nodes: list[Node], configure: Callable[[Node], str] | None) -> None:
    together = _cluster_of(nodes)
    for node in nodes:
        node.prepare(configure or (lambda _: together))
        node.begin()
    for node in nodes:
        node.wait_running(1 if configure else len(nodes))


def _cluster_of(nodes: list[Node]) -> str:
    """The lines by which nodes find each other when they start for the first time."""
    if len(nodes) == 1:
        return ""
    key = "cluster_formation.classic_config.nodes"
    lines = [f"{key}.{i} = {node.name}" for i, node in enumerate(nodes, start=1)]
    return "\n".join(["cluster_formation.peer_discovery_backend = classic_config", *lines, ""])

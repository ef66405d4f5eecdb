"""The processes of the cluster: what each is called with, and what it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster.addresses import (
    CONTAINERD_SOCKET,
    NODE,
    NODE_ADDRESS,
    POD_NETWORK,
    SERVICE_NETWORK,
)
from cluster.paths import Paths

ETCD = "http://127.0.0.1:2379"


@dataclass(frozen=True, slots=True)
class Component:
    """One process. It starts once the file `after` exists, and again whenever it ends."""

    name: str
    argv: Sequence[str]
    after: Path | None = None


def all_components(paths: Paths, programs: Path) -> list[Component]:
    """Return them in the order of their start."""
    config = paths.state / "config"
    containerd = Path(CONTAINERD_SOCKET)
    return [
        Component("etcd", _etcd(paths, programs)),
        Component("kube-apiserver", _api_server(paths, programs)),
        Component("containerd", ("containerd", "--config", f"{config}/containerd.toml")),
        Component("kube-controller-manager", _controller_manager(paths, programs)),
        Component("kube-scheduler", _scheduler(config, programs)),
        Component("kubelet", _kubelet(paths, programs), after=containerd),
        Component("kube-proxy", _proxy(config, programs)),
        Component("coredns", (f"{programs}/coredns", "-conf", f"{config}/Corefile")),
    ]


def _etcd(paths: Paths, programs: Path) -> Sequence[str]:
    """Without fsync: the data need not survive a power cut, and tests write a lot.

    The quota is what etcd itself suggests as the most: 10,000 objects change often in a benchmark.
    """
    return (
        f"{programs}/etcd",
        f"--data-dir={paths.state}/etcd",
        f"--listen-client-urls={ETCD}",
        f"--advertise-client-urls={ETCD}",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--unsafe-no-fsync",
        "--quota-backend-bytes=8589934592",
        "--log-level=warn",
    )


def _api_server(paths: Paths, programs: Path) -> Sequence[str]:
    """Kubelets are called by address: then nothing needs an entry in /etc/hosts."""
    pki = paths.pki
    return (
        f"{programs}/kube-apiserver",
        f"--etcd-servers={ETCD}",
        "--bind-address=0.0.0.0",
        f"--advertise-address={NODE_ADDRESS}",
        f"--client-ca-file={pki}/ca.crt",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--service-account-key-file={pki}/service-account.pub",
        f"--service-account-signing-key-file={pki}/service-account.key",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        f"--kubelet-client-certificate={pki}/apiserver-kubelet.crt",
        f"--kubelet-client-key={pki}/apiserver-kubelet.key",
    )


def _controller_manager(paths: Paths, programs: Path) -> Sequence[str]:
    """With the rate of a large cluster: at the default's 20 a second 10,000 new Deployments would
    keep it busy for half an hour, and nothing is at rest before that.
    """
    return (
        f"{programs}/kube-controller-manager",
        f"--kubeconfig={paths.state}/config/controller-manager.kubeconfig",
        f"--service-account-private-key-file={paths.pki}/service-account.key",
        f"--root-ca-file={paths.pki}/ca.crt",
        f"--cluster-signing-cert-file={paths.pki}/ca.crt",
        f"--cluster-signing-key-file={paths.pki}/ca.key",
        "--use-service-account-credentials",
        "--leader-elect=false",
        "--kube-api-qps=100",
        "--kube-api-burst=200",
        "--bind-address=127.0.0.1",
        f"--flex-volume-plugin-dir={paths.state}/kubelet/volume-plugins",
    )


def _scheduler(config: Path, programs: Path) -> Sequence[str]:
    return (
        f"{programs}/kube-scheduler",
        f"--kubeconfig={config}/scheduler.kubeconfig",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
    )


def _kubelet(paths: Paths, programs: Path) -> Sequence[str]:
    return (
        f"{programs}/kubelet",
        f"--config={paths.state}/config/kubelet.json",
        f"--kubeconfig={paths.state}/config/node.kubeconfig",
        f"--hostname-override={NODE}",
        f"--root-dir={paths.state}/kubelet",
        f"--node-ip={NODE_ADDRESS}",
    )


def _proxy(config: Path, programs: Path) -> Sequence[str]:
    """Masquerade everything: an answer between two pods of the bridge must come back through us.

    The conntrack limit is a sysctl that a namespace may not write.
    """
    return (
        f"{programs}/kube-proxy",
        f"--kubeconfig={config}/proxy.kubeconfig",
        f"--cluster-cidr={POD_NETWORK}",
        f"--hostname-override={NODE}",
        "--proxy-mode=iptables",
        "--masquerade-all",
        "--conntrack-max-per-core=0",
    )

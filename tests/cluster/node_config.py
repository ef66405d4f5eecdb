"""Configuration files of the node: containerd, the pod network, kubelet, CoreDNS."""

from __future__ import annotations

import json
from pathlib import Path

from cluster.addresses import (
    BRIDGE,
    CONTAINERD_SOCKET,
    NODE_ADDRESS,
    POD_NETWORK,
    RUN_DIRECTORY,
)
from cluster.images import PAUSE_IMAGE
from cluster.paths import Paths

CNI_PROGRAMS = "/usr/lib/cni"


def containerd(paths: Paths, snapshotter: str) -> str:
    """Return containerd's configuration: images in the state folder, the rest ends with us.

    `restrict_oom_score_adj`: without CAP_SYS_RESOURCE (in a container or a small VM) lowering
    the score fails, and every sandbox with it.
    """
    return f"""\
version = 2
root = "{paths.state}/containerd"
state = "{RUN_DIRECTORY}/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt"]

[grpc]
  address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "{PAUSE_IMAGE}"

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{CNI_PROGRAMS}"
    conf_dir = "{paths.state}/config/cni"

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "{snapshotter}"
"""


def pod_network() -> str:
    """Return the CNI configuration: one bridge, and addresses that are given back at the end."""
    ranges = [[{"subnet": POD_NETWORK, "gateway": NODE_ADDRESS}]]
    addresses = {
        "type": "host-local",
        "dataDir": f"{RUN_DIRECTORY}/addresses",
        "ranges": ranges,
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {
        "type": "bridge",
        "bridge": BRIDGE,
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": addresses,
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return json.dumps({"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge, ports]}, indent=2)


def kubelet(paths: Paths) -> str:
    """Return kubelet's configuration.

    `resolvConf` keeps the machine's name servers and search domains out of pods.
    """
    config = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": NODE_ADDRESS,
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "clusterDNS": [NODE_ADDRESS],
        "clusterDomain": "cluster.local",
        "resolvConf": f"{paths.state}/config/resolv.conf",
        "volumePluginDir": f"{paths.state}/kubelet/volume-plugins",
        "podLogsDir": f"{paths.state}/logs/pods",
        "maxPods": 250,
        "syncFrequency": "10s",
        "serializeImagePulls": False,
        "registryPullQPS": 0,
        **_kubelet_access(paths),
        **_kubelet_resources(),
    }
    return json.dumps(config, indent=2) + "\n"


def _kubelet_access(paths: Paths) -> dict[str, object]:
    return {
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{paths.pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{paths.pki}/kubelet.crt",
        "tlsPrivateKeyFile": f"{paths.pki}/kubelet.key",
    }


def _kubelet_resources() -> dict[str, object]:
    """No cgroup per quality class and no enforcement: not every machine lets us delegate them.

    The limits of containers hold. Images are never collected: nothing could bring them back.
    """
    minimum = {"nodefs.available": "1%", "imagefs.available": "1%", "memory.available": "100Mi"}
    return {
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": False,
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "imageGCHighThresholdPercent": 100,
        "evictionHard": minimum,
    }


def core_dns(paths: Paths) -> str:
    """Return CoreDNS's configuration: names of this cluster, and of nothing else."""
    return f"""\
.:53 {{
  bind {NODE_ADDRESS}
  errors
  kubernetes cluster.local {{
    kubeconfig {paths.state}/config/dns.kubeconfig
    ttl 5
  }}
  cache 5
}}
"""


def write_all(paths: Paths, snapshotter: str) -> Path:
    """Write all of it below `config/` in the state folder, and return that folder."""
    folder = paths.state / "config"
    (folder / "cni").mkdir(parents=True, exist_ok=True)
    (folder / "containerd.toml").write_text(containerd(paths, snapshotter))
    (folder / "cni" / "10-pods.conflist").write_text(pod_network())
    (folder / "kubelet.json").write_text(kubelet(paths))
    (folder / "Corefile").write_text(core_dns(paths))
    (folder / "resolv.conf").write_text("")
    return folder

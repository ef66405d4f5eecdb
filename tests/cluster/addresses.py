"""Names and addresses of the local cluster, their only home."""

from __future__ import annotations

CONTEXT = "workqueue-local"
NODE = "workqueue-local"

# The link between the machine and the cluster's network namespace.
HOST_LINK = "wq-host"
CLUSTER_LINK = "wq-cluster"
LINK_NETWORK = "10.87.0.0/30"
HOST_ADDRESS = "10.87.0.1/30"
CLUSTER_ADDRESS = "10.87.0.2"

BRIDGE = "cni0"
POD_NETWORK = "10.88.0.0/16"
NODE_ADDRESS = "10.88.0.1"

SERVICE_NETWORK = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"
RABBITMQ_ADDRESS = "10.96.0.50"

API_URL = f"https://{CLUSTER_ADDRESS}:6443"
NETWORKS = (LINK_NETWORK, POD_NETWORK, SERVICE_NETWORK)

# Inside the cluster /run is a file system of its own: socket paths stay short and end with it.
RUN_DIRECTORY = "/run/workqueue-cluster"
CONTAINERD_SOCKET = f"{RUN_DIRECTORY}/containerd.sock"

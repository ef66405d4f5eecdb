"""Kubeconfig files. JSON is YAML, and the standard library writes it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from cluster.addresses import CONTEXT


def render(pki: Path, user: str, server: str) -> str:
    """Return a kubeconfig that holds its certificates itself, so that it may be copied."""

    def data(name: str) -> str:
        return base64.b64encode((pki / name).read_bytes()).decode()

    cluster = {"server": server, "certificate-authority-data": data("ca.crt")}
    client = {
        "client-certificate-data": data(f"{user}.crt"),
        "client-key-data": data(f"{user}.key"),
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": cluster}],
        "users": [{"name": user, "user": client}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": user}}],
        "current-context": CONTEXT,
    }
    return json.dumps(config, indent=2) + "\n"

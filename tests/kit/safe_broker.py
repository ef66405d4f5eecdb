"""A broker of its own in a namespace of the cluster, that lets in who shows a certificate."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kit import certificates
from kit.kube import Json, Kube, wait_for
from kit.ledger import _SAFE
from kit.rabbit import Broker
from kit.safe_nodes import AMQPS_PORT, HTTPS_PORT, tls_configuration
from kit.three_nodes import CONFIGURATION, PASSWORD, USERNAME

NAME = "safe-rabbitmq"
BOOT_SECONDS = 90
_TLS = "/tls"
_RABBITMQ = 999  # the user of the image
_PORTS = (AMQPS_PORT, HTTPS_PORT, 5672, 15672)


def start(kube: Kube, image: str, folder: Path) -> Broker:
    """Start it, and wait until it answers. folder: is made, with certificates.make.

    Its management_uri is plain, for the test; pods come by TLS.
    """
    pod_host = f"{NAME}.{kube.namespace}.svc"
    certificates.make(folder, serves=f"DNS:{pod_host}")
    kept = ("ca.crt", *(f"{certificates.SERVER}.{kind}" for kind in ("crt", "key")))
    files = {name: (folder / name).read_text() for name in kept}
    configuration = CONFIGURATION + tls_configuration(_TLS, mutual=True)
    kube.apply(
        secret(NAME, files),
        _config({"rabbitmq.conf": configuration}),
        _service(),
        _pod(image),
    )
    address = kube.need("Service", NAME)["spec"]["clusterIP"]
    uri = f"http://{address}:15672"
    broker = Broker(address, AMQPS_PORT, uri, USERNAME, PASSWORD, vhost="/", pod_host=pod_host)
    wait_for("the safe broker", broker.answers, seconds=BOOT_SECONDS)
    return broker


def https_uri(broker: Broker) -> str:
    """The management API, as pods see it."""
    return f"https://{broker.pod_host}:{HTTPS_PORT}"


def secret(name: str, data: Mapping[str, str]) -> Json:
    """A Secret of these texts."""
    meta = {"name": name}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": dict(data)}


def _config(data: Mapping[str, str]) -> Json:
    meta = {"name": NAME}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": dict(data)}


def _service() -> Json:
    ports = [{"name": f"port-{port}", "port": port} for port in _PORTS]
    spec = {"selector": {"app": NAME}, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME}, "spec": spec}


def _pod(image: str) -> Json:
    environment = {
        "RABBITMQ_NODENAME": "rabbit@localhost",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none",
    }
    configured = "/etc/rabbitmq/rabbitmq.conf"
    container: Json = {
        "name": "rabbitmq",
        "image": image,
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "securityContext": {**_SAFE, "readOnlyRootFilesystem": False},
        "volumeMounts": [
            {"name": "data", "mountPath": "/var/lib/rabbitmq"},
            {"name": "tls", "mountPath": _TLS, "readOnly": True},
            {"name": "configuration", "mountPath": configured, "subPath": "rabbitmq.conf"},
        ],
    }
    volumes: list[dict[str, Any]] = [
        {"name": "data", "emptyDir": {}},
        {"name": "tls", "secret": {"secretName": NAME, "defaultMode": 0o440}},
        {"name": "configuration", "configMap": {"name": NAME}},
    ]
    as_whom = {"runAsUser": _RABBITMQ, "runAsGroup": _RABBITMQ, "fsGroup": _RABBITMQ}
    seccomp = {"seccompProfile": {"type": "RuntimeDefault"}}
    spec = {
        "terminationGracePeriodSeconds": 0,
        "securityContext": {"runAsNonRoot": True, **seccomp, **as_whom},
        "containers": [container],
        "volumes": volumes,
    }
    meta = {"name": NAME, "labels": {"app": NAME}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}

"""Keys and certificates of one cluster, made with openssl, once per state folder."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster.addresses import API_SERVICE_ADDRESS, CLUSTER_ADDRESS, NODE, NODE_ADDRESS
from cluster.commands import output

# A cluster is thrown away long before: nothing here is ever renewed.
VALID_DAYS = "3650"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A key pair: who it is for (`CN`), in which group (`O`), and under which names it serves."""

    name: str
    common_name: str
    organization: str = ""
    serves: Sequence[str] = ()

    @property
    def subject(self) -> str:
        organization = f"/O={self.organization}" if self.organization else ""
        return f"{organization}/CN={self.common_name}"


API_NAMES = (
    *(f"IP:{address}" for address in ("127.0.0.1", CLUSTER_ADDRESS, NODE_ADDRESS)),
    f"IP:{API_SERVICE_ADDRESS}",
    "DNS:localhost",
    "DNS:kubernetes",
    "DNS:kubernetes.default",
    "DNS:kubernetes.default.svc",
    "DNS:kubernetes.default.svc.cluster.local",
)
CERTIFICATES = (
    Certificate("apiserver", "kube-apiserver", serves=API_NAMES),
    Certificate("apiserver-kubelet", "kube-apiserver-kubelet", "system:masters"),
    Certificate("admin", "admin", "system:masters"),
    Certificate("controller-manager", "system:kube-controller-manager"),
    Certificate("scheduler", "system:kube-scheduler"),
    Certificate("proxy", "system:kube-proxy"),
    Certificate("dns", "coredns", "system:masters"),
    Certificate("node", f"system:node:{NODE}", "system:nodes"),
    Certificate("kubelet", NODE, serves=(f"DNS:{NODE}", f"IP:{NODE_ADDRESS}")),
)


def ensure(folder: Path) -> None:
    """Make all keys, unless a former start did; half-made ones are made again."""
    if (folder / "complete").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    authority(folder)
    for certificate in CERTIFICATES:
        issue(folder, certificate)
    _service_account_key(folder)
    (folder / "complete").touch()


def authority(folder: Path) -> None:
    """Make `ca.key` and `ca.crt`."""
    output(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", VALID_DAYS]
        + ["-keyout", str(folder / "ca.key"), "-out", str(folder / "ca.crt")]
        + ["-subj", "/CN=workqueue-local-ca"]
        # Python 3.13 checks as RFC 5280 says, and refuses an authority without this.
        + ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    )


def issue(folder: Path, certificate: Certificate) -> None:
    """Make its `.key` and `.crt`, signed by the authority in the folder."""
    base = folder / certificate.name
    request = output(
        ["openssl", "req", "-newkey", "rsa:2048", "-noenc", "-keyout", f"{base}.key"]
        + ["-subj", certificate.subject]
    )
    extensions = folder / "extensions"
    names = f"subjectAltName={','.join(certificate.serves)}\n" if certificate.serves else ""
    extensions.write_text(
        f"{names}extendedKeyUsage=serverAuth,clientAuth\n"
        "authorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
    )
    output(
        ["openssl", "x509", "-req", "-days", VALID_DAYS, "-extfile", str(extensions)]
        + ["-CA", str(folder / "ca.crt"), "-CAkey", str(folder / "ca.key"), "-CAcreateserial"]
        + ["-out", f"{base}.crt"],
        stdin=request,
    )


def _service_account_key(folder: Path) -> None:
    key = str(folder / "service-account.key")
    output(["openssl", "genrsa", "-out", key, "2048"])
    output(["openssl", "rsa", "-in", key, "-pubout", "-out", str(folder / "service-account.pub")])

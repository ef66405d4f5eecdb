"""What this machine lends to a build step, so that pip and apt work in it as they do outside.

Everything is mounted or passed for the time of the build: nothing of it gets into an image, and
no host is named in our files.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from pathlib import Path

from cluster.cache import write_atomically

PIP_CONFIG = Path("/etc/pip.conf")
CERTIFICATES = Path("/etc/ssl/certs")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
# The settings that say where packages come from; the others are the business of the build.
PIP_VARIABLES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_PROXY")


def pip_settings(
    state: Path, *, environment: Mapping[str, str] = os.environ, machine: Path = PIP_CONFIG
) -> Path | None:
    """Return a pip.conf that says what this machine's file and environment say, if anything.

    The copy is readable by its owner alone: an index address may hold a password.
    """
    given = {name: environment[name] for name in PIP_VARIABLES if environment.get(name)}
    if not given:
        return machine if machine.exists() else None
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(machine)
    if not settings.has_section("global"):
        settings.add_section("global")
    for name, value in given.items():
        settings.set("global", name.removeprefix("PIP_").lower().replace("_", "-"), value)
    lines = [f"[{name}]\n" + _pairs(settings, name) for name in settings.sections()]
    write_atomically(state / "pip.conf", "\n".join(lines), mode=0o600)
    return state / "pip.conf"


def _pairs(settings: configparser.ConfigParser, section: str) -> str:
    return "".join(f"{name} = {value}\n" for name, value in settings.items(section))


def build_volumes(pip: Path | None, *, certificates: Path = CERTIFICATES) -> list[str]:
    """Return the `--volume` options of a build."""
    volumes = [f"--volume={certificates}:{CERTIFICATES}:ro"] if certificates.exists() else []
    return [*volumes, f"--volume={pip}:{PIP_CONFIG}:ro"] if pip else volumes


def build_proxies(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return `--build-arg` options for proxies: a Dockerfile need not declare these."""
    return [f"--build-arg={name}={environment[name]}" for name in PROXIES if name in environment]

"""The Makefile: what it shows, and which cluster it would touch."""

import subprocess

from tools import deploy
from tools.crd import REPOSITORY


def make(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make in this checkout; with -n in `words` it only tells what it would do."""
    return subprocess.run(
        ["make", "-C", str(REPOSITORY), *words],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_alone_shows_the_targets() -> None:
    told = make().stdout
    wanted = "demo test check fmt generate verify images cluster-up cluster-down deploy undeploy"

    for target in [*wanted.split(), "bench", "faults", "clean"]:
        assert f"\n  {target} " in told, f"make help does not show {target}"


def test_a_kubeconfig_in_the_environment_is_ignored() -> None:
    told = make("-n", "deploy", KUBECONFIG="/somebody/elses", IMAGE_PREFIX="theirs").stdout

    assert "/somebody/elses" not in told
    assert f"--kubeconfig={deploy.OWN_KUBECONFIG}" in told


def test_a_kubeconfig_on_the_command_line_is_used_for_the_demo_but_never_for_tests() -> None:
    ours = "KUBECONFIG=/my/config"

    assert "--kubeconfig=/my/config" in make("-n", "deploy", ours, "IMAGE_PREFIX=r/t").stdout
    refused = make("own-cluster-only", ours, "IMAGE_PREFIX=r/t")
    assert refused.returncode != 0
    assert "project's own cluster only" in refused.stdout
    for target in ("test", "integration", "e2e", "bench", "faults"):
        assert "project's own cluster only" in make("-n", target, ours, "IMAGE_PREFIX=r/t").stdout


def test_a_cluster_of_yours_needs_a_registry() -> None:
    refused = make("demo", "KUBECONFIG=/my/config")

    assert refused.returncode != 0
    assert "IMAGE_PREFIX=registry.example/team" in refused.stderr

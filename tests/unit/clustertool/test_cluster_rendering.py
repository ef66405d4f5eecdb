"""Configuration and command lines that the cluster tool writes."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster import binaries, components, gobuild, kubeconfig, machine, node_config, rabbitmq
from cluster.leftovers import PRIVATE_FOLDERS
from cluster.paths import Paths, default_paths
from cluster.rabbitmq import MANIFEST, says_ready
from cluster.versions import GO_MODULES, KUBERNETES, GoModule

PATHS = Paths(repository=Path("/r"), state=Path("/r/.cluster"), cache=Path("/c"))


def test_the_cache_follows_the_user_and_the_state_follows_the_clone() -> None:
    assert default_paths({"XDG_CACHE_HOME": "/big"}).cache == Path("/big/workqueue-operator")
    assert default_paths({}).cache == Path.home() / ".cache" / "workqueue-operator"
    assert default_paths({}).state == default_paths({}).repository / ".cluster"


def test_the_build_of_kubernetes_tells_its_version() -> None:
    stamp = "k8s.io/component-base/version"
    linker = gobuild.flags(KUBERNETES)[-1]
    assert KUBERNETES.version == "v1.35.4"
    assert f"-X {stamp}.gitVersion=v1.35.4" in linker
    assert f"-X {stamp}.gitMinor=35" in linker


@pytest.mark.parametrize("module", GO_MODULES.values(), ids=lambda module: module.name)
def test_each_program_has_a_version_a_lock_and_a_cache_name_of_its_own(module: GoModule) -> None:
    assert (module.folder / "go.sum").stat().st_size > 0
    assert binaries.cache_name(module).startswith(f"{module.name}-v")
    assert len({binaries.cache_name(other) for other in GO_MODULES.values()}) == len(GO_MODULES)


def test_given_another_line_in_the_lock_then_it_is_built_again(tmp_path: Path) -> None:
    @dataclass(frozen=True, slots=True)
    class Moved(GoModule):
        @property
        def folder(self) -> Path:
            return tmp_path

    module = Moved("dns", "example.org/dns", 1)
    (tmp_path / "go.mod").write_text("module here\n\nrequire example.org/dns v1.2.3\n")
    before = gobuild.sources_key(module)
    assert module.version == "v1.2.3"
    (tmp_path / "go.sum").write_text("example.org/dns v1.2.3 h1:other=\n")
    assert gobuild.sources_key(module) != before


def test_containerd_keeps_images_in_the_state_folder_and_the_rest_in_run() -> None:
    config = tomllib.loads(node_config.containerd(PATHS, "overlayfs"))
    cri = config["plugins"]["io.containerd.grpc.v1.cri"]
    assert config["root"] == "/r/.cluster/containerd"
    assert config["state"].startswith("/run/")
    assert cri["restrict_oom_score_adj"] is True
    assert cri["containerd"]["snapshotter"] == "overlayfs"


def test_no_socket_path_depends_on_where_the_clone_lies() -> None:
    # Given a clone so deep that a socket below it would be refused (108 characters)
    deep = replace(PATHS, state=Path("/" + "d" * 150))
    # Then the sockets are elsewhere
    kubelet = json.loads(node_config.kubelet(deep))
    address = tomllib.loads(node_config.containerd(deep, "native"))["grpc"]["address"]
    assert kubelet["containerRuntimeEndpoint"] == f"unix://{address}"
    assert len(address) < 60


def test_what_the_node_writes_outside_the_state_folder_is_hidden() -> None:
    config = json.loads(node_config.pod_network())
    assert config["plugins"][0]["ipam"]["dataDir"].startswith("/run/")
    assert {"/run", "/var/lib/cni", "/var/lib/kubelet"} <= set(PRIVATE_FOLDERS)


def test_pods_get_no_name_server_of_the_machine(tmp_path: Path) -> None:
    folder = node_config.write_all(replace(PATHS, state=tmp_path), "native")
    kubelet = json.loads((folder / "kubelet.json").read_text())
    assert Path(kubelet["resolvConf"]).read_text() == ""
    assert "forward" not in (folder / "Corefile").read_text()


def test_each_component_starts_from_the_programs_that_were_built() -> None:
    listed = components.all_components(PATHS, Path("/programs"))
    built = [component for component in listed if component.name != "containerd"]
    assert all(component.argv[0].startswith("/programs/") for component in built)
    assert next(c for c in listed if c.name == "kubelet").after is not None


def test_a_kubeconfig_holds_its_own_certificates(tmp_path: Path) -> None:
    for name in ("ca.crt", "admin.crt", "admin.key"):
        (tmp_path / name).write_text(name)
    config = yaml.safe_load(kubeconfig.render(tmp_path, "admin", "https://10.87.0.2:6443"))
    assert config["current-context"] == "workqueue-local"
    assert config["clusters"][0]["cluster"]["server"] == "https://10.87.0.2:6443"
    assert str(tmp_path) not in json.dumps(config)


def broker_objects() -> dict[str, Any]:
    text = rabbitmq.render(MANIFEST.read_text(), image="localhost/rabbit:1", data="/d")
    return {item["kind"]: item for item in yaml.safe_load_all(text)}


def test_the_broker_has_a_fixed_address_name_and_data_folder() -> None:
    objects = broker_objects()
    pod = objects["StatefulSet"]["spec"]["template"]["spec"]
    environment = {entry["name"]: entry["value"] for entry in pod["containers"][0]["env"]}
    assert objects["Service"]["spec"]["clusterIP"] == "10.96.0.50"
    assert environment["RABBITMQ_NODENAME"] == "rabbit@localhost"
    assert pod["volumes"][0]["hostPath"]["path"] == "/d"
    assert pod["securityContext"]["runAsUser"] == rabbitmq.USER_ID


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param("3 3 rabbitmq-a rabbitmq-a 1", True, id="ready, and seen by its controller"),
        pytest.param("4 3 rabbitmq-a rabbitmq-a 1", False, id="a change nobody looked at yet"),
        pytest.param("3 3 rabbitmq-a rabbitmq-b 1", False, id="the old pod is still there"),
        pytest.param("3 3 rabbitmq-a rabbitmq-a", False, id="no pod is ready"),
        pytest.param("", False, id="kubectl failed"),
    ],
)
def test_the_broker_is_ready_only_in_its_present_revision(words: str, expected: bool) -> None:
    assert says_ready(words) is expected


@pytest.mark.parametrize(
    ("environment", "lines"),
    [
        pytest.param(
            {"PIP_INDEX_URL": "https://index.example/%20simple"},
            ["cert = /a", "index-url = https://index.example/%20simple"],
            id="an index from the environment",
        ),
        pytest.param(
            {"PIP_PROXY": "http://p:1", "PIP_NO_CACHE_DIR": "1", "PIP_EXTRA_INDEX_URL": ""},
            ["cert = /a", "proxy = http://p:1"],
            id="only what says where packages come from",
        ),
    ],
)
def test_pip_in_a_build_hears_what_pip_hears_on_the_machine(
    tmp_path: Path, environment: dict[str, str], lines: Sequence[str]
) -> None:
    own = tmp_path / "pip.conf.machine"
    own.write_text("[global]\ncert = /a\n")
    written = machine.pip_settings(tmp_path, environment=environment, machine=own)
    assert written is not None
    assert written.read_text().split("\n")[:-1] == ["[global]", *lines]
    assert written.stat().st_mode & 0o077 == 0


def test_without_settings_of_its_own_the_machine_s_file_is_lent_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "pip.conf"
    assert machine.pip_settings(tmp_path, environment={}, machine=own) is None
    own.touch()
    assert machine.pip_settings(tmp_path, environment={}, machine=own) == own
    assert machine.build_volumes(own, certificates=tmp_path / "none") == [
        f"--volume={own}:/etc/pip.conf:ro"
    ]
    assert machine.build_proxies({"http_proxy": "p", "HOME": "/"}) == ["--build-arg=http_proxy=p"]

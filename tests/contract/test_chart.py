"""The chart: least privilege, restricted pods, refused typos."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.chart_check import CHART, EXAMPLES, HelmError, render
from tools.crd import load
from workqueue_operator import cluster as cluster_adapters
from workqueue_operator import handlers
from workqueue_operator.settings import Settings

CLUSTER_WIDE = CHART / "ci" / "cluster-wide-values.yaml"
NAMESPACES = CHART / "ci" / "namespaces-values.yaml"
each_example = pytest.mark.parametrize("values", EXAMPLES, ids=[path.stem for path in EXAMPLES])


@cache
def rendered(values: Path) -> tuple[dict[str, Any], ...]:
    """The chart's objects for one file of values."""
    return tuple(render(values))


def of_kind(values: Path, *kinds: str) -> list[dict[str, Any]]:
    """Those of the objects that are of these kinds."""
    return [found for found in rendered(values) if found["kind"] in kinds]


def the_operators_role(values: Path, kind: str) -> dict[str, Any]:
    """The role that the operator itself has."""
    name = "workqueue-system-workqueue-operator"
    return next(role for role in of_kind(values, kind) if role["metadata"]["name"] == name)


def verbs(role: dict[str, Any]) -> dict[str, set[str]]:
    """Resource -> verbs of a role, as in deployments.apps -> {get, ...}."""
    return {
        f"{resource}.{group}".rstrip("."): set(rule["verbs"])
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def test_three_examples_are_rendered() -> None:
    assert len(EXAMPLES) == 3


def test_the_operator_may_do_what_its_code_does_and_nothing_else() -> None:
    # Given the verbs that stand beside the calls of each adapter
    used: dict[str, set[str]] = {}
    for group, resource, verb in chain.from_iterable(verbs_in_code()):
        used.setdefault(f"{resource}.{group}".rstrip("."), set()).add(verb)
    # Then the chart grants them, and no other
    assert verbs(the_operators_role(CLUSTER_WIDE, "ClusterRole")) == used


def verbs_in_code() -> Iterator[frozenset[tuple[str, str, str]]]:
    """What each module of the operator that speaks to Kubernetes asks of it."""
    yield handlers.VERBS
    for found in pkgutil.iter_modules(cluster_adapters.__path__, f"{cluster_adapters.__name__}."):
        module = importlib.import_module(found.name)
        yield getattr(module, "VERBS", frozenset())


def test_of_secrets_the_operator_may_only_get_those_it_knows_by_name() -> None:
    assert verbs(the_operators_role(CLUSTER_WIDE, "ClusterRole"))["secrets"] == {"get"}


def test_given_namespaces_then_the_operator_has_a_role_in_each_and_none_for_the_cluster() -> None:
    # Given a list of namespaces
    roles = of_kind(NAMESPACES, "Role")
    bindings = of_kind(NAMESPACES, "RoleBinding")
    # Then both hold in each of them
    assert [role["metadata"]["namespace"] for role in roles] == ["team-a", "team-b"]
    assert [binding["metadata"]["namespace"] for binding in bindings] == ["team-a", "team-b"]
    assert verbs(roles[0]) == verbs(the_operators_role(CLUSTER_WIDE, "ClusterRole"))
    # And what is left at cluster scope is not the operator's
    bound = {binding["metadata"]["name"] for binding in of_kind(NAMESPACES, "ClusterRoleBinding")}
    assert bound == {"workqueue-system-workqueue-operator-uninstall-check"}


def pod_specs(values: Path) -> list[dict[str, Any]]:
    """The pods that the chart starts: the operator's, and the check's before an uninstall."""
    return [found["spec"]["template"]["spec"] for found in of_kind(values, "Deployment", "Job")]


@each_example
def test_every_pod_satisfies_restricted_pod_security(values: Path) -> None:
    assert pod_specs(values)
    for pod in pod_specs(values):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


@each_example
def test_two_namespaces_may_each_have_a_release_of_the_same_name(values: Path) -> None:
    for found in rendered(values):
        whole_cluster = found["kind"].startswith("ClusterRole")
        assert not whole_cluster or found["metadata"]["name"].startswith("workqueue-system-")


@each_example
def test_there_is_never_more_than_one_operator(values: Path) -> None:
    (deployment,) = of_kind(values, "Deployment")

    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}


class Asked(dict[str, str]):
    """An environment that remembers which variables were asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)


def test_what_the_chart_sets_is_what_the_operator_reads() -> None:
    # Given the environment of the operator's container
    (container,) = of_kind(NAMESPACES, "Deployment")[0]["spec"]["template"]["spec"]["containers"]
    environment = Asked({entry["name"]: entry["value"] for entry in container["env"]})
    # When the operator reads its settings
    settings = Settings.from_env(environment)
    # Then it finds the values, and nothing is set in vain
    assert settings.watch_namespaces == ("team-a", "team-b")
    assert environment.keys() <= environment.names
    (port,) = container["ports"]
    assert settings.http_port == port["containerPort"]


def test_the_chart_installs_the_schema_as_it_is_and_keeps_it() -> None:
    (crd,) = of_kind(CLUSTER_WIDE, "CustomResourceDefinition")

    assert crd["spec"] == load()["spec"]
    assert crd["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_given_crds_that_go_with_the_release_then_a_check_comes_before_its_deletion() -> None:
    # Given crds.keep=false, Then nothing keeps the schema
    (crd,) = of_kind(NAMESPACES, "CustomResourceDefinition")
    assert "annotations" not in crd["metadata"]
    # And a hook stands before its deletion, whose words the user sees
    (check,) = of_kind(NAMESPACES, "Job")
    assert check["metadata"]["annotations"]["helm.sh/hook"] == "pre-delete"
    assert check["metadata"]["annotations"]["helm.sh/hook-output-log-policy"] == "hook-failed"
    # And where the schema stays there is none
    assert of_kind(CLUSTER_WIDE, "Job") == []


def closed(node: dict[str, Any], values: dict[str, Any], path: str = "") -> list[str]:
    """Paths of mappings with fixed keys in values.yaml whose schema would let a typo through."""
    open_here = [] if node.get("additionalProperties") is False else [path]
    inner = [
        closed(node["properties"][key], value, f"{path}.{key}")
        for key, value in values.items()
        if isinstance(value, dict) and value and "properties" in node["properties"][key]
    ]
    return open_here + [found for list_of in inner for found in list_of]


def test_the_schema_of_the_values_knows_every_value_and_nothing_else() -> None:
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    assert set(schema["properties"]) == {*values, "global"}
    assert closed(schema, values) == []


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        pytest.param("replicas=2", "replicas", id="a value that does not exist"),
        pytest.param("crds.kept=false", "kept", id="a typo below a value"),
        pytest.param("logLevel=LOUD", "logLevel", id="a level that does not exist"),
        pytest.param("image.digest=abc", "digest", id="half a digest"),
        pytest.param("image.registry=", "image.registry is empty", id="no registry"),
        pytest.param("networkPolicy.enabled=true", "list the namespaces", id="no namespaces"),
        pytest.param("serviceAccount.create=false", "serviceAccount.name", id="no account"),
    ],
)
def test_wrong_values_are_refused_with_their_name(setting: str, words: str) -> None:
    with pytest.raises(HelmError, match=words):
        render(CLUSTER_WIDE, "--set", setting)

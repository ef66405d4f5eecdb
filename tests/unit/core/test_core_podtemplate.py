"""The user's podTemplate over ours: what merges, what replaces, what is refused."""

from typing import Any

import pytest

from workqueue_operator.core.podtemplate import merge

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("ours", "theirs", "merged"),
    [
        pytest.param({"a": 1}, {}, {"a": 1}, id="nothing over something"),
        pytest.param({"a": 1}, {"b": 2}, {"a": 1, "b": 2}, id="maps take what is new"),
        pytest.param({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}, id="maps merge"),
        pytest.param({"a": 1}, {"a": 2}, {"a": 2}, id="a value replaces a value"),
        pytest.param({"a": {"b": 1}}, {"a": None}, {"a": None}, id="null replaces a map"),
        pytest.param(
            {"drop": ["ALL"]},
            {"drop": ["NET_RAW"]},
            {"drop": ["NET_RAW"]},
            id="plain lists replace",
        ),
        pytest.param(
            {"containers": [{"name": "worker", "image": "a"}]},
            {"containers": [{"name": "proxy"}, {"name": "worker", "tty": True}]},
            {"containers": [{"name": "worker", "image": "a", "tty": True}, {"name": "proxy"}]},
            id="named lists merge by name, ours first",
        ),
        pytest.param(
            {"containers": [{"name": "worker"}]},
            {"containers": []},
            {"containers": [{"name": "worker"}]},
            id="an empty list takes nothing away",
        ),
        pytest.param(
            {"volumeMounts": [{"name": "tmp", "mountPath": "/scratch"}]},
            {
                "volumeMounts": [
                    {"name": "data", "mountPath": "/a"},
                    {"name": "data", "mountPath": "/b"},
                    {"name": "tmp", "mountPath": "/cache"},
                ]
            },
            {
                "volumeMounts": [
                    {"name": "tmp", "mountPath": "/scratch"},
                    {"name": "data", "mountPath": "/a"},
                    {"name": "data", "mountPath": "/b"},
                    {"name": "tmp", "mountPath": "/cache"},
                ]
            },
            id="mounts merge by path: one volume may be mounted many times",
        ),
        pytest.param(
            {"volumeMounts": [{"name": "tmp", "mountPath": "/scratch"}]},
            {"volumeMounts": [{"name": "big", "mountPath": "/scratch"}]},
            {"volumeMounts": [{"name": "big", "mountPath": "/scratch"}]},
            id="another volume in the place of ours",
        ),
        pytest.param(
            {"ports": [{"name": "probes", "containerPort": 9400}]},
            {"ports": [{"containerPort": 8080}]},
            {"ports": [{"name": "probes", "containerPort": 9400}, {"containerPort": 8080}]},
            id="ports merge by number, a name is not needed",
        ),
        pytest.param(
            {"volumes": [{"name": "tmp", "emptyDir": {}}]},
            {"volumes": [{"name": "tmp", "persistentVolumeClaim": {"claimName": "big"}}]},
            {"volumes": [{"name": "tmp", "persistentVolumeClaim": {"claimName": "big"}}]},
            id="a volume has one source, so theirs takes its place",
        ),
    ],
)
def test_merge(ours: Json, theirs: Json, merged: Json) -> None:
    assert merge(ours, theirs) == merged


def test_merging_changes_neither_side() -> None:
    ours, theirs = {"a": {"b": [1]}}, {"a": {"c": 2}}

    merge(ours, theirs)["a"]["d"] = 3

    assert (ours, theirs) == ({"a": {"b": [1]}}, {"a": {"c": 2}})

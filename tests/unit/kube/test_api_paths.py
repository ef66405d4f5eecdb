"""Paths of the REST API."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_operator.cluster.paths import APPS, CORE, collection, item
from workqueue_operator.core.errors import ApiError


@pytest.mark.parametrize(
    ("namespace", "path"),
    [
        pytest.param("team", "/apis/apps/v1/namespaces/team/deployments", id="one namespace"),
        pytest.param(None, "/apis/apps/v1/deployments", id="the whole cluster"),
    ],
)
def test_a_collection_is_in_a_namespace_or_in_the_cluster(namespace: str | None, path: str) -> None:
    assert collection(APPS, namespace, "deployments") == path


@given(name=st.text(min_size=1).filter(lambda text: text not in {".", ".."}))
def test_no_name_leaves_its_place_in_the_path(name: str) -> None:
    path = item(CORE, "team", "secrets", name)

    assert path.startswith("/api/v1/namespaces/team/secrets/")
    assert path.count("/") == 6
    assert not set(path) & set("?#")


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_would_be_another_path_is_refused(name: str) -> None:
    with pytest.raises(ApiError, match="no object can have the name"):
        item(CORE, "team", "secrets", name)

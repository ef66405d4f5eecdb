"""Stories are told on the real cluster, by the operator that the chart installed."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from kit.kube import Kube
from kit.ledger import Ledger
from kit.operating import Operator
from kit.rabbit import Broker
from kit.story import Story

STORY_SECONDS = 400


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A story takes its time; one that hangs is ended all the same."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(STORY_SECONDS))


@pytest.fixture(scope="session")
def operator(kubeconfig: Path) -> Operator:
    """Installed once for all stories."""
    return Operator.install(kubeconfig)


@pytest.fixture
def bare_story(operator: Operator, kube: Kube, broker: Broker, images: Mapping[str, str]) -> Story:
    """The same without a ledger: a story in which nobody works."""
    assert operator.pods()
    return Story(kube, broker, images, Ledger(kube, images["worker"]), bare=True).settle()


@pytest.fixture
def story(operator: Operator, kube: Kube, broker: Broker, images: Mapping[str, str]) -> Story:
    """A story of its own: namespace, vhost, Secret and ledger."""
    assert operator.pods()
    return Story(kube, broker, images, Ledger(kube, images["worker"])).begin()

"""A stage for every story."""

import pytest

from unit.controller.rig import Rig


@pytest.fixture
def rig() -> Rig:
    """Nothing on it yet, but a broker and the Secret that leads there."""
    return Rig()

"""Scenes for the sweep, whose loops are closed at the end."""

from collections.abc import Callable, Iterator

import pytest

from unit.broker.short_broker import Scene

MakeScene = Callable[..., Scene]


def makers(*, pipes: bool) -> Iterator[MakeScene]:
    """Makes scenes, and closes their loops."""
    scenes: list[Scene] = []

    def make(*, answer_seconds: float = 5.0, channel_max: int = 2047) -> Scene:
        scenes.append(Scene(pipes=pipes, answer_seconds=answer_seconds, channel_max=channel_max))
        return scenes[-1]

    yield make
    for scene in scenes:
        scene.loop.close()


@pytest.fixture
def scene_of() -> Iterator[MakeScene]:
    """With one question per channel."""
    yield from makers(pipes=False)


@pytest.fixture
def piping_scene_of() -> Iterator[MakeScene]:
    """With many."""
    yield from makers(pipes=True)

"""Changed files are noticed soon and cheaply, and wrong ones are not tried in a tight loop."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kit.certificates import mount
from workqueue_worker import renewal
from workqueue_worker.credentials import fingerprint
from workqueue_worker.renewal import LOOK_SECONDS, Renewal


@dataclass
class Files:
    """What is mounted, a clock, and how often somebody looked."""

    mounted: str = "old"
    now: float = 100.0
    looks: int = 0
    renewal: Renewal = field(init=False)

    def __post_init__(self) -> None:
        self.renewal = Renewal(self.look, now=lambda: self.now)

    def look(self) -> str:
        self.looks += 1
        return self.mounted

    def connect(self, *, works: bool = True) -> None:
        self.renewal.connecting()
        if works:
            self.renewal.connected()
        else:
            self.renewal.refused()

    def due_within(self, seconds: float) -> bool:
        for _ in range(int(seconds / 0.2)):
            self.now += 0.2
            if self.renewal.due():
                return True
        return False


def test_nothing_is_due_while_the_files_stay_and_a_look_is_rare() -> None:
    files = Files()
    files.connect()
    files.looks = 0

    assert not files.due_within(30)
    assert files.looks <= 30 / LOOK_SECONDS + 1


def test_changed_files_are_due_soon_and_no_more_once_they_are_in_use() -> None:
    files = Files()
    files.connect()

    files.mounted = "new"
    assert files.due_within(2 * LOOK_SECONDS)
    files.connect()

    assert not files.due_within(30)


def test_nothing_is_due_before_there_is_a_connection_to_replace() -> None:
    files = Files()
    files.connect(works=False)
    files.mounted = "new"

    assert not files.due_within(60)


def test_wrong_files_are_tried_again_after_a_while_and_ever_more_rarely() -> None:
    # Given a connection, and files that the broker refuses
    files = Files()
    files.connect()
    files.mounted = "wrong"
    assert files.due_within(2 * LOOK_SECONDS)
    # When they stay
    tries = 0
    for _ in range(10):
        files.connect(works=False)
        tries += files.due_within(60)
    # Then each is tried again, and ten tries took more than two minutes
    assert tries == 10
    assert files.now > 100 + 120


def test_files_that_change_once_more_are_tried_at_once() -> None:
    files = Files()
    files.connect()
    files.mounted = "wrong"
    for _ in range(6):
        assert files.due_within(60)
        files.connect(works=False)

    files.mounted = "right"
    assert files.due_within(2 * LOOK_SECONDS)
    files.connect()
    assert not files.due_within(30)


def test_the_old_files_put_back_need_no_connection() -> None:
    files = Files()
    files.connect()
    files.mounted = "wrong"
    assert files.due_within(2 * LOOK_SECONDS)
    files.connect(works=False)

    files.mounted = "old"
    assert not files.due_within(120)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"password": "new"}, id="another password"),
        pytest.param({"uri": "amqp://u:p@h"}, id="a uri, which wins"),
        pytest.param({"ca.crt": "new"}, id="another authority"),
        pytest.param({"tls.key": "new"}, id="another key"),
    ],
)
def test_a_change_of_any_file_that_counts_is_seen(tmp_path: Path, changed: dict[str, str]) -> None:
    broker, tls = {"host": "h", "password": "old"}, {"ca.crt": "old"}
    mount(tmp_path / "broker", broker)
    mount(tmp_path / "tls", tls)
    before = fingerprint(tmp_path / "broker", tmp_path / "tls")

    mount(tmp_path / "broker", broker | {"other": "new"})
    assert fingerprint(tmp_path / "broker", tmp_path / "tls") == before
    mount(tmp_path / "broker", broker | changed)
    mount(tmp_path / "tls", tls | changed)

    assert fingerprint(tmp_path / "broker", tmp_path / "tls") != before
    assert "old" not in before


def test_a_connection_is_tried_before_the_files_are_read_for_it() -> None:
    # Given files that change while a connection is being made with them
    files = Files()
    files.renewal.connecting()
    files.mounted = "new"
    files.renewal.connected()
    # Then that is seen afterwards
    assert files.due_within(2 * LOOK_SECONDS)
    assert renewal.LOOK_SECONDS <= 5

"""What the sink was told, for a test that waits for it."""

import threading
import time
from collections.abc import Callable, Mapping

from kit.kube import patient
from workqueue_operator.broker.monitors import RabbitMonitors
from workqueue_operator.core.access import Access
from workqueue_operator.core.readings import Known, Reading, Unknown


class Told:
    """Monitors, and a sink that remembers every reading of each queue and all sizes."""

    def __init__(self) -> None:
        self.monitors = RabbitMonitors(self)
        self._changed = threading.Condition()
        self.last: dict[tuple[str, str], Reading] = {}
        self.all: dict[tuple[str, str], list[Reading]] = {}
        self.sizes: list[int] = []

    def __call__(self, access: Access, readings: Mapping[str, Reading]) -> None:
        with self._changed:
            for queue, reading in readings.items():
                self.last[access.address, queue] = reading
                self.all.setdefault((access.address, queue), []).append(reading)
            self.sizes.append(len(readings))
            self._changed.notify_all()

    def wait(
        self,
        access: Access,
        queue: str,
        expected: Callable[[Reading], bool],
        *,
        seconds: float,
        since: float | None = None,
    ) -> Reading:
        """The first reading from now on (or since a monotonic time) that is as expected.

        One that lasts for a moment only, and is followed by another, counts as well.
        """
        begun = time.monotonic() if since is None else since
        key = access.address, queue

        def there() -> Reading | None:
            told = (one for one in self.all.get(key, ()) if one.at >= begun)
            return next((one for one in told if expected(one)), None)

        with self._changed:
            found = self._changed.wait_for(there, patient(seconds))
            assert found, f"told {self.last.get(key)}"
            return found

    def known(self, access: Access, queue: str, *, seconds: float = 5) -> Known:
        """The next Known reading."""
        reading = self.wait(access, queue, lambda one: isinstance(one, Known), seconds=seconds)
        assert isinstance(reading, Known)
        return reading


def unknown(*reasons: str) -> Callable[[Reading], bool]:
    return lambda reading: isinstance(reading, Unknown) and reading.reason in reasons


def ready(count: int) -> Callable[[Reading], bool]:
    return lambda reading: isinstance(reading, Known) and reading.ready == count

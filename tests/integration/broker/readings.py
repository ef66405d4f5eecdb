"""What the sink was told, for a test that waits for it."""

import threading
import time
from collections.abc import Callable, Mapping

from workqueue_operator.broker.monitors import RabbitMonitors
from workqueue_operator.core.access import Access
from workqueue_operator.core.readings import Known, Reading, Unknown


class Told:
    """Monitors, and a sink that remembers the last reading of each queue and all sizes."""

    def __init__(self) -> None:
        self.monitors = RabbitMonitors(self)
        self._changed = threading.Condition()
        self.last: dict[tuple[str, str], Reading] = {}
        self.sizes: list[int] = []

    def __call__(self, access: Access, readings: Mapping[str, Reading]) -> None:
        with self._changed:
            for queue, reading in readings.items():
                self.last[access.address, queue] = reading
            self.sizes.append(len(readings))
            self._changed.notify_all()

    def wait(
        self, access: Access, queue: str, expected: Callable[[Reading], bool], *, seconds: float
    ) -> Reading:
        """The first reading from now on that is as expected."""
        begun = time.monotonic()
        key = access.address, queue

        def there() -> bool:
            reading = self.last.get(key)
            return reading is not None and reading.at >= begun and expected(reading)

        with self._changed:
            assert self._changed.wait_for(there, seconds), f"told {self.last.get(key)}"
            return self.last[key]

    def known(self, access: Access, queue: str, *, seconds: float = 5) -> Known:
        """The next Known reading."""
        reading = self.wait(access, queue, lambda one: isinstance(one, Known), seconds=seconds)
        assert isinstance(reading, Known)
        return reading


def unknown(*reasons: str) -> Callable[[Reading], bool]:
    return lambda reading: isinstance(reading, Unknown) and reading.reason in reasons


def ready(count: int) -> Callable[[Reading], bool]:
    return lambda reading: isinstance(reading, Known) and reading.ready == count

"""A trace from a file: what is read, and what is said of a file that is none."""

import pytest

from unit.simulation.days import at_once, trace
from workqueue_operator.simulation.traces import Trace, TraceError, read_csv


def read(text: str) -> Trace:
    return read_csv(text.splitlines(keepends=True), name="tasks.csv")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("arrival_seconds,duration_seconds\n0,2\n1.5,3\n", id="as it should be"),
        pytest.param("arrival_seconds,duration_seconds\n7,2\n8.5,3\n", id="counted from 7"),
        pytest.param("arrival_seconds,duration_seconds\n1.5,3\n0,2\n", id="out of order"),
        pytest.param("duration_seconds,arrival_seconds\n2,0\n3,1.5\n", id="columns swapped"),
        pytest.param("id,arrival_seconds,duration_seconds\na,0,2\nb,1.5,3", id="one column more"),
        pytest.param("arrival_seconds, duration_seconds\n\n0, 2\n\n1.5, 3\n", id="blanks"),
        pytest.param("\ufeffarrival_seconds,duration_seconds\r\n0,2\r\n1.5,3\r\n", id="Windows"),
    ],
)
def test_a_file_is_read(text: str) -> None:
    day = read(text)

    assert day.arrivals == [0, 1.5]
    assert day.durations == [2, 3]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", "line 1: the header is ''", id="an empty file"),
        pytest.param(
            "0,1\n",
            "line 1: the header is '0,1': write arrival_seconds,duration_seconds",
            id="no header",
        ),
        pytest.param(
            "arrival_seconds,duration_seconds\n",
            "line 2: there is no task: one line each, as in 0.5,12",
            id="no task",
        ),
        pytest.param(
            "arrival_seconds,duration_seconds\n0,1\n5,soon\n",
            "line 3: 'soon' is no number: write seconds, as in 0.5",
            id="a word",
        ),
        pytest.param(
            "arrival_seconds,duration_seconds\n0\n",
            "line 2: there is no number in column 2: write seconds",
            id="a short line",
        ),
        pytest.param(
            "arrival_seconds,duration_seconds\n0,nan\n", "line 2: 'nan' is no number", id="nan"
        ),
        pytest.param(
            "arrival_seconds,duration_seconds\n0,1\n\n1,-2\n",
            "line 4: duration_seconds is -2: a task takes 0 s or more",
            id="a negative duration, and blank lines count",
        ),
    ],
)
def test_what_is_no_trace_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(TraceError) as refused:
        read(text)

    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("day", "workers"),
    [
        pytest.param(trace((0, 20), (1, 4), (2, 4), (10, 4)), 4, id="rounded up"),
        pytest.param(trace((0, 1), (100, 1)), 1, id="at least one"),
        pytest.param(at_once(5, seconds=10), 5, id="all at once: one for each"),
        pytest.param(trace((0, 10), (1e-300, 10)), 2, id="all nearly at once: no more than tasks"),
    ],
)
def test_the_mean_need_of_a_trace(day: Trace, workers: int) -> None:
    assert day.mean_workers == workers

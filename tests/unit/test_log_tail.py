"""Following logs and metrics: nothing twice, nothing lost."""

from __future__ import annotations

from fateflow_tui.sdk.streaming import LogTail, MetricTail, TaskKey
from fateflow_tui.sdk.types import Event, LogLine, MetricPoints, Series

LINES = [LogLine(1_000 + 100 * number, f"line {number // 2}") for number in range(100)]


def test_after_a_reconnection_only_new_lines_are_new() -> None:
    tail = LogTail(0)
    assert [line for line in LINES[:60] if tail.is_new(line)] == LINES[:60]
    assert tail.since == LINES[59].at - 2_000
    tail.reconnect()
    again = [line for line in LINES if line.at >= tail.since]
    assert [line for line in again if tail.is_new(line)] == LINES[60:]


def test_equal_lines_are_counted() -> None:
    tail, line = LogTail(0), LogLine(5_000, "again")
    assert [tail.is_new(line) for _ in range(3)] == [True] * 3
    tail.reconnect()
    assert [tail.is_new(line) for _ in range(4)] == [False, False, False, True]
    tail.reconnect()
    assert [tail.is_new(line) for _ in range(5)] == [False] * 4 + [True]


def test_it_never_continues_before_its_start() -> None:
    tail = LogTail(7_000)
    assert tail.since == 7_000
    tail.is_new(LogLine(7_500, "first"))
    assert tail.since == 7_000, "not earlier than what was asked for"


def test_old_lines_of_a_long_log_are_dropped() -> None:
    tail = LogTail(0)
    for number in range(20_000):
        tail.is_new(LogLine(number * 10, f"line {number}"))
    assert len(tail._known) < 3_000


LR = TaskKey("guest:9999", "hetero_lr_0")


def appended(count: int, *points: list[float], version: int = 0, meta: dict[str, str] | None = None) -> Event:
    data = {"party": LR.party, "component": LR.component, "version": version, "namespace": "train", "name": "loss"}
    return Event(1, 0, "metrics", "j", {**data, "points": list(points), "count": count, "meta": meta or {}})


def read(tail: MetricTail, *values: float) -> list[MetricPoints]:
    data = [[index, value] for index, value in enumerate(values)]
    return list(tail.new_points(LR, {"train": {"loss": Series(data, {"name": "loss"})}}))


def test_points_are_taken_from_the_events_after_one_read_per_run() -> None:
    tail = MetricTail()
    assert tail.take(appended(1, [0, 0.7])) == ([], [LR])
    assert [found.points for found in read(tail, 0.7)] == [[[0, 0.7]]]
    [points], tasks = tail.take(appended(2, [1, 0.6], meta={"unit": "x"}))
    assert (points.points, points.meta, tasks) == ([[1, 0.6]], {"name": "loss", "unit": "x"}, [])


def test_points_that_the_read_had_already_are_not_repeated() -> None:
    tail = MetricTail()
    tail.take(appended(1, [0, 0.7]))
    read(tail, 0.7, 0.6, 0.5)
    assert tail.take(appended(3, [1, 0.6], [2, 0.5])) == ([], [])
    [points], _ = tail.take(appended(4, [2, 0.5], [3, 0.4]))
    assert points.points == [[3, 0.4]]


def test_a_gap_and_a_new_run_are_read_whole() -> None:
    tail = MetricTail()
    tail.take(appended(1, [0, 0.7]))
    read(tail, 0.7)
    assert tail.take(appended(9, [8, 0.1])) == ([], [LR])
    read(tail, *[0.1] * 9)
    assert tail.take(appended(1, [0, 0.9], version=1)) == ([], [LR])
    assert [found.points for found in read(tail, 0.9, 0.8)] == [[[0, 0.9], [1, 0.8]]]


def test_only_what_is_selected_is_taken() -> None:
    assert MetricTail("dataio_0").take(appended(1, [0, 0.7])) == ([], [])
    assert MetricTail("", "host:10000").take(appended(1, [0, 0.7])) == ([], [])

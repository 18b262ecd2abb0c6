"""Following a log over reconnections: no line twice, none lost."""

from __future__ import annotations

from fateflow_tui.sdk.streaming import LogTail
from fateflow_tui.sdk.types import LogLine

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

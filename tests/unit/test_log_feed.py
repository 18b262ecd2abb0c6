"""A log that is followed over breaks: nothing twice, nothing lost."""

from __future__ import annotations

from fateflow_tui.sdk.streaming import LogFeed
from fateflow_tui.sdk.types import LogLine

LINES = [LogLine(1_000 + 100 * number, f"line {number // 2}") for number in range(100)]


def test_after_a_break_only_what_is_new_comes() -> None:
    feed = LogFeed(0)
    assert [line for line in LINES[:60] if feed.is_new(line)] == LINES[:60]
    assert feed.since == LINES[59].at - 2_000
    feed.reconnect()
    again = [line for line in LINES if line.at >= feed.since]
    assert [line for line in again if feed.is_new(line)] == LINES[60:]


def test_equal_lines_are_each_told_as_often_as_they_were_written() -> None:
    feed, line = LogFeed(0), LogLine(5_000, "again")
    assert [feed.is_new(line) for _ in range(3)] == [True] * 3
    feed.reconnect()
    assert [feed.is_new(line) for _ in range(4)] == [False, False, False, True]
    feed.reconnect()
    assert [feed.is_new(line) for _ in range(5)] == [False] * 4 + [True]


def test_it_goes_on_where_it_was_told_to_begin_as_long_as_nothing_came() -> None:
    feed = LogFeed(7_000)
    assert feed.since == 7_000
    feed.is_new(LogLine(7_500, "first"))
    assert feed.since == 7_000, "not earlier than what was asked for"


def test_a_long_log_is_not_remembered_whole() -> None:
    feed = LogFeed(0)
    for number in range(20_000):
        feed.is_new(LogLine(number * 10, f"line {number}"))
    assert len(feed._known) < 3_000

"""Logs: FATE's files, lines that merge by time, cursors that never lose or repeat a record."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from fateflow_tui.artifacts import logs
from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.logs import (
    Cursor,
    JobLog,
    TaskLogHandler,
    end_cursor,
    format_line,
    last_lines,
    tail,
    time_cursor,
)
from fateflow_tui.core.ids import Party

GUEST = Party("guest", "9999")


def line(second: int, message: str, party: str = "guest:9999") -> str:
    return format_line(1_800_000_000 + second, "INFO", party, "lr_0", message)


def messages(path: Path) -> list[str]:
    return [record.message for record in tail([path])[0]]


def test_each_level_has_its_file_and_the_worse_ones_in_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    handler = TaskLogHandler(home, "1", GUEST, "lr_0")
    log = logging.Logger("test")
    log.addHandler(handler)
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        log.log(level, "at %s", level)
    handler.close()

    directory = home.task_logs("1", GUEST, "lr_0")
    assert directory == tmp_path / "logs" / "1" / "guest" / "9999" / "lr_0"
    for place in (directory, directory.parent):
        assert messages(place / "DEBUG.log") == ["at 10", "at 20", "at 30", "at 40", "at 50"]
        assert messages(place / "INFO.log") == ["at 20", "at 30", "at 40", "at 50"]
        assert messages(place / "WARNING.log") == ["at 30", "at 40", "at 50"]
        assert messages(place / "ERROR.log") == ["at 40", "at 50"]


def test_the_schedulers_lines_about_a_job(tmp_path: Path) -> None:
    log = JobLog(Home(tmp_path), "1")
    log.write(1_800_000_000.5, "INFO", "submitted")
    log.write(1_800_000_001, "ERROR", "host:10000 refused", party="host:10000", component="lr_0")
    log.close()
    records, _ = tail([tmp_path / "logs" / "1" / "fate_flow_schedule.log"])
    assert [(r.at, r.level, r.party, r.component, r.message) for r in records] == [
        (1_800_000_000_500, "INFO", "", "", "submitted"),
        (1_800_000_001_000, "ERROR", "host:10000", "lr_0", "host:10000 refused"),
    ]
    assert messages(tmp_path / "logs" / "1" / "fate_flow_schedule_error.log") == ["host:10000 refused"]


def test_logs_merge_by_time_and_tracebacks_stay_whole(tmp_path: Path) -> None:
    guest, host, missing = tmp_path / "guest.log", tmp_path / "host.log", tmp_path / "missing.log"
    guest.write_text(line(1, "one") + line(3, "three\nTraceback (most recent call last):\n  File x") + line(5, "five"))
    host.write_text("a library speaks\n" + line(2, "two", "host:10000") + line(4, "four", "host:10000"))
    records, cursors = tail([guest, host, missing])
    assert [record.message.split("\n")[0] for record in records] == [
        "a library speaks",
        "one",
        "two",
        "three",
        "four",
        "five",
    ]
    assert records[3].text.endswith("\n  File x")
    assert cursors[missing] == Cursor()

    with host.open("a") as file:
        file.write(line(6, "six", "host:10000") + line(7, "torn")[:-1])
    records, cursors = tail([guest, host, missing], cursors)
    assert [record.message for record in records] == ["six"]
    with host.open("a") as file:
        file.write("\n")
    missing.write_text(line(6, "late"))
    records, cursors = tail([guest, host, missing], cursors)
    assert [record.message for record in records] == ["late", "torn"]
    assert tail([guest, host, missing], cursors)[0] == []


def test_a_file_that_became_shorter_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text(line(1, "long ago, and rather long, too"))
    _, cursors = tail([path])
    path.write_text(line(2, "new"))
    assert [record.message for record in tail([path], cursors)[0]] == ["new"]


def test_looks_are_bounded_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    expected = [f"number {i}" for i in range(200)] + ["x" * 5000, "end"]
    path.write_text("".join(line(i, text) for i, text in enumerate(expected)))
    seen, cursors = tail([path], limit=1000)
    for _ in range(200):
        more, cursors = tail([path], cursors, limit=1000)
        seen += more
    assert [record.message for record in seen[:200]] == expected[:200]
    assert "".join(record.text for record in seen[200:-1]) == line(200, "x" * 5000)[:-1]
    assert seen[-1].message == "end"


def test_the_last_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    assert last_lines(path, 3) == []
    path.write_text("".join(line(i, f"number {i}") for i in range(500)))
    assert [text.rpartition(" ")[2] for text in last_lines(path, 3)] == ["497", "498", "499"]
    assert len(last_lines(path, 1000)) == 500
    records, _ = tail([path], {path: end_cursor(path, 2)})
    assert [record.message for record in records] == ["number 498", "number 499"]


def test_lines_that_only_look_like_ours(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("2026 INFO a b | c\nno bar\n9999-99-99T00:00:00 INFO a b | c\n")
    assert [(record.level, record.text.split()[0]) for record in tail([path])[0]] == [
        ("", "2026"),
        ("", "no"),
        ("", "9999-99-99T00:00:00"),
    ]


@pytest.mark.parametrize("text", ["", "ends with bar | ", "ünï\udc80code", "a\nb"])
def test_any_message_survives(tmp_path: Path, text: str) -> None:
    home = Home(tmp_path)
    log = JobLog(home, "1")
    log.write(1, "INFO", text)
    log.close()
    [record] = logs.tail([tmp_path / "logs" / "1" / "fate_flow_schedule.log"])[0]
    assert record.message == text.encode(errors="backslashreplace").decode()


def test_a_time_is_found_in_a_large_file_without_reading_it_all(tmp_path: Path) -> None:
    path = tmp_path / "INFO.log"
    with path.open("w") as file:
        for second in range(20_000):
            file.write(format_line(1_700_000_000 + second, "INFO", "guest:1", "a", f"line {second}\nmore of it"))
    for second in (0, 1, 7_777, 19_999):
        wanted = (1_700_000_000 + second) * 1000
        cursor = time_cursor(path, wanted)
        records, _ = tail([path], {path: cursor})
        newer = [record.message for record in records if record.at >= wanted]
        assert newer[0] == f"line {second}\nmore of it"
        assert len(records) - len(newer) < 2_000, "too many older ones came along"
    assert time_cursor(path, 1_800_000_000_000).offset > 0.9 * path.stat().st_size
    assert time_cursor(tmp_path / "absent.log", 5) == Cursor()


def test_what_was_written_before_a_rotation_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "fate_flow.log"
    path.write_text("".join(format_line(100 + number, "INFO", "", "", f"old {number}") for number in range(5)))
    _, cursors = tail([path])
    with path.open("a") as file:
        file.write(format_line(200, "INFO", "", "", "last words"))
    path.rename(tmp_path / "fate_flow.log.1")
    path.write_text(format_line(201, "INFO", "", "", "new"))
    records, cursors = tail([path], cursors)
    assert [record.message for record in records] == ["last words", "new"]
    assert tail([path], cursors)[0] == []


def test_lines_without_a_time_have_that_of_their_file(tmp_path: Path) -> None:
    path = tmp_path / "std.log"
    path.write_text("printed by a library\n")
    os.utime(path, (300, 300))
    records, cursors = tail([path])
    assert [(record.at, record.text) for record in records] == [(300_000, "printed by a library")]
    with path.open("a") as file:
        file.write("and more\n")
    os.utime(path, (400, 400))
    assert [record.at for record in tail([path], cursors)[0]] == [400_000]

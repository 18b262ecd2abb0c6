"""Logs by line numbers, as FATE-Board asks for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fateflow_tui.artifacts.home import Home
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.server.fate.board import MAX_LINES, LogFileRequest, line_count, lines


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("jobSchedule", "fate_flow_schedule.log"),
        ("jobScheduleError", "fate_flow_schedule_error.log"),
        ("partyError", "guest/9999/ERROR.log"),
        ("partyWarning", "guest/9999/WARNING.log"),
        ("partyInfo", "guest/9999/INFO.log"),
        ("partyDebug", "guest/9999/DEBUG.log"),
        ("componentInfo", "guest/9999/reader_0/INFO.log"),
    ],
)
def test_each_type_is_a_file(tmp_path: Path, kind: str, place: str) -> None:
    body = LogFileRequest(
        {"job_id": "1", "log_type": kind, "role": "guest", "party_id": 9999, "component_name": "reader_0"}
    )
    assert body.path(Home(tmp_path), "1") == tmp_path / "logs" / "1" / place


@pytest.mark.parametrize(
    "members",
    [
        {"log_type": "std"},
        {"log_type": "partyInfo"},
        {"log_type": "partyInfo", "role": "guest", "party_id": "../.."},
        {"log_type": "componentInfo", "role": "guest", "party_id": 1},
        {"log_type": "componentInfo", "role": "guest", "party_id": 1, "component_name": "../x"},
    ],
)
def test_other_types_and_places_outside_are_refused(tmp_path: Path, members: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        LogFileRequest({"job_id": "1", **members}).path(Home(tmp_path), "1")


def test_lines_are_counted_from_one_and_both_ends_are_included(tmp_path: Path) -> None:
    path = tmp_path / "INFO.log"
    path.write_bytes(b"".join(b"line %d\n" % number for number in range(1, 11)) + b"half")
    assert line_count(path) == 10
    assert [line["content"] for line in lines(path, 3, 5)] == ["line 3", "line 4", "line 5"]
    assert lines(path, 10, 99) == [{"line_num": 10, "content": "line 10"}]
    assert lines(path, 0, 1) == [{"line_num": 1, "content": "line 1"}]
    assert len(lines(path, 1, 0)) == 10
    assert lines(path, 11, 20) == lines(path, 50, 60) == lines(path, 5, 4) == []


def test_an_answer_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "INFO.log"
    path.write_bytes(b"x\n" * (2 * MAX_LINES))
    assert len(lines(path, 1, 0)) == MAX_LINES
    assert lines(path, MAX_LINES + 1, 0)[0]["line_num"] == MAX_LINES + 1
    path.write_bytes((b"y" * (3 << 20) + b"\n") * 3)
    long = lines(path, 1, 3)
    assert [line["line_num"] for line in long] == [1, 2]
    assert sum(len(str(line["content"])) for line in long) <= 5 << 20
    assert lines(path, 3, 3)[0]["line_num"] == 3


def test_a_log_that_was_not_begun_is_empty(tmp_path: Path) -> None:
    assert line_count(tmp_path / "ERROR.log") == 0
    assert lines(tmp_path / "ERROR.log", 1, 10) == []

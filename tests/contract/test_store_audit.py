"""The audit trail: complete lines, one file per day, many writers."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from fateflow_tui.store.audit import AuditTrail

NEW_YEAR = 1_767_225_600_000  # 2026-01-01T00:00:00Z in ms


def test_entries_come_back_by_day(tmp_path: Path) -> None:
    trail = AuditTrail(tmp_path)
    assert trail.days() == []
    trail.add(NEW_YEAR - 1, {"what": "PartyTrusted", "party": "host:10000"})
    trail.add(NEW_YEAR, {"what": "RequestRefused", "原因": "过期"})
    assert trail.days() == ["20260101", "20251231"]
    assert list(trail.entries("20251231")) == [{"at": NEW_YEAR - 1, "what": "PartyTrusted", "party": "host:10000"}]
    assert list(trail.entries("20260101")) == [{"at": NEW_YEAR, "what": "RequestRefused", "原因": "过期"}]
    assert list(trail.entries("20260102")) == []


def test_a_line_cut_short_costs_only_itself(tmp_path: Path) -> None:
    trail = AuditTrail(tmp_path)
    trail.add(NEW_YEAR, {"n": 1})
    path = tmp_path / "audit" / "20260101.jsonl"
    path.write_bytes(path.read_bytes() + b'{"at": 17')
    trail.add(NEW_YEAR, {"n": 2})
    assert [entry["n"] for entry in trail.entries("20260101")] == [1, 2]


def test_writers_do_not_mix_their_lines(tmp_path: Path) -> None:
    def write(writer: int) -> None:
        trail = AuditTrail(tmp_path)
        for n in range(50):
            trail.add(NEW_YEAR, {"writer": writer, "n": n, "text": "x" * 2_000})

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = list(AuditTrail(tmp_path).entries("20260101"))
    assert len(entries) == 200
    for writer in range(4):
        assert [entry["n"] for entry in entries if entry["writer"] == writer] == list(range(50))


@pytest.mark.parametrize("day", ["", "../x", "2026", "20260101/../x"])
def test_a_day_is_a_day(tmp_path: Path, day: str) -> None:
    with pytest.raises(ValueError, match="yyyymmdd"):
        list(AuditTrail(tmp_path).entries(day))

"""The audit trail of a site: append-only lines, one file per day.

A line survives the end of the process immediately; a power loss may lose the last seconds.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from fateflow_tui.core.files import make_directories

_FILE: Final = re.compile(r"[0-9]{8}\.jsonl")


class AuditTrail:
    """`<home>/audit/<yyyymmdd>.jsonl`, days in UTC. Safe for use by many threads and processes."""

    def __init__(self, home: Path) -> None:
        self._directory = home / "audit"

    def add(self, at: int, entry: Mapping[str, Any]) -> None:
        """Append {"at": ms since the epoch, entry's fields} to the file of that day."""
        line = msgspec.json.encode({"at": at, **entry}) + b"\n"
        path = self._directory / f"{datetime.fromtimestamp(at / 1000, UTC):%Y%m%d}.jsonl"
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags, 0o600)
        except FileNotFoundError:
            make_directories(self._directory, 0o700)
            descriptor = os.open(path, flags, 0o600)
        try:
            # This line must not be joined to one that a power loss cut short.
            end = os.fstat(descriptor).st_size
            if end and os.pread(descriptor, 1, end - 1) != b"\n":
                line = b"\n" + line
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def days(self) -> list[str]:
        """The days that have entries, newest first."""
        if not self._directory.is_dir():
            return []
        return sorted((p.stem for p in self._directory.iterdir() if _FILE.fullmatch(p.name)), reverse=True)

    def entries(self, day: str) -> Iterator[dict[str, Any]]:
        """The day's entries in order; lines that a power loss cut short are omitted. day: yyyymmdd."""
        if not _FILE.fullmatch(f"{day}.jsonl"):
            raise ValueError(f"invalid day {day!r}: expected yyyymmdd")
        path = self._directory / f"{day}.jsonl"
        lines = path.read_bytes().splitlines() if path.exists() else []
        for line in lines:
            try:
                yield msgspec.json.decode(line, type=dict[str, Any])
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue

"""Who did what at this site: lines that are only ever added, one file per day.

A line survives the end of the process at once; a power loss may cost the last seconds.
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
    """`<home>/audit/<yyyymmdd>.jsonl`, days in UTC. Many threads and processes may add to it."""

    def __init__(self, home: Path) -> None:
        self._directory = home / "audit"

    def add(self, at: int, entry: Mapping[str, Any]) -> None:
        """Adds {"at": ms since the epoch, entry's fields} to the file of that day."""
        line = msgspec.json.encode({"at": at, **entry}) + b"\n"
        path = self._directory / f"{datetime.fromtimestamp(at / 1000, UTC):%Y%m%d}.jsonl"
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags, 0o600)
        except FileNotFoundError:
            make_directories(self._directory, 0o700)
            descriptor = os.open(path, flags, 0o600)
        try:
            # A line that a power loss cut short must not swallow this one.
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
        """The day's entries in order; lines that a power loss cut short are left out. day: yyyymmdd."""
        if not _FILE.fullmatch(f"{day}.jsonl"):
            raise ValueError(f"a day is written yyyymmdd, not {day!r}")
        path = self._directory / f"{day}.jsonl"
        lines = path.read_bytes().splitlines() if path.exists() else []
        for line in lines:
            try:
                yield msgspec.json.decode(line, type=dict[str, Any])
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue

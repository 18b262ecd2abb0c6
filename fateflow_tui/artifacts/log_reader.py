"""Reading logs: the records of several files merged by time, and only what is new since the last look."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import msgspec

# Of one file, in one look: bounds memory when somebody begins to follow a huge log.
LOOK_BYTES = 4 << 20


class Cursor(msgspec.Struct, frozen=True):
    """How far a file has been read. offset: bytes. at: time of the last record, ms since the epoch."""

    offset: int = 0
    at: int = 0


class LogRecord(msgspec.Struct, frozen=True):
    """One record. at: ms since the epoch. text: as written, further lines included, without the last newline.

    level, party, component: "" in lines that were not written by us (output of libraries).
    """

    at: int
    text: str
    level: str = ""
    party: str = ""
    component: str = ""

    @property
    def message(self) -> str:
        """What was said, without time, level and origin."""
        return self.text.partition(" | ")[2] if self.level else self.text


def tail(
    paths: Iterable[Path], since: Mapping[Path, Cursor] | None = None, limit: int = LOOK_BYTES
) -> tuple[list[LogRecord], dict[Path, Cursor]]:
    """Records that are new since the cursors, in order of time, and the cursors for the next look.

    A file that does not exist yet has no records; one that has become shorter is read from its beginning. A record
    is taken only once its newline is there. At most `limit` bytes of each file are read.
    """
    cursors: dict[Path, Cursor] = {}
    records: list[LogRecord] = []
    for path in paths:
        new, cursors[path] = _read(path, (since or {}).get(path, Cursor()), limit)
        records.extend(new)
    records.sort(key=lambda record: record.at)
    return records, cursors


def end_cursor(path: Path, lines: int) -> Cursor:
    """The cursor from which a look gives the last `lines` lines of a file, or somewhat more where records are long."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(0, size - lines * 512)
            file.seek(start)
            data = file.read()
    except FileNotFoundError:
        return Cursor()
    if start:
        start += data.find(b"\n") + 1
        data = data[data.find(b"\n") + 1 :]
    for _ in range(data.count(b"\n") - lines):
        cut = data.find(b"\n") + 1
        start += cut
        data = data[cut:]
    return Cursor(start)


def last_lines(path: Path, count: int) -> list[str]:
    """The last lines of a file, at most `count`; [] when it does not exist."""
    records, _ = tail([path], {path: end_cursor(path, count)})
    return [line for record in records for line in record.text.split("\n")][-count:]


def _read(path: Path, cursor: Cursor, limit: int) -> tuple[list[LogRecord], Cursor]:
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            offset = cursor.offset if cursor.offset <= size else 0
            file.seek(offset)
            data = file.read(limit)
    except FileNotFoundError:
        return [], cursor
    end = data.rfind(b"\n") + 1
    if not end and len(data) == limit:
        end = limit  # one line longer than a look
    if not end:
        return [], Cursor(offset, cursor.at)
    records: list[LogRecord] = []
    at = cursor.at
    for line in data[:end].removesuffix(b"\n").decode(errors="replace").split("\n"):
        head = _parse(line)
        if head is not None:
            at = head.at
            records.append(head)
        elif records and records[-1].level:
            records[-1] = msgspec.structs.replace(records[-1], text=f"{records[-1].text}\n{line}")
        else:
            records.append(LogRecord(at, line))
    return records, Cursor(offset + end, at)


def _parse(line: str) -> LogRecord | None:
    head, bar, _ = line.partition(" | ")
    words = head.split()
    if not bar or len(words) != 4 or not line[:4].isdigit():
        return None
    try:
        moment = datetime.fromisoformat(words[0])
    except ValueError:
        return None
    party, component = ("" if word == "-" else word for word in words[2:])
    return LogRecord(round(moment.timestamp() * 1000), line, words[1], party, component)

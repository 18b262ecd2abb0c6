"""Logs of jobs and tasks: writing them, and reading several files merged by time."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.core.ids import Party

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")
SCHEDULE_LOG: Final = "fate_flow_schedule.log"
SCHEDULE_ERROR_LOG: Final = "fate_flow_schedule_error.log"
STD_LOG: Final = "std.log"  # what a worker's libraries print
STACKS: Final = "stacks.txt"  # the stacks of a worker's threads, when it was asked for them


def format_line(seconds: float, level: str, party: str, component: str, message: str) -> str:
    """One record. seconds: since the epoch. An empty party or component is written ``-``."""
    moment = datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="milliseconds")
    return f"{moment} {level:<7} {party or '-'} {component or '-'} | {message}\n"


class LogFile:
    """A file that records are appended to, one write call each; the first record creates it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def append(self, text: str) -> None:
        if self._descriptor is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        os.write(self._descriptor, text.encode(errors="backslashreplace"))

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class TaskLogHandler(logging.Handler):
    """A worker's log: `<LEVEL>.log` has this level and above, in the directories of the task and of its party."""

    def __init__(self, home: Home, job_id: str, party: Party, component: str) -> None:
        super().__init__()
        self.directory = home.task_logs(job_id, party, component)
        self._files = {
            level: [LogFile(place / f"{level}.log") for place in (self.directory, self.directory.parent)]
            for level in LEVELS
        }
        self._party = str(party)
        self._component = component

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
            if record.exc_info:
                message += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
            name = "ERROR" if record.levelno >= logging.ERROR else record.levelname
            line = format_line(record.created, name, self._party, self._component, message)
            for level, files in self._files.items():
                if record.levelno >= logging.getLevelNamesMapping()[level]:
                    for file in files:
                        file.append(line)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        for files in self._files.values():
            for file in files:
                file.close()
        super().close()


class JobLog:
    """The scheduler's own lines about one job; errors also go to a file of their own."""

    def __init__(self, home: Home, job_id: str) -> None:
        directory = home.job_logs(job_id)
        self._all = LogFile(directory / SCHEDULE_LOG)
        self._errors = LogFile(directory / SCHEDULE_ERROR_LOG)

    def write(self, seconds: float, level: str, message: str, *, party: str = "", component: str = "") -> None:
        """level: DEBUG, INFO, WARNING or ERROR. seconds: since the epoch."""
        line = format_line(seconds, level, party, component, message)
        self._all.append(line)
        if level == "ERROR":
            self._errors.append(line)

    def close(self) -> None:
        self._all.close()
        self._errors.close()


# Per file and read: bounds memory when following a huge log begins.
LOOK_BYTES = 4 << 20
_STEP = 64 << 10  # so exactly a time is searched for


class Cursor(msgspec.Struct, frozen=True):
    """How far a file has been read. offset: bytes. at: time of the last record, ms since the epoch."""

    offset: int = 0
    at: int = 0


class LogRecord(msgspec.Struct, frozen=True):
    """One record. at: ms since the epoch. text: as written, further lines included, without the last newline.

    level, party, component: "" in lines that libraries wrote.
    """

    at: int
    text: str
    level: str = ""
    party: str = ""
    component: str = ""

    @property
    def message(self) -> str:
        """The message without time, level and origin."""
        return self.text.partition(" | ")[2] if self.level else self.text


def tail(
    paths: Iterable[Path], since: Mapping[Path, Cursor] | None = None, limit: int = LOOK_BYTES
) -> tuple[list[LogRecord], dict[Path, Cursor]]:
    """The records since the cursors, in order of time, and the cursors for the next read.

    A file that does not exist yet has no records; one that has become shorter is read from its beginning. A record is
    returned only once its newline is written. At most `limit` bytes of each file are read.
    """
    cursors: dict[Path, Cursor] = {}
    records: list[LogRecord] = []
    for path in paths:
        new, cursors[path] = _read(path, (since or {}).get(path, Cursor()), limit)
        records.extend(new)
    records.sort(key=lambda record: record.at)
    return records, cursors


def end_cursor(path: Path, lines: int) -> Cursor:
    """The cursor from which a read returns the last `lines` lines of a file, or more if records are long."""
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


def time_cursor(path: Path, at: int) -> Cursor:
    """A cursor from which a read misses no record of `at` (ms since the epoch) or later and returns few older ones.
    Records are in order of time, so a large file need not be read whole.
    """
    try:
        with path.open("rb") as file:
            low, high = 0, file.seek(0, os.SEEK_END)
            while high - low > _STEP:
                middle = (low + high) // 2
                found = _next_head(file, middle, high)
                if found is None or found[1] >= at:
                    high = middle
                else:
                    low = found[0]
    except FileNotFoundError:
        return Cursor()
    return Cursor(low)


def last_lines(path: Path, count: int) -> list[str]:
    """The last lines of a file, at most `count`; [] if it does not exist."""
    records, _ = tail([path], {path: end_cursor(path, count)})
    return [line for record in records for line in record.text.split("\n")][-count:]


def _read(path: Path, cursor: Cursor, limit: int) -> tuple[list[LogRecord], Cursor]:
    records: list[LogRecord] = []
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if cursor.offset > status.st_size:  # it was truncated, or renamed and created again
                records, _ = _read(path.with_name(f"{path.name}.1"), cursor, limit)
                cursor = Cursor(0, cursor.at)
            offset = cursor.offset
            file.seek(offset)
            data = file.read(limit)
    except FileNotFoundError:
        return [], cursor
    end = data.rfind(b"\n") + 1
    if not end and len(data) == limit:
        end = limit  # one line longer than a read
    if not end:
        return records, Cursor(offset, cursor.at)
    lines = data[:end].removesuffix(b"\n").decode(errors="replace").split("\n")
    heads = [_parse(line) for line in lines]
    # The output of libraries has no times; use the time of the last write.
    at = cursor.at if any(heads) else max(cursor.at, status.st_mtime_ns // 1_000_000)
    for line, head in zip(lines, heads, strict=True):
        if head is not None:
            at = head.at
            records.append(head)
        elif records and records[-1].level:
            records[-1] = msgspec.structs.replace(records[-1], text=f"{records[-1].text}\n{line}")
        else:
            records.append(LogRecord(at, line))
    return records, Cursor(offset + end, at)


def _next_head(file: BinaryIO, start: int, end: int) -> tuple[int, int] | None:
    """Offset and time of the first record that begins after `start`; None if none does before `end`."""
    file.seek(start)
    offset = start + len(file.readline())
    while offset < end:
        line = file.readline()
        head = _parse(line.decode(errors="replace").rstrip("\n"))
        if head is not None:
            return offset, head.at
        offset += len(line)
    return None


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

"""Events and log records."""

from __future__ import annotations

from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True):
    """Something changed. seq: grows. at: ms since the epoch. kind: job, task, progress, metrics, message, log, server;
    `gap` when events were missed and `reconnected` after a break: in both cases what was read before may be old.
    """

    seq: int
    at: int
    kind: str
    job_id: str
    data: dict[str, Any]


class LogLine(msgspec.Struct, frozen=True):
    """A log record. text: as written; message: without time, level and origin."""

    at: int
    text: str
    level: str = ""
    party: str = ""
    component: str = ""
    message: str = ""


class LogPage(msgspec.Struct, frozen=True):
    """New records, and the cursors with which to ask for what comes after them."""

    lines: list[LogLine]
    cursors: dict[str, Any]


class NumberedLine(msgspec.Struct, frozen=True):
    """A line of a log file. line_num: from 1."""

    line_num: int
    content: str


class LogFileInfo(msgspec.Struct, frozen=True):
    """size: bytes."""

    file: str
    size: int

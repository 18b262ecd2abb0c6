"""Typed answers about the site, its parties, logs and events."""

from __future__ import annotations

from typing import Any

import msgspec


class Module(msgspec.Struct, frozen=True):
    """A kind of component. built: this version can run it."""

    module: str
    roles: list[str]
    parameter_class: str
    built: bool
    version: str


class Check(msgspec.Struct, frozen=True):
    """One check of `doctor`. hint: what to do if it failed. fix: the same, under its earlier name."""

    name: str
    ok: bool
    text: str
    hint: str = ""
    fix: str = ""


class Leftover(msgspec.Struct, frozen=True):
    """Something that a site could do without. kind: job, logs, metrics, files, table, model, staged, upload, archive.

    size: bytes. at: ms since the epoch when its job ended, or it was written.
    """

    kind: str
    name: str
    size: int
    at: int
    why: str


class Garbage(msgspec.Struct, frozen=True):
    """What would go, or has gone. kept: what is beyond a limit and stays nevertheless, and why."""

    items: list[Leftover]
    size: int
    kept: dict[str, str] = {}
    dry_run: bool = True


class SiteStatus(msgspec.Struct, frozen=True):
    """The running site. started_at: ms since the epoch. parties: [] for a standalone one."""

    name: str
    version: str
    url: str
    home: str
    pid: int
    started_at: int
    standalone: bool
    parties: list[str]


class PartyRoute(msgspec.Struct, frozen=True):
    """A known party."""

    party: str
    url: str
    public_key: str | None = None
    note: str = ""
    trusted: bool = False
    fingerprint: str = ""


class PeerState(msgspec.Struct, frozen=True):
    """How a party's site was found. rtt: ms. clock_skew: ms by which its clock is ahead."""

    party: str
    url: str
    name: str
    version: str
    rtt: float
    clock_skew: int


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a party of another site may use here. party: `role:id`, an id for any role, `guest:*` or `*`. None: never
    restricted, so that `otherwise` (all or nothing) says what it allows.
    """

    party: str
    role: list[str] | None = None
    command: list[str] | None = None
    component: list[str] | None = None
    dataset: list[str] | None = None
    otherwise: str = ""


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

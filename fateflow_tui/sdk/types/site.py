"""The site, its parties, logs and events."""

from __future__ import annotations

from typing import Any

import msgspec


class Module(msgspec.Struct, frozen=True):
    """A module that components use. roles: that run it. built: this version can run it."""

    module: str
    roles: list[str]
    parameter_class: str
    built: bool
    version: str


class Check(msgspec.Struct, frozen=True):
    """One check of `doctor`. hint: what to do when it is not ok. fix: the hint under its earlier name."""

    name: str
    ok: bool
    text: str
    hint: str = ""
    fix: str = ""


class Leftover(msgspec.Struct, frozen=True):
    """Something to delete. kind: job, logs, metrics, files, table, model, staged, upload, archive.

    size: bytes. at: when its job ended or it was written, ms since the epoch. why: a sentence.
    """

    kind: str
    name: str
    size: int
    at: int
    why: str


class Garbage(msgspec.Struct, frozen=True):
    """What was deleted, or would be. size: bytes. kept: name -> why it is kept although it exceeds a limit."""

    items: list[Leftover]
    size: int
    kept: dict[str, str] = {}
    dry_run: bool = True


class SiteStatus(msgspec.Struct, frozen=True):
    """A running site. started_at: ms since the epoch. parties: [] for a standalone site, which plays every party."""

    name: str
    version: str
    url: str
    home: str
    pid: int
    started_at: int
    standalone: bool
    parties: list[str]


class PartyRoute(msgspec.Struct, frozen=True):
    """A party that the site knows. trusted: its public key is pinned. fingerprint: of the key."""

    party: str
    url: str
    public_key: str | None = None
    note: str = ""
    trusted: bool = False
    fingerprint: str = ""


class PeerState(msgspec.Struct, frozen=True):
    """The answer of a party's site to a ping. rtt: ms. clock_skew: ms by which its clock is ahead."""

    party: str
    url: str
    name: str
    version: str
    rtt: float
    clock_skew: int


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a party of another site may use at this one. party: `role:id`, an id for any role, `guest:*` or `*`.

    A list holds what is granted of a kind. None means that the kind was never restricted: `otherwise` applies, "all"
    or "nothing".
    """

    party: str
    role: list[str] | None = None
    command: list[str] | None = None
    component: list[str] | None = None
    dataset: list[str] | None = None
    otherwise: str = ""


class Event(msgspec.Struct, frozen=True):
    """A change at the site. seq: increases. at: ms since the epoch. kind: job, task, progress, metrics, message, log,
    server; or `gap` when events were missed, and `reconnected` after an interruption: read everything again then.
    """

    seq: int
    at: int
    kind: str
    job_id: str
    data: dict[str, Any]


class LogLine(msgspec.Struct, frozen=True):
    """A log record. at: ms since the epoch. text: as written. message: without time, level and origin."""

    at: int
    text: str
    level: str = ""
    party: str = ""
    component: str = ""
    message: str = ""


class LogPage(msgspec.Struct, frozen=True):
    """Log records, and the cursors to pass to the next call."""

    lines: list[LogLine]
    cursors: dict[str, Any]


class NumberedLine(msgspec.Struct, frozen=True):
    """A line of a log file. line_num: from 1."""

    line_num: int
    content: str


class LogFileInfo(msgspec.Struct, frozen=True):
    """A log file. size: bytes."""

    file: str
    size: int

"""The site."""

from __future__ import annotations

import msgspec


class Module(msgspec.Struct, frozen=True):
    """A kind of component. built: this version can run it."""

    module: str
    roles: list[str]
    parameter_class: str
    built: bool
    version: str


class Check(msgspec.Struct, frozen=True):
    """One check of `doctor`. fix: what to do if it is not ok."""

    name: str
    ok: bool
    text: str
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

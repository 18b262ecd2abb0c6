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

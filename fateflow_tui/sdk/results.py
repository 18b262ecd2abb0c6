"""Typed results, besides jobs (see `jobs`)."""

from __future__ import annotations

from typing import Any

import msgspec

from fateflow_tui.core.status import Status


def _f(name: str) -> str:
    return f"f_{name}"


class Task(msgspec.Struct, frozen=True, kw_only=True, rename=_f):
    """One task at one party, the newest version unless all were asked for. status: over all parties. Times in ms."""

    job_id: str
    component_name: str
    task_id: str
    task_version: int
    role: str
    party_id: str
    status: Status
    party_status: Status
    run_on_this_party: bool = True
    run_pid: int | None = None
    create_time: int | None = None
    start_time: int | None = None
    end_time: int | None = None
    elapsed: int | None = None

    @property
    def party(self) -> str:
        return f"{self.role}:{self.party_id}"


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


class LogFileInfo(msgspec.Struct, frozen=True):
    """size: bytes."""

    file: str
    size: int


class StopOutcome(msgspec.Struct, frozen=True):
    """parties: "success", or "pending: why" where the party is yet to learn of it."""

    parties: dict[str, str] = {}
    status: str = ""

    @property
    def pending(self) -> dict[str, str]:
        return {party: text for party, text in self.parties.items() if text != "success"}


class RerunStep(msgspec.Struct, frozen=True):
    """action: run, reuse or skip."""

    component: str
    action: str
    why: str = ""


class Series(msgspec.Struct, frozen=True):
    """A metric: [key, value] points in order of the key. meta: name, metric_type and what its kind adds."""

    data: list[list[Any]] = []
    meta: dict[str, Any] = {}


class TableInfo(msgspec.Struct, frozen=True):
    """schema: {"sid": name, "header": "a,b,c"}."""

    table_name: str | None
    namespace: str | None
    exist: int
    count: int | None = None
    partition: int | None = None
    schema: dict[str, str] | None = None


class OutputTable(msgspec.Struct, frozen=True):
    """An output table of a component."""

    table_name: str
    table_namespace: str
    data_name: str


class DataPreview(msgspec.Struct, frozen=True):
    """The first rows of each output table of a component; one entry per table in every list."""

    rows: list[list[list[Any]]] = []
    header: list[list[str] | None] = []
    total: list[int] = []
    names: list[str] = []


class Problem(msgspec.Struct, frozen=True):
    """One thing to mend in a job document; see `core.document.problems`."""

    code: str
    message: str
    document: str
    path: str
    severity: str = "error"
    line: int = 0
    column: int = 0
    suggestion: str = ""


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

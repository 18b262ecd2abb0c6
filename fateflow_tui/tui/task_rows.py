"""The tasks of a job as rows: one component at one party each; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from fateflow_tui.core.status import Status
from fateflow_tui.sdk.jobs import ComponentView, JobView
from fateflow_tui.sdk.results.jobs import TaskTimes
from fateflow_tui.text.amounts import duration
from fateflow_tui.text.spans import Spans
from fateflow_tui.text.statuses import marked
from fateflow_tui.tui import texts
from fateflow_tui.tui.columns import Column
from fateflow_tui.tui.graph_details import REUSED


class TaskRow(msgspec.Struct, frozen=True):
    """first: of its component, whose name then stands there. times: None where nothing is known of them."""

    component: ComponentView
    party: str
    status: Status
    first: bool
    here: bool
    times: TaskTimes | None
    now: int

    @property
    def key(self) -> str:
        return f"{self.component.name}/{self.party}"


def task_rows(view: JobView, component: str, times: Iterable[TaskTimes], now: int) -> list[TaskRow]:
    """Of one component, or of all with ""."""
    known = {(one.component_name, f"{one.role}:{one.party_id}"): one for one in times}
    here = {line.party for line in view.party_lines if line.here}
    rows: list[TaskRow] = []
    for one in view.components:
        if component not in ("", one.name):
            continue
        for number, (party, status) in enumerate(one.parties.items()):
            found = known.get((one.name, party))
            fresh = found if found is not None and found.task_version == one.version else None
            rows.append(TaskRow(one, party, status, not number, party in here, fresh, now))
    return rows


def _name(row: TaskRow, room: int) -> Spans:
    one = row.component
    if not row.first:
        return [("", "")]
    style = (
        f"{one.status} strong" if one.status in (Status.RUNNING, Status.FAILED) else "strong" if one.started_at else ""
    )
    return [(one.name, style or "muted")]


def _status(row: TaskRow, room: int) -> Spans:
    reused = row.times is not None and row.times.reused_from
    return [(f"{REUSED} reused" if reused else marked(row.status), row.status)]


def _took(row: TaskRow, room: int) -> Spans:
    times = row.times
    started = times.start_time if times is not None else row.component.started_at
    ended = times.end_time if times is not None else row.component.ended_at
    if row.status is Status.RUNNING:
        return [(texts.ticking(row.now - started) if started else "", "running")]
    return [(duration(ended - started) if started and ended else "", "")]


def _started(row: TaskRow, room: int) -> Spans:
    started = row.times.start_time if row.times is not None else row.component.started_at
    return [(texts.clock(started or 0), "muted")]


def _waited(row: TaskRow, room: int) -> Spans:
    waited = row.times.waited if row.times is not None else None
    return [(duration(waited) if waited is not None else "", "muted")]


def _memory(row: TaskRow, room: int) -> Spans:
    return [(texts.mib(row.times.peak_memory) if row.times is not None else "", "muted")]


def _exit(row: TaskRow, room: int) -> Spans:
    code = row.times.exit_code if row.times is not None else None
    return [("" if code is None else str(code), "failed" if code else "muted")]


def _party(row: TaskRow, room: int) -> Spans:
    return [(row.party, "" if row.here else "muted")]


def _source(row: TaskRow, room: int) -> Spans:
    times = row.times
    if times is not None and times.reused_from:
        return [(f"from {times.reused_from}", "muted")]
    return [("" if row.here else "at another site", "muted")]


COLUMNS: Final[tuple[Column[TaskRow], ...]] = (
    Column("component", "COMPONENT", _name, 14, 28, 1),
    Column("party", "PARTY", _party, 13, 14),
    Column("status", "STATUS", _status, 10, 10),
    Column("took", "TOOK", _took, 6, 8, right=True),
    Column("memory", "MEMORY", _memory, 8, 8, 3, right=True),
    Column("exit", "EXIT", _exit, 4, 4, 2, right=True),
    Column("version", "RUN", lambda row, room: [(str(row.component.version + 1), "muted")], 3, 3, 4, right=True),
    Column("started", "STARTED", _started, 8, 8, 5),
    Column("waited", "WAITED", _waited, 6, 8, 6, right=True),
    Column("source", "", _source, 0, 0, 7),
)

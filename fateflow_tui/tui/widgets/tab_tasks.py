"""The tasks tab: tasks with status, times, memory and exit code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from textual.app import ComposeResult
from textual.message import Message

from fateflow_tui.core.cells import Spans
from fateflow_tui.core.errors import NotFound
from fateflow_tui.core.formatting import duration, marked, plural
from fateflow_tui.core.status import Status
from fateflow_tui.sdk.types.jobs import ComponentView, JobView, TaskTimes
from fateflow_tui.tui import columns
from fateflow_tui.tui.columns import Column
from fateflow_tui.tui.job_filter import Subject
from fateflow_tui.tui.widgets.job_tab import JobTab
from fateflow_tui.tui.widgets.listing import Listing
from fateflow_tui.views.text import clock, mib


class TaskRow(msgspec.Struct, frozen=True):
    """A task. first: the first row of its component, which shows the name. times: None if unknown."""

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
    """Return the rows of one component, or of all for ""."""
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


def _name(row: TaskRow, width: int) -> Spans:
    one = row.component
    if not row.first:
        return [("", "")]
    style = (
        f"{one.status} strong" if one.status in (Status.RUNNING, Status.FAILED) else "strong" if one.started_at else ""
    )
    return [(one.name, style or "muted")]


def _status(row: TaskRow, width: int) -> Spans:
    reused = row.times is not None and row.times.reused_from
    return [(marked("reused" if reused else row.status), row.status)]


def _took(row: TaskRow, width: int) -> Spans:
    times = row.times
    started = times.start_time if times is not None else row.component.started_at
    ended = times.end_time if times is not None else row.component.ended_at
    if row.status is Status.RUNNING:
        return [(columns.ticking(row.now - started) if started else "", "running")]
    return [(duration(ended - started) if started and ended else "", "")]


def _started(row: TaskRow, width: int) -> Spans:
    started = row.times.start_time if row.times is not None else row.component.started_at
    return [(clock(started or 0), "muted")]


def _waited(row: TaskRow, width: int) -> Spans:
    waited = row.times.waited if row.times is not None else None
    return [(duration(waited) if waited is not None else "", "muted")]


def _memory(row: TaskRow, width: int) -> Spans:
    return [(mib(row.times.peak_memory) if row.times is not None else "", "muted")]


def _exit(row: TaskRow, width: int) -> Spans:
    code = row.times.exit_code if row.times is not None else None
    return [("" if code is None else str(code), "failed" if code else "muted")]


def _party(row: TaskRow, width: int) -> Spans:
    return [(row.party, "" if row.here else "muted")]


def _source(row: TaskRow, width: int) -> Spans:
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
    Column("version", "RUN", lambda row, width: [(str(row.component.version + 1), "muted")], 3, 3, 4, right=True),
    Column("started", "STARTED", _started, 8, 8, 5),
    Column("waited", "WAITED", _waited, 6, 8, 6, right=True),
    Column("source", "", _source, 0, 0, 7),
)


class TasksTab(JobTab):
    """Shows statuses from events at once; times and memory follow."""

    class Picked(Message):
        """A component was chosen."""

        def __init__(self, component: str) -> None:
            super().__init__()
            self.component = component

    def __init__(self) -> None:
        super().__init__("tasks")
        self._times: list[TaskTimes] = []

    def compose(self) -> ComposeResult:
        yield Listing(COLUMNS, empty="no tasks yet")

    @property
    def listing(self) -> Listing[TaskRow]:
        return self.query_one(Listing)

    @property
    def party(self) -> str:
        return self.listing.record.party if self.listing.record is not None else ""

    def wanted(self, subject: Subject) -> Any:
        view = subject.view
        return view.job_id, "", tuple((one.version, one.status, one.ended_at) for one in view.components)

    async def read(self, subject: Subject) -> None:
        try:
            self._times = await self.flow.jobs.report(subject.job_id)
        except NotFound:
            self._times = []  # no tasks yet

    def draw(self) -> None:
        subject = self.subject
        if subject is None:
            return
        rows = task_rows(subject.view, subject.component, self._times, subject.now)
        listing, records = self.listing, {row.key: row for row in rows}
        keys = list(records)
        if keys != listing.keys:
            listing.show(keys, records)
            return
        before = listing.records
        listing.records = records
        listing.change({key for key, row in records.items() if _differs(before[key], row)})

    def notes(self) -> Spans:
        subject = self.subject
        if subject is None:
            return []
        ended = sum(one.status.ended for one in subject.view.components)
        return [(f"{ended} of {plural(len(subject.view.components), 'component')}", "muted")]

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        event.stop()
        self._pick()

    def key_enter(self) -> None:
        self._pick()

    def _pick(self) -> None:
        if self.listing.record is not None:
            self.post_message(self.Picked(self.listing.record.component.name))


def _differs(before: TaskRow, after: TaskRow) -> bool:
    """Whether the row looks different: durations grow only while it runs."""
    if after.status == before.status == "running" and after.now // 1000 != before.now // 1000:
        return True
    return (before.status, before.times, before.component) != (after.status, after.times, after.component)

"""The tasks: one component at one party each, with times, memory and exit code."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.message import Message

from fateflow_tui.core.errors import NotFound
from fateflow_tui.sdk.results.jobs import TaskTimes
from fateflow_tui.text.spans import Spans
from fateflow_tui.tui.job_subject import Subject
from fateflow_tui.tui.task_rows import COLUMNS, TaskRow, task_rows
from fateflow_tui.tui.texts import plural
from fateflow_tui.tui.widgets.job_tab import JobTab
from fateflow_tui.tui.widgets.listing import Listing


class TasksTab(JobTab):
    """What the events say is shown at once; times and memory follow."""

    class Picked(Message):
        """A component is to be selected."""

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
            self._times = []  # it has no tasks yet

    def look(self) -> None:
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
    """Whether it looks different: times go on only where it runs."""
    if after.status == before.status == "running" and after.now // 1000 != before.now // 1000:
        return True
    return (before.status, before.times, before.component) != (after.status, after.times, after.component)

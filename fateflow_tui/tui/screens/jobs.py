"""The Jobs screen: the list of jobs, and a preview of the one under the cursor."""

from __future__ import annotations

import time

from textual.app import ComposeResult
from textual.timer import Timer
from textual.widgets import Input

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.sdk.types.jobs import JobLine
from fateflow_tui.tui import job_filter
from fateflow_tui.tui.actions import Selection, action, no_job
from fateflow_tui.tui.job_filter import JobFilter, Order
from fateflow_tui.tui.screens.job_actions import EditJobActions, OpenJobAction
from fateflow_tui.tui.snapshot import Change, Link, Snapshot
from fateflow_tui.tui.widgets.job_head import job_columns
from fateflow_tui.tui.widgets.listing import Listing
from fateflow_tui.tui.widgets.preview import JobPreview, read_highlights
from fateflow_tui.tui.widgets.text_views import Pane
from fateflow_tui.views.metrics import Highlight

_REST = 0.08  # seconds after which the job under a resting cursor is read
_CURVES_AGAIN = 1.0  # seconds between two reads of a running job's metrics
_PREVIEWS = {"usual": "large", "large": "hidden", "hidden": "usual"}


class JobsScreen(OpenJobAction, EditJobActions):
    """The list of jobs with a preview."""

    NAME = "jobs"
    DEFAULT_CSS = """
    JobsScreen #filter { display: none; height: 1; border: none; padding: 0; background: $panel; margin: 0 1; }
    JobsScreen.-filtering #filter { display: block; }
    JobsScreen.-short JobPreview { height: 8; }
    JobsScreen.-large JobPreview { height: 60%; }
    JobsScreen.-hidden JobPreview { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._filter = JobFilter()
        self._order = Order()
        self._viewed = ""
        self._preview_size = "usual"
        self._curves: dict[str, list[Highlight]] = {}
        self._rest: Timer | None = None
        self._curves_due = 0.0

    def body(self) -> ComposeResult:
        with Pane("Jobs", id="jobs"):
            yield Input(
                placeholder="words, status:failed party:9999 role:host age:<2h name:…", id="filter", compact=True
            )
            yield Listing(job_columns(now_ms, lambda: self.snapshot.id_length), id="list")
        yield JobPreview()

    @property
    def listing(self) -> Listing[JobLine]:
        return self.query_one("#list", Listing)

    def on_mount(self) -> None:
        layout = self.dash.layout
        self._order = Order(layout.get("jobs", "sort", "job"), layout.get("jobs", "turned", False))
        self._set_preview(layout.get("jobs", "preview", "usual"))
        self._set_filter(layout.get("jobs", "filter", ""))
        self.listing.focus()
        self.set_interval(1.0, self._tick)

    def changed(self, change: Change) -> None:
        if change.order or change.full_refresh or (change.jobs and (self._filter.tests or self._order.column != "job")):
            self._show_rows()
        elif change.jobs:
            self.listing.records = self.snapshot.lines
            self.listing.change(change.jobs)
        if change.connection or change.full_refresh:
            self.listing.empty = empty_words(self.snapshot, self._filter)
            self.listing.refresh()
        cursor = self.listing.cursor
        if cursor in change.metrics:
            self._curves_due = min(self._curves_due or float("inf"), time.monotonic() + _CURVES_AGAIN)
        if change.full_refresh or cursor in change.jobs or cursor in change.views:
            self._show_preview()
            view = self.snapshot.views.get(cursor)
            if view is not None and cursor in change.views and (cursor not in self._curves or view.status.ended):
                self._read_curves()

    def selection(self) -> Selection:
        listing = self.query("#list").results(Listing)
        table = next(iter(listing), None)
        lines = self.snapshot.lines
        keys = [] if table is None else [key for key in table.keys if key in table.marked] or [table.cursor]
        jobs = tuple(lines[key] for key in keys if key in lines)
        view = self.snapshot.views.get(jobs[0].job_id) if len(jobs) == 1 else None
        cursor = None if table is None else lines.get(table.cursor)
        return Selection(jobs=jobs, cursor=cursor, view=view, connected=self.snapshot.connection.is_up)

    def _show_rows(self) -> None:
        now, known = now_ms(), self.snapshot
        lines = [known.lines[job_id] for job_id in known.ids]
        if self._filter.tests:
            lines = [line for line in lines if self._filter.holds(line, now)]
        if self._order != Order():
            lines = job_filter.ordered(lines, self._order, now)
        self.listing.sorted_by = (self._order.column, "▲" if self._order.reverse else "▼")
        self.listing.empty = empty_words(known, self._filter)
        newest_first = self._order == Order()
        self.listing.show([line.job_id for line in lines], known.lines, at_first=newest_first)
        self._show_count(len(lines))
        if self._filter.tests and len(lines) < self.listing.size.height and not known.complete:
            self._read_more()

    def _show_count(self, shown: int) -> None:
        known = self.snapshot
        total = f"{len(known.ids)}{'' if known.complete else '+'}"
        notes = [(f"/ {self._filter.text} ", "accent"), ("── ", "muted")] if self._filter.text else []
        if self._filter.problem:
            notes = [(f"{self._filter.problem} ", "error")]
        marked = len(self.listing.marked)
        notes += [(f"◆ {marked} marked ── ", "accent")] if marked else []
        of = f"{shown} of {total}" if self._filter.tests else total if known.ids else ""
        self.query_one("#jobs", Pane).set_heading(notes=[*notes, (of, "muted")])

    def _show_preview(self) -> None:
        cursor = self.listing.cursor
        known = self.snapshot
        self.query_one(JobPreview).show(known.lines.get(cursor), known.views.get(cursor), self._curves.get(cursor, []))

    def _tick(self) -> None:
        if not self.is_on_top:
            return
        lines = self.snapshot.lines
        self.listing.change({key for key in self.listing.in_view() if key in lines and not lines[key].status.ended})
        self.query_one(JobPreview).tick()
        if self._curves_due and time.monotonic() >= self._curves_due:
            self._curves_due = 0.0
            self._read_curves()

    def on_listing_moved(self, event: Listing.Moved) -> None:
        self._show_preview()
        self.show_actions()
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(_REST, self._subscribe_preview)

    def on_listing_near_end(self, event: Listing.NearEnd) -> None:
        if not self.snapshot.complete and self.snapshot.ids:
            self._read_more()

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        self.action_act("job.open")

    def on_listing_title_clicked(self, event: Listing.TitleClicked) -> None:
        reverse = not self._order.reverse if self._order.column == event.column else False
        self._set_order(Order(event.column, reverse))

    def on_input_changed(self, event: Input.Changed) -> None:
        self._set_filter(event.value, typed=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.remove_class("-filtering")
        self.listing.focus()

    def job_open(self, selection: Selection) -> None:
        self.listing.touched = True
        self.dash.open_job(selection.one_job.job_id)

    @action(
        "job.log",
        key="l",
        label="log",
        tooltip="Show the log of all parties of this site, merged and live",
        command=lambda s: f"fateflow log show {s.one_job_id} -f",
        disabled_reason=no_job,
        footer=4,
    )
    def job_log(self, selection: Selection) -> None:
        self.listing.touched = True
        self.dash.open_job(selection.one_job.job_id, "log")

    @action(
        "job.mark",
        key="space",
        label="mark",
        tooltip="Mark this job or unmark it, to act on several jobs at once",
        disabled_reason=no_job,
        footer=6,
    )
    def job_mark(self, selection: Selection) -> None:
        self.listing.toggle_mark(self.listing.cursor)
        self.listing.action_move(1)
        self._show_count(len(self.listing.keys))
        self.show_actions()

    @action(
        "job.unmark_all",
        key="u",
        label="unmark all",
        tooltip="Remove all marks",
        disabled_reason=no_job,
    )
    def job_unmark_all(self, selection: Selection) -> None:
        self.listing.unmark_all()
        self._show_count(len(self.listing.keys))

    @action(
        "job.filter",
        key="slash",
        label="filter",
        tooltip="Filter by words, status:failed party:9999 role:host age:<2h name:churn; esc clears it",
        command="fateflow job list --status STATUS",
        footer=7,
    )
    def job_filter(self, selection: Selection) -> None:
        self.add_class("-filtering")
        self.query_one("#filter", Input).focus()

    @action(
        "job.failures",
        key="f",
        label="failures",
        tooltip="Show failed jobs only, or all jobs",
        command="fateflow job list --status failed",
        footer=8,
    )
    def job_failures(self, selection: Selection) -> None:
        failures = "status:failed,timeout"
        self._set_filter("" if self._filter.text == failures else failures)

    @action(
        "job.sort",
        key="o",
        label="sort",
        tooltip="Sort by the next column, or click a column's title",
    )
    def job_sort(self, selection: Selection) -> None:
        place = job_filter.SORTABLE.index(self._order.column) if self._order.column in job_filter.SORTABLE else 0
        self._set_order(Order(job_filter.SORTABLE[(place + 1) % len(job_filter.SORTABLE)]))

    @action(
        "job.preview",
        key="p",
        label="preview",
        tooltip="Make the preview larger, smaller, or hide it",
    )
    def job_preview(self, selection: Selection) -> None:
        self._set_preview(_PREVIEWS[self._preview_size])

    def app_back(self, selection: Selection) -> None:
        if self.has_class("-zoomed"):
            super().app_back(selection)
        elif self._filter.text or self.has_class("-filtering"):
            self._set_filter("")
            self.remove_class("-filtering")
            self.listing.focus()
        else:
            self.job_unmark_all(selection)

    def _set_order(self, order: Order) -> None:
        self._order = order
        self.dash.layout.set("jobs", "sort", order.column)
        self.dash.layout.set("jobs", "turned", order.reverse)
        self._show_rows()

    def _set_preview(self, size: str) -> None:
        self._preview_size = size if size in _PREVIEWS else "usual"
        for name in _PREVIEWS:
            self.set_class(name == self._preview_size, f"-{name}")
        self.dash.layout.set("jobs", "preview", self._preview_size)

    def _set_filter(self, text: str, *, typed: bool = False) -> None:
        self._filter = job_filter.parsed(text)
        self.dash.layout.set("jobs", "filter", text)
        if not typed:
            box = self.query_one("#filter", Input)
            with box.prevent(Input.Changed):
                box.value = text
        self._show_rows()

    def _subscribe_preview(self) -> None:
        cursor = self.listing.cursor
        if cursor == self._viewed:
            return
        if self._viewed:
            self.store.unsubscribe(self._viewed)
        self._viewed = cursor
        if cursor:
            self.store.subscribe(cursor)

    def _read_curves(self) -> None:
        view = self.snapshot.views.get(self.listing.cursor)
        if view is not None:
            self._curves.setdefault(view.job_id, [])
            self.run_worker(self._fetch_curves(view.job_id), group="curves", exclusive=True, exit_on_error=False)

    async def _fetch_curves(self, job_id: str) -> None:
        try:
            self._curves[job_id] = await read_highlights(self.client, self.snapshot.views[job_id])
        except FateFlowError:
            return  # the site bar shows that the scheduler is disconnected
        self._show_preview()

    def _read_more(self) -> None:
        self.run_worker(self._more_read(), group="more", exclusive=False, exit_on_error=False)

    async def _more_read(self) -> None:
        with self.dash.show_failures("loading jobs"):
            await self.store.more()


def empty_words(known: Snapshot, wanted: JobFilter) -> str:
    """Return the text of an empty list."""
    connection = known.connection
    if wanted.tests and known.ids:
        return "no job matches the filter\npress esc to clear it"
    match connection.link:
        case Link.DISCONNECTED:
            return f"not connected\n{connection.text}\n{connection.hint}"
        case Link.CONNECTED if known.complete:
            return "no jobs yet\npress S to submit one, or run: fateflow demo"
        case Link.STARTING:
            return "starting the scheduler …"
        case _:
            return "loading jobs …"

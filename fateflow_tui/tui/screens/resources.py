"""The Resources screen: cores and memory, the jobs that hold them, and the queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer

from fateflow_tui.core.cells import Spans, on_one_line
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.formatting import plural
from fateflow_tui.core.plan import Resources
from fateflow_tui.core.records import WaitingReason
from fateflow_tui.core.status import Status
from fateflow_tui.sdk.types.jobs import JobLine
from fateflow_tui.sdk.types.site import SiteStatus
from fateflow_tui.tui import columns
from fateflow_tui.tui.actions import Selection
from fateflow_tui.tui.columns import Column
from fateflow_tui.tui.screens.job_actions import JobActions, OpenJobAction
from fateflow_tui.tui.screens.table_screen import ReadAgainAction
from fateflow_tui.tui.snapshot import Change
from fateflow_tui.tui.widgets.listing import Listing
from fateflow_tui.tui.widgets.text_views import Pane, TextLines
from fateflow_tui.views.text import mib, moment

_FULL: Final = 0.9  # used share of the capacity from which it is marked as scarce


class Held(msgspec.Struct, frozen=True):
    """Resources that a job holds for a party. since: start of the job in ms. running: running components."""

    job_id: str
    party: str
    held: Resources
    since: int = 0
    running: tuple[str, ...] = ()


class Queued(msgspec.Struct, frozen=True):
    """A job that has not started. place: its place in the queue, from 1."""

    job_id: str
    place: int
    priority: int
    created_at: int
    waiting: WaitingReason | None


class Usage(msgspec.Struct, frozen=True):
    """The capacity of the site and the used part."""

    engine: str = ""
    capacity: Resources = Resources()
    used: Resources = Resources()


def held_columns(now: Callable[[], int]) -> tuple[Column[Held], ...]:
    return (
        Column("job", "JOB", lambda h, width: [(columns.shortened_id(h.job_id, width), "")], 14, 22),
        Column("party", "PARTY", lambda h, width: [(h.party, "accent")], 13, 16),
        Column("cores", "CORES", lambda h, width: [(str(h.held.cores), "strong")], 5, 5, right=True),
        Column("memory", "MEMORY", lambda h, width: [(mib(h.held.memory) or "–", "muted")], 8, 9, 2, right=True),
        Column("since", "SINCE", lambda h, width: [(moment(h.since, now()), "muted")], 8, 12, 3),
        Column("for", "FOR", lambda h, width: [(_lasted(h.since, now()), "running")], 8, 8, right=True),
        Column("now", "NOW", lambda h, width: [(", ".join(h.running), "")], 12, rank=1),
    )


def queue_columns(now: Callable[[], int]) -> tuple[Column[Queued], ...]:
    return (
        Column("place", "#", lambda q, width: [(str(q.place), "strong")], 3, 3, right=True),
        Column("job", "JOB", lambda q, width: [(columns.shortened_id(q.job_id, width), "")], 14, 22),
        Column("for", "WAITING", lambda q, width: [(_lasted(q.created_at, now()), "waiting")], 8, 8, 2, right=True),
        Column("priority", "PRIO", lambda q, width: [(str(q.priority or "–"), "muted")], 4, 4, 4, right=True),
        Column("kind", "FOR", lambda q, width: [(_kind(q.waiting), "warning")], 9, 12, 1),
        Column("party", "PARTY", lambda q, width: [(_party(q.waiting), "accent")], 10, 14, 3, from_width=95),
        Column("why", "REASON", lambda q, width: [(_why(q.waiting), "")], 40),
    )


def bar_lines(usage: Usage, jobs: int, width: int) -> list[Spans]:
    """Draw a bar for cores and one for memory."""
    capacity, used = usage.capacity, usage.used
    lines = [_bar("cores", used.cores, capacity.cores, str, width)]
    if capacity.memory:
        lines.append(_bar("memory", used.memory, capacity.memory, lambda amount: mib(amount) or "0", width))
    else:
        taken = f", {mib(used.memory)} reserved" if used.memory else ""
        lines.append([(f"{'memory':<8}", "muted"), (f"not limited{taken}", "muted")])
    held = f"held by {plural(jobs, 'job')}" if jobs else "no job holds resources"
    return [*lines, [(f"{'':<8}", ""), (held, "muted")]]


def engine_lines(usage: Usage, site: SiteStatus | None, now: int) -> list[Spans]:
    """Describe the engine and the site."""
    if site is None:
        return []
    parties = ", ".join(site.parties) if site.parties else "all parties (standalone)"
    rows = (
        ("engine", f"{usage.engine} (processes on this machine)" if usage.engine == "local" else usage.engine),
        ("site", f"{site.name}, fateflow {site.version}"),
        ("plays", parties),
        ("process", f"{site.pid}, up for {columns.ticking(now - site.started_at)}"),
        ("address", site.url),
        ("home", site.home),
    )
    return [[(f"{name:<9}", "muted"), (on_one_line(value), "")] for name, value in rows]


def usage_of(answer: Mapping[str, Any]) -> Usage:
    """Convert the scheduler's answer."""
    return msgspec.convert({name: answer.get(name) for name in ("engine", "capacity", "used")}, Usage)


def _bar(name: str, used: int, total: int, words: Callable[[int], str], width: int) -> Spans:
    free = max(0, total - used)
    text = f"  {words(used)} of {words(total)} used, {words(free)} free"
    cells = max(8, min(60, width - 8 - len(text)))
    share = used / total if total else 0
    done, rest = columns.bar(round(share * 100), cells)
    style = "warning" if share >= _FULL else "running"
    return [(f"{name:<8}", "muted"), (done, style), (rest, "frame"), (text, "")]


def _lasted(since: int, now: int) -> str:
    return columns.ticking(now - since) if since else ""


def _kind(reason: WaitingReason | None) -> str:
    return reason.kind if reason is not None else "turn"


def _party(reason: WaitingReason | None) -> str:
    return reason.party if reason is not None else ""


def _why(reason: WaitingReason | None) -> str:
    return on_one_line(reason.text) if reason is not None else ""


_SOON = 0.3  # seconds between a change and the read that follows it
_VIEWED = 40  # waiting jobs whose priority is read


class ResourcesScreen(OpenJobAction, JobActions, ReadAgainAction):
    """The resources of the site; reloaded whenever a job starts, ends or waits for something else."""

    NAME = "resources"
    SCOPED_CSS = False
    DEFAULT_CSS = """
    ResourcesScreen #above { height: 8; }
    ResourcesScreen #capacity { width: 3fr; }
    ResourcesScreen #engine { width: 2fr; }
    ResourcesScreen.-short #above { height: 5; }
    ResourcesScreen.-narrow #engine { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._usage = Usage()
        self._held: list[Held] = []
        self._priorities: dict[str, int] = {}
        self._error: FateFlowError | None = None
        self._soon: Timer | None = None

    def body(self) -> ComposeResult:
        with Horizontal(id="above"):
            with Pane("Capacity", id="capacity"):
                yield TextLines(id="bars")
            with Pane("Engine", id="engine"):
                yield TextLines(id="facts")
        with Pane("Held by jobs", id="held"):
            yield Listing(held_columns(now_ms), empty="no job holds resources", id="holders")
        with Pane("Queue", id="queue"):
            yield Listing(queue_columns(now_ms), empty="no job is waiting", id="waiting")

    @property
    def holders(self) -> Listing[Held]:
        return self.query_one("#holders", Listing)

    @property
    def waiting(self) -> Listing[Queued]:
        return self.query_one("#waiting", Listing)

    def on_mount(self) -> None:
        self.holders.focus()
        self.set_interval(1.0, self._tick)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_bars)

    def changed(self, change: Change) -> None:
        if change.full_refresh:
            self.read_again()
        elif change.jobs or change.order:
            self._show()
            if self._soon is None:
                self._soon = self.set_timer(_SOON, self.read_again)
        if change.site:
            self._show_bars()

    def selection(self) -> Selection:
        found = next((one for one in self.query(Listing) if one.has_focus), None)
        record = found.record if found is not None else None
        line = self.snapshot.lines.get(record.job_id) if record is not None else None
        party = record.party if isinstance(record, Held) else ""
        view = self.snapshot.views.get(line.job_id) if line is not None else None
        connected = self.snapshot.connection.is_up
        return Selection(jobs=(line,) if line else (), view=view, party=party, connected=connected)

    def read_everything(self) -> None:
        self._priorities.clear()
        self.read_again()

    def on_listing_moved(self, event: Listing.Moved) -> None:
        self.show_actions()

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        self.action_act("job.open")

    def on_descendant_focus(self) -> None:
        self.show_actions()

    def _tick(self) -> None:
        """Redraw the durations."""
        if self.is_on_top:
            for listing in self.query(Listing):
                listing.change(set(listing.keys))
            self._show_bars()

    def read_again(self) -> None:
        self._soon = None
        if self.snapshot.connection.is_up:
            self.run_worker(self._read(), group="resources", exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        flow = self.client
        try:
            answer = await flow.resources()
            for line in self._queue()[:_VIEWED]:
                if line.job_id not in self._priorities:
                    self._priorities[line.job_id] = (await flow.job(line.job_id)).priority
            self._usage, self._error = usage_of(answer), None
            self._held = [self._holding(one) for one in answer.get("holders", [])]
        except FateFlowError as error:
            self._error = error
        self._show()

    def _holding(self, one: dict[str, Any]) -> Held:
        job_id, party = str(one["job_id"]), one["party"]
        name = f"{party['role']}:{party['party_id']}" if isinstance(party, dict) else str(party)
        return Held(job_id, name, msgspec.convert(one["held"], Resources))

    def _queue(self) -> list[JobLine]:
        """The jobs that have not started, by priority, then by age."""
        lines = self.snapshot.lines.values()
        waiting = [one for one in lines if one.status in (Status.WAITING, Status.READY)]
        return sorted(waiting, key=lambda one: (-self._priorities.get(one.job_id, 0), one.created_at, one.job_id))

    def _show(self) -> None:
        lines = self.snapshot.lines
        held = {f"{one.job_id} {one.party}": self._with_job(one, lines.get(one.job_id)) for one in self._held}
        queue = {
            one.job_id: Queued(one.job_id, place, self._priorities.get(one.job_id, 0), one.created_at, one.waiting)
            for place, one in enumerate(self._queue(), 1)
        }
        if self._error is not None:
            self.holders.empty = f"{self._error}\n{self._error.hint}\npress r to retry"
        else:
            self.holders.empty = "no job holds resources"
        self.holders.show(list(held), held)
        self.waiting.show(list(queue), queue)
        jobs = len({one.job_id for one in self._held})
        self.query_one("#held", Pane).set_heading(notes=[(plural(jobs, "job"), "muted")] if jobs else [])
        self.query_one("#queue", Pane).set_heading(notes=[(f"{len(queue)} waiting", "warning")] if queue else [])
        self._show_bars()

    def _with_job(self, one: Held, line: JobLine | None) -> Held:
        if line is None:
            return one
        return msgspec.structs.replace(one, since=line.started_at or line.created_at, running=tuple(line.running))

    def _show_bars(self) -> None:
        bars, facts = self.query_one("#bars", TextLines), self.query_one("#facts", TextLines)
        bars.show(bar_lines(self._usage, len({one.job_id for one in self._held}), bars.size.width or 60))
        facts.show(engine_lines(self._usage, self.snapshot.site, now_ms()))

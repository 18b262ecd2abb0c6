"""The Parties screen: parties and their sites, grants, the jobs that reach them, and the message trace."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from textual.app import ComposeResult
from textual.containers import Horizontal

from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.sdk.types.site import PeerState
from fateflow_tui.tui import queries
from fateflow_tui.tui.actions import Selection, action
from fateflow_tui.tui.columns import Column
from fateflow_tui.tui.queries import PartyRow
from fateflow_tui.tui.screens.party_actions import PartyActions, not_one_peer, party
from fateflow_tui.tui.snapshot import Change
from fateflow_tui.tui.store import TRACE
from fateflow_tui.tui.widgets.party_text import PARTY_COLUMNS, fact_lines, job_lines, trace_line, traced_jobs
from fateflow_tui.tui.widgets.text_views import Pane, TextView

_AGAIN = 10.0  # seconds between two rounds of pings
_TOGETHER = 4  # sites that are pinged at the same time
_JOBS = 8  # running jobs whose parties are shown
_LINES = 500  # messages shown in the trace

_Way = tuple[str, str, str]  # a party, its address and its key: a ping is valid for these only


class PartiesScreen(PartyActions):
    """The parties; their sites are pinged every few seconds while the screen is visible."""

    NAME = "parties"
    KIND = "party"
    TITLE = "Parties"
    EMPTY = "no other parties yet\npress a to add one"
    FILTER = "party, address, note, fingerprint: host bank"
    AFTER_JOBS = False
    SCOPED_CSS = False
    DEFAULT_CSS = """
    PartiesScreen #table { height: 1fr; min-height: 6; }
    PartiesScreen #between { height: 12; }
    PartiesScreen #trace { height: 1fr; min-height: 5; }
    PartiesScreen #party { width: 3fr; }
    PartiesScreen #running { width: 2fr; }
    PartiesScreen.-short #between { height: 7; }
    PartiesScreen.-short #table { height: 7; }
    PartiesScreen.-narrow #running { width: 34; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._pings: dict[_Way, PeerState | FateFlowError] = {}
        self._subscribed: set[str] = set()
        self._paused = False
        self._job = ""  # the job whose messages are shown, "" for all

    def body(self) -> ComposeResult:
        yield from self.table()
        with Horizontal(id="between"):
            with Pane("Party", id="party"):
                yield TextView()
            with Pane("Running jobs", id="running"):
                yield TextView()
        with Pane("Messages", id="trace"):
            yield TextView(cut=True)

    def columns(self) -> tuple[Column[PartyRow], ...]:
        return PARTY_COLUMNS

    def key(self, record: PartyRow) -> str:
        return record.party

    def searched_texts(self, record: PartyRow) -> Iterable[str]:
        return (record.party, record.url, record.note, record.fingerprint)

    def orders(self) -> dict[str, Callable[[PartyRow], Any]]:
        return {"party": lambda row: 0, "state": lambda row: (row.peer is not None, row.here)}

    async def fetch(self) -> list[PartyRow]:
        return await queries.parties(self.client)

    @property
    def records(self) -> list[PartyRow]:
        """The rows with the results of the last pings."""
        return [self._with_ping(row) for row in super().records]

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(_AGAIN, self._ping_all)

    def on_unmount(self) -> None:
        super().on_unmount()
        self._subscribe(set())

    def on_screen_suspend(self) -> None:
        self._subscribe(set())

    def changed(self, change: Change) -> None:
        super().changed(change)
        if self.KIND in change.topics:
            self._ping_all()
        if change.jobs or change.views or change.full_refresh:
            self._show_running()
        if TRACE in change.topics or change.full_refresh:
            self._show_trace()

    def show_details(self, record: PartyRow | None, details: Any) -> None:
        self.query_one("#party", Pane).query_one(TextView).show(fact_lines(record))

    @action(
        "party.ping",
        key="p",
        label="ping",
        tooltip="Ping this party's site",
        command=lambda s: f"fateflow party ping {party(s)}",
        disabled_reason=not_one_peer,
        footer=1,
    )
    async def party_ping(self, selection: Selection) -> None:
        row: PartyRow = selection.of("party")[0]
        self._pings.pop(_way(row), None)
        self.show_rows()
        found = await self._ping(row)
        if isinstance(found, FateFlowError):
            raise found
        self.dash.toast(f"{row.party} answers after {found.rtt:.1f} ms", cli=f"fateflow party ping {row.party}")

    @action(
        "trace.pause",
        key="space",
        label="pause trace",
        tooltip="Pause the message trace, or resume it",
        footer=6,
    )
    def trace_pause(self, selection: Selection) -> None:
        self._paused = not self._paused
        self._show_trace()

    @action(
        "trace.job",
        key="f",
        label="trace job",
        tooltip="Show the messages of the newest job only, then of the next one, finally of all jobs",
        footer=7,
    )
    def trace_job(self, selection: Selection) -> None:
        jobs = traced_jobs(self.store.trace)[::-1]
        choices = [*jobs, ""]
        self._job = choices[(choices.index(self._job) + 1) % len(choices)] if self._job in jobs else choices[0]
        self._show_trace(even_paused=True)

    def read_everything(self) -> None:
        self._pings.clear()
        super().read_everything()

    def _with_ping(self, row: PartyRow) -> PartyRow:
        found = self._pings.get(_way(row))
        if isinstance(found, FateFlowError):
            return msgspec.structs.replace(row, trouble=str(found), hint=found.hint)
        return msgspec.structs.replace(row, peer=found) if found is not None else row

    def _ping_all(self) -> None:
        if self.is_on_top and self.snapshot.connection.is_up:
            self.run_worker(self._pinged(), group="ping", exclusive=True, exit_on_error=False)

    async def _pinged(self) -> None:
        rows = [row for row in self.records if row.trusted and not row.here and not row.is_pattern]
        turn = asyncio.Semaphore(_TOGETHER)

        async def one(row: PartyRow) -> None:
            async with turn:
                await self._ping(row)

        await asyncio.gather(*map(one, rows))

    async def _ping(self, row: PartyRow) -> PeerState | FateFlowError:
        try:
            found: PeerState | FateFlowError = await self.client.parties.ping(row.party)
        except FateFlowError as error:
            found = error
        self._pings[_way(row)] = found
        self.show_rows()
        return found

    def _show_running(self) -> None:
        running = [i for i in self.snapshot.ids if not self.snapshot.lines[i].status.ended][:_JOBS]
        self._subscribe(set(running))
        views = [self.snapshot.views[job_id] for job_id in running if job_id in self.snapshot.views]
        pane = self.query_one("#running", Pane)
        pane.query_one(TextView).show(job_lines([view for view in views if not view.status.ended]))
        lost = sum(line.lost for view in views for line in view.party_lines)
        pane.set_heading(notes=[(f"✗ {lost} lost", "error")] if lost else [])

    def _subscribe(self, jobs: set[str]) -> None:
        for job_id in jobs - self._subscribed:
            self.store.subscribe(job_id)
        for job_id in self._subscribed - jobs:
            self.store.unsubscribe(job_id)
        self._subscribed = jobs

    def _show_trace(self, *, even_paused: bool = False) -> None:
        pane = self.query_one("#trace", Pane)
        state = [("⏸ paused ", "warning"), ("── ", "muted")] if self._paused else []
        about = f"job {self._job}" if self._job else "all jobs"
        pane.set_heading(notes=[*state, (about, "muted")])
        if self._paused and not even_paused:
            return
        events = [event for event in self.store.trace if not self._job or event.job_id == self._job]
        lines = [trace_line(event) for event in reversed(events[-_LINES:])]
        waiting = "no messages yet; values appear here by name and size"
        pane.query_one(TextView).show(lines or [[(waiting, "muted")]])


def _way(row: PartyRow) -> _Way:
    return row.party, row.url, row.fingerprint

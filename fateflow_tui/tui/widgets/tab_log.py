"""The log tab: the merged log of all parties of this site, with search, level, party and follow."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from textual.app import ComposeResult
from textual.widgets import Input

from fateflow_tui.core.cells import Spans
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.tui.log_book import LEVELS, LogBook, LogViewFilter
from fateflow_tui.tui.widgets.job_tab import JobTab
from fateflow_tui.tui.widgets.log_pane import LogPane

_PIECE: Final = 256 << 10  # bytes of each file per read, few enough to decode without blocking
_OFTEN: Final = 0.3  # seconds between two reads while the log grows
_SELDOM: Final = 2.0  # seconds between two reads while there is nothing new or no connection


class LogTab(JobTab):
    """Reads the whole log once and filters it locally; no line is lost when the connection breaks."""

    DEFAULT_CSS = """
    LogTab Input { height: 1; border: none; padding: 0; background: $panel; display: none; }
    LogTab.-finding Input { display: block; }
    """

    def __init__(self) -> None:
        super().__init__("log")
        self.book = LogBook()
        self._cursors: dict[str, Any] = {}
        self._level = 1
        self._party = ""
        self._source: tuple[str, bool] = ("", False)  # job, and whether DEBUG lines were read too
        self._filter: LogViewFilter | None = None
        self._seen = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield Input(placeholder="search (enter: first match, n: next, N: previous)", compact=True)
        yield LogPane(self.book)

    @property
    def pane(self) -> LogPane:
        return self.query_one(LogPane)

    @property
    def target(self) -> LogPane:
        return self.pane

    @property
    def party(self) -> str:
        return self._party

    def draw(self) -> None:
        subject = self.subject
        if subject is None:
            return
        if self._party and self._party not in subject.here:
            self._party = ""
        parties = frozenset([self._party]) if self._party else frozenset()
        wanted = LogViewFilter(self._level, subject.component, parties)
        self.pane.name_parties([line.party for line in subject.view.party_lines])
        if wanted != self._filter:
            self._filter = wanted
            self.book.select(wanted)
            self.pane.changed()
        source = (subject.job_id, self._level == 0)
        if source != self._source:
            self._source = source
            self.book.clear()
            self._cursors = {}
            self.pane.changed()
            self.run_worker(self._follow(source), group="follow", exclusive=True, exit_on_error=False)

    def on_show(self) -> None:
        self._seen.set()

    def on_hide(self) -> None:
        self._seen.clear()  # pause reading

    def notes(self) -> Spans:
        book, hits = self.book, self.book.hits
        spans: Spans = []
        if self.failure is not None:
            spans.append(("cannot read the log ", "error"))
        if book.needle:
            place = hits.index(self.pane.cursor) + 1 if self.pane.cursor in hits else 0
            spans += [(f"/ {book.needle} ", "accent"), (f"{place or '–'} of {len(hits)} ", "accent")]
        spans.append((f"{LEVELS[self._level].lower()}+ ", "muted" if self._level == 1 else "accent"))
        if self._party:
            spans.append((f"{self._party} ", "accent"))
        spans.append((f"{len(book.shown):,} lines", "muted"))
        if self.pane.follow and self.subject is not None and not self.subject.view.status.ended:
            spans.append((" · following", "success"))
        return spans

    def find(self) -> None:
        self.add_class("-finding")
        self.query_one(Input).focus()

    def next_level(self) -> None:
        self._level = (self._level + 1) % 4
        self.draw()

    def step(self, chips: str) -> None:
        if chips != "party":
            return
        here = ["", *self.subject.here] if self.subject is not None else [""]
        self._party = here[(here.index(self._party) + 1) % len(here)] if self._party in here else ""
        self.draw()

    def toggle_follow(self) -> None:
        self.pane.follow = not self.pane.follow
        self.pane.changed()

    def back(self) -> bool:
        """Close the search; return whether it was open."""
        if not (self.book.needle or self.has_class("-finding")):
            return False
        self.query_one(Input).value = ""
        self.remove_class("-finding")
        self.pane.focus()
        return True

    def on_log_pane_moved(self) -> None:
        self.post_message(self.NotesChanged())

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.book.find(event.value)
        self.pane.refresh()
        self.post_message(self.NotesChanged())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.remove_class("-finding")
        self.pane.focus()
        if self.book.hits and self.pane.cursor not in self.book.hits:
            self.pane.action_hit(-1 if self.pane.follow else 1)

    async def _follow(self, source: tuple[str, bool]) -> None:
        """Read until the job has ended and all lines are read, then less often, as the job may be rerun."""
        pause = 0.0
        while source == self._source and self.is_mounted:
            try:
                page = await self.flow.log.page(
                    source[0], level="DEBUG" if source[1] else "INFO", cursors=self._cursors, piece=_PIECE
                )
                fresh = page.lines
                self._cursors, self.failure = page.cursors, None
            except FateFlowError as error:
                fresh, self.failure, pause = [], error, _SELDOM
            if source != self._source or not self.is_mounted:
                return
            if fresh:
                self.book.add(fresh)
                self.pane.changed()
                pause = 0.0
            self.pane.empty = "" if self.book.lines else "no log lines yet"
            self.post_message(self.NotesChanged())
            ended = self.subject is not None and self.subject.view.status.ended
            pause = 0.02 if fresh else min(_SELDOM, max(_OFTEN, pause * 1.5 if ended else _OFTEN))
            await asyncio.sleep(pause)
            await self._seen.wait()

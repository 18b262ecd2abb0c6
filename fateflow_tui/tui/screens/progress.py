"""Dialogs about one job: its progress, and why it has its status."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from fateflow_tui.core.cells import Spans, on_one_line
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.formatting import marked
from fateflow_tui.tui import columns
from fateflow_tui.tui.screens.dialog import Dialog
from fateflow_tui.tui.snapshot import Change
from fateflow_tui.views.cards import card_lines
from fateflow_tui.views.text import error_lines
from fateflow_tui.views.why import why_lines

if TYPE_CHECKING:
    from fateflow_tui.tui.dashboard import Dashboard


_BAR = 40


class FollowDialog(Dialog[bool]):
    """Follows a job. Closes with True when it succeeds; a failure stays visible; escape stops following."""

    def __init__(self, job_id: str, title: str) -> None:
        super().__init__()
        self._job_id, self._title = job_id, title
        self._stop_listening: Callable[[], None] = lambda: None

    @property
    def dash(self) -> Dashboard:
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content(f"esc closes, the job continues   $ fateflow job show {self._job_id}")
            yield Static("…")

    def on_mount(self) -> None:
        self._stop_listening = self.dash.store.listen(self._on_change)
        self.dash.store.subscribe(self._job_id)
        self._draw()

    def on_unmount(self) -> None:
        self._stop_listening()
        self.dash.store.unsubscribe(self._job_id)

    def _on_change(self, change: Change) -> None:
        if change.full_refresh or self._job_id in change.jobs or self._job_id in change.views:
            self._draw()

    def _draw(self) -> None:
        known = self.dash.store.snapshot
        line, view = known.lines.get(self._job_id), known.views.get(self._job_id)
        if line is None:
            return
        if line.status.succeeded:
            self._stop_listening()
            self.dismiss(True)
            return
        done, rest = columns.bar(line.progress, _BAR)
        lines: list[Spans] = [[(done, line.status), (rest, "frame"), (f"  {marked(line.status)}", line.status)]]
        if line.waiting is not None:
            lines.append([(on_one_line(line.waiting.text), "warning")])
        if line.status.ended:
            lines.append([(on_one_line(line.reason), line.status)])
            lines += [row for card in (view.cards if view else []) for row in ([], *card_lines(card, short=True))]
        text = Text()
        for number, spans in enumerate(lines):
            text.append("\n" if number else "")
            for word, style in spans:
                text.append(word, self.dash.palette[style])
        self.query_one(Static).update(text)


class WhyDialog(Dialog[None]):
    """Why a job has its status."""

    DEFAULT_CSS = "WhyDialog > .box { width: 96; }"

    def __init__(self, job_id: str, component: str = "") -> None:
        super().__init__()
        self._job_id = job_id
        self._component = component

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box") as box:
            box.border_title = f"Why {self._job_id}"
            box.border_subtitle = f"esc   $ fateflow job why {self._job_id}"
            yield Static("loading …")

    def on_mount(self) -> None:
        self.run_worker(self._ask(), exit_on_error=False)

    async def _ask(self) -> None:
        try:
            found = await self.app.store.client.jobs.why(self._job_id)  # type: ignore[attr-defined]
            lines = why_lines(found, now_ms(), details=True)
        except FateFlowError as error:
            lines = error_lines(error)
        styles = self.app.palette  # type: ignore[attr-defined]
        text = Text()
        for number, line in enumerate(lines):
            text.append("\n" if number else "")
            for word, style in line:
                text.append(word, styles[style])
        self.query_one(Static).update(text)

"""A job that one waits for: how far it is, and why it failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from fateflow_tui.text.places import on_one_line
from fateflow_tui.text.spans import Spans
from fateflow_tui.text.statuses import marked
from fateflow_tui.tui import texts
from fateflow_tui.tui.screens.dialog import Dialog
from fateflow_tui.tui.snapshot import Change
from fateflow_tui.tui.widgets.cards import card_lines

if TYPE_CHECKING:
    from fateflow_tui.tui.app import DashApp

_BAR = 40


class FollowDialog(Dialog[bool]):
    """Closes by itself when the job succeeds, with True; escape leaves it to itself. A failure stays to be read."""

    def __init__(self, job_id: str, title: str) -> None:
        super().__init__()
        self._job_id, self._title = job_id, title
        self._stop_listening: Callable[[], None] = lambda: None

    @property
    def dash(self) -> DashApp:
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content(f"esc leaves it to itself   $ fateflow job show {self._job_id}")
            yield Static("…")

    def on_mount(self) -> None:
        self._stop_listening = self.dash.feed.listen(self._told)
        self.dash.feed.look_at(self._job_id)
        self._draw()

    def on_unmount(self) -> None:
        self._stop_listening()
        self.dash.feed.look_away(self._job_id)

    def _told(self, change: Change) -> None:
        if change.anew or self._job_id in change.jobs or self._job_id in change.views:
            self._draw()

    def _draw(self) -> None:
        known = self.dash.feed.snapshot
        line, view = known.lines.get(self._job_id), known.views.get(self._job_id)
        if line is None:
            return
        if line.status.succeeded:
            self._stop_listening()
            self.dismiss(True)
            return
        done, rest = texts.bar(line.progress, _BAR)
        lines: list[Spans] = [[(done, line.status), (rest, "frame"), (f"  {marked(line.status)}", line.status)]]
        if line.waiting is not None:
            lines.append([(on_one_line(line.waiting.text), "warning")])
        if line.status.ended:
            lines.append([(on_one_line(line.reason), line.status)])
            lines += [row for card in (view.cards if view else []) for row in ([], *card_lines(card))]
        text = Text()
        for number, spans in enumerate(lines):
            text.append("\n" if number else "")
            for word, style in spans:
                text.append(word, self.dash.palette[style])
        self.query_one(Static).update(text)

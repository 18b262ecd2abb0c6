"""The base of the tabs of a job's screen, and the strip of their titles."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual import events
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget

from fateflow_tui.core.cells import Spans
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.tui.actions import key_label, keys_of
from fateflow_tui.tui.job_filter import Subject
from fateflow_tui.views.text import error_lines

if TYPE_CHECKING:
    from fateflow_tui.sdk.async_client import AsyncFateFlow


class TabStrip(Widget):
    """The titles and keys of the tabs on one line, with marks such as counts.

    names: of the tabs. actions: the id of the action that opens each. Textual's Tabs mounts a widget for each title and
    takes two lines: with it, a job takes a third longer to open.
    """

    DEFAULT_CSS = "TabStrip { height: 1; }"

    class Clicked(Message):
        """A title was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, names: tuple[str, ...], actions: dict[str, str]) -> None:
        super().__init__()
        self._names = names
        self._actions = actions
        self.shown = names[0]
        self._marks: dict[str, tuple[str, str]] = {}
        self._spots: list[tuple[int, int, str]] = []

    def show(self, name: str, marks: dict[str, tuple[str, str]]) -> None:
        """Mark a tab as current. marks: a short text and its style, by tab."""
        if (name, marks) != (self.shown, self._marks):
            self.shown, self._marks = name, marks
            self.refresh()

    def render(self) -> Text:
        app = self.app
        styles = app.palette  # type: ignore[attr-defined]
        text = Text(no_wrap=True, overflow="crop", end="")
        self._spots = []
        declared = self.screen.actions  # type: ignore[attr-defined]
        labels = {name: declared[self._actions[name]].label for name in self._names}
        marks = sum(len(mark) for mark, _ in self._marks.values())
        fits = sum(len(label) + 4 for label in labels.values()) - 2 + marks <= self.size.width
        for name, label in labels.items():
            start = text.cell_len
            here = name == self.shown
            key = key_label(keys_of(declared[self._actions[name]], app.keymap_of_user)[0])  # type: ignore[attr-defined]
            if fits or not label.startswith(key):
                text.append(f"{key} ", styles["accent strong" if here else "muted"])
            elif here:
                text.append(key, styles["accent strong"])
                label = label[len(key) :]
            text.append(label, styles["strong underline" if here else "muted"])
            mark, style = self._marks.get(name, ("", ""))
            text.append(mark, styles[style])
            self._spots.append((start, text.cell_len, name))
            text.append("  " if fits else " ")
        return text

    def on_click(self, event: events.Click) -> None:
        for start, end, name in self._spots:
            if start <= event.x < end:
                self.post_message(self.Clicked(name))


_MIN_INTERVAL = 1.0  # seconds between two reads
_LOADING_DELAY = 0.15  # seconds after which a tab shows that it is loading


class JobTab(Vertical):
    """A tab of a job. Subclasses read in `read`, draw in `draw` and return the text of the frame in `notes`."""

    DEFAULT_CSS = "JobTab { height: 1fr; }"

    class NotesChanged(Message):
        """The text for the frame may have changed."""

    def __init__(self, name: str) -> None:
        super().__init__(id=f"tab-{name}")
        self.subject: Subject | None = None
        self.failure: FateFlowError | None = None
        self.reading = False
        self.unread = True
        self._read_for: Any = None
        self._read_at = 0.0
        self._due = False
        self._turn = 0  # number of the current or last read
        self._done = 0  # number of the last finished read

    @property
    def flow(self) -> AsyncFateFlow:
        found: AsyncFateFlow = self.app.store.client  # type: ignore[attr-defined]
        return found

    @property
    def target(self) -> Widget:
        """The widget that receives the focus."""
        return next((one for one in self.query("*") if one.focusable), self)

    @property
    def party(self) -> str:
        """The party whose data is shown; "" for all."""
        return ""

    def wanted(self, subject: Subject) -> Any:
        """Return what a read depends on; None if there is nothing to read."""
        return None

    async def read(self, subject: Subject) -> None:
        """Read and keep the data. Raises FateFlowError."""

    def forget(self) -> None:
        """Drop data about another subject."""

    def draw(self) -> None:
        """Draw `subject` with the data read so far."""

    def notes(self) -> Spans:
        return []

    def find(self) -> None:
        """Open the search, if the tab has one."""

    def step(self, chips: str) -> None:
        """Choose the next party or section, if the tab has such a choice."""

    def back(self) -> bool:
        """Close the search; return whether it was open."""
        return False

    def tick(self) -> None:
        """Read again if a read is due; called once a second."""
        if self._due and time.monotonic() - self._read_at >= _MIN_INTERVAL:
            self._begin()

    def show(self, subject: Subject) -> None:
        """Show a subject, and read its data if they are missing or outdated."""
        self.subject = subject
        wanted = self.wanted(subject)
        if wanted is not None and wanted != self._read_for:
            elsewhere = self._read_for is None or self._read_for[:2] != wanted[:2]
            self._due = True
            if elsewhere:
                self.forget()
                self.unread = True
                self.failure = None
            if elsewhere or time.monotonic() - self._read_at >= _MIN_INTERVAL:
                self._begin()
        self.draw()

    def reload(self) -> None:
        """Read everything again."""
        self._read_for = None
        if self.subject is not None:
            self.show(self.subject)

    def placeholder(self) -> list[Spans]:
        """Return what to show instead of missing data: the error with its hint, or that it is being read."""
        if self.failure is not None:
            return error_lines(self.failure)
        return [[("loading …", "muted")]] if self.reading else []

    def _begin(self) -> None:
        if self.subject is None:
            return
        self._due, self._read_at, self._read_for = False, time.monotonic(), self.wanted(self.subject)
        self._turn += 1
        reading = self._read_subject(self.subject, self._turn)
        self.run_worker(reading, group="reading", exclusive=True, exit_on_error=False)

    async def _read_subject(self, subject: Subject, turn: int) -> None:
        timer = self.set_timer(_LOADING_DELAY, lambda: self._show_reading(turn))
        try:
            await self.read(subject)
            self.failure, self.unread = None, False
        except FateFlowError as error:
            self.failure = error
        finally:
            timer.stop()
            self._done = max(self._done, turn)
            self.reading = self.reading and turn != self._turn
        if self.is_mounted and self.subject is not None:
            self.draw()
            self.post_message(self.NotesChanged())

    def _show_reading(self, turn: int) -> None:
        """Show that it is reading, unless that read has finished or was replaced."""
        if turn == self._turn and turn > self._done:
            self.reading = True
            self.draw()

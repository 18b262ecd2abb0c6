"""The tabs of a job's screen."""

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

if TYPE_CHECKING:
    from fateflow_tui.sdk.async_client import AsyncFateFlow


class TabStrip(Widget):
    """names: of actions `tab.NAME`, whose keys and labels are shown. Counts and marks stand behind a label."""

    DEFAULT_CSS = "TabStrip { height: 1; }"

    class Clicked(Message):
        """A tab is wanted."""

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
        """marks: a short text and its style, by tab."""
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
        roomy = sum(len(label) + 5 for label in labels.values()) + marks <= self.size.width
        for name, label in labels.items():
            start = text.cell_len
            here = name == self.shown
            key = key_label(keys_of(declared[self._actions[name]], app.keymap_of_user)[0])  # type: ignore[attr-defined]
            if roomy or not label.startswith(key):
                text.append(f"{key} ", styles["accent strong" if here else "muted"])
            elif here:
                text.append(key, styles["accent strong"])
                label = label[len(key) :]
            text.append(label, styles["strong underline" if here else "muted"])
            mark, style = self._marks.get(name, ("", ""))
            text.append(mark, styles[style])
            self._spots.append((start, text.cell_len, name))
            text.append("  " if roomy else " ")
        return text

    def on_click(self, event: events.Click) -> None:
        for start, end, name in self._spots:
            if start <= event.x < end:
                self.post_message(self.Clicked(name))


_OFTEN = 1.0  # seconds between two readings
_PATIENCE = 0.15  # seconds after which it says that it reads


class JobTab(Vertical):
    """A tab draws in `look`, reads in `read`, and says in `notes` what stands in the frame's upper edge.

    `read` is called when `wanted` says something else than the last time, once a second at most; what fails is shown
    in the tab, and tried again as the connection comes back or `again` is called.
    """

    DEFAULT_CSS = "JobTab { height: 1fr; }"

    class NotesChanged(Message):
        """It has something new to say in the frame."""

    def __init__(self, name: str) -> None:
        super().__init__(id=f"tab-{name}")
        self.subject: Subject | None = None
        self.failure: FateFlowError | None = None
        self.reading = False
        self.unread = True
        self._read_for: Any = None
        self._read_at = 0.0
        self._due = False
        self._turn = 0  # number of the reading that goes on, or of the last one
        self._done = 0  # number of the last one that has come to its end

    @property
    def flow(self) -> AsyncFateFlow:
        found: AsyncFateFlow = self.app.store.client  # type: ignore[attr-defined]
        return found

    @property
    def target(self) -> Widget:
        """What gets the focus."""
        return next((one for one in self.query("*") if one.focusable), self)

    @property
    def party(self) -> str:
        """The party whose things are shown; "" where it is about all."""
        return ""

    def wanted(self, subject: Subject) -> Any:
        """What the next reading would depend on; None where nothing is to be read."""
        return None

    async def read(self, subject: Subject) -> None:
        """Reads and keeps. Raises FateFlowError."""

    def forget(self) -> None:
        """What was read is about something else than what is to be shown."""

    def draw(self) -> None:
        """Draws `subject` with what has been read so far."""

    def notes(self) -> Spans:
        return []

    def find(self) -> None:
        """Where something can be sought: a place to say what."""

    def step(self, chips: str) -> None:
        """To the next `party`, or the next of `what` there is to see, where there is a choice."""

    def back(self) -> bool:
        """Out of what was sought; whether anything was."""
        return False

    def tick(self) -> None:
        """A second has passed."""
        if self._due and time.monotonic() - self._read_at >= _OFTEN:
            self._begin()

    def show(self, subject: Subject) -> None:
        """The tab is shown, and about this."""
        self.subject = subject
        wanted = self.wanted(subject)
        if wanted is not None and wanted != self._read_for:
            elsewhere = self._read_for is None or self._read_for[:2] != wanted[:2]
            self._due = True
            if elsewhere:
                self.forget()
                self.unread = True
                self.failure = None
            if elsewhere or time.monotonic() - self._read_at >= _OFTEN:
                self._begin()
        self.draw()

    def again(self) -> None:
        """Reads anew whatever was read."""
        self._read_for = None
        if self.subject is not None:
            self.show(self.subject)

    def placeholder(self) -> list[Spans]:
        """In the place of what is not there: the failure with its hint, or that it is being read."""
        if self.failure is not None:
            return [[(str(self.failure), "error")], [(self.failure.hint or "", "muted")]]
        return [[("reading …", "muted")]] if self.reading else []

    def _begin(self) -> None:
        if self.subject is None:
            return
        self._due, self._read_at, self._read_for = False, time.monotonic(), self.wanted(self.subject)
        self._turn += 1
        reading = self._read_subject(self.subject, self._turn)
        self.run_worker(reading, group="reading", exclusive=True, exit_on_error=False)

    async def _read_subject(self, subject: Subject, turn: int) -> None:
        timer = self.set_timer(_PATIENCE, lambda: self._show_reading(turn))
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
        """May come when the reading has just ended, or when another one has begun."""
        if turn == self._turn and turn > self._done:
            self.reading = True
            self.draw()

"""Lines of words in their styles, as many as one likes: they are wrapped, and scrolled by keys."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from fateflow_tui.tui.texts import Spans, wrapped


class Reading(ScrollView, can_focus=True):
    """Only what is in view is drawn."""

    DEFAULT_CSS = """
    Reading { width: 1fr; height: 1fr; scrollbar-size: 1 1; overflow-x: hidden; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "scroll_up", "up", show=False, id="text.up", tooltip="One line up"),
        Binding("j", "scroll_down", "down", show=False, id="text.down", tooltip="One line down"),
        Binding("g", "scroll_home", "first", show=False, id="text.first", tooltip="To the beginning"),
        Binding("G", "scroll_end", "last", show=False, id="text.last", tooltip="To the end"),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: list[Spans] = []
        self._wrapped: list[Spans] = []

    def show(self, lines: list[Spans], *, from_top: bool = False) -> None:
        """from_top: begin at the beginning, as it is about something else."""
        if lines != self._lines:
            self._lines = lines
            self._wrap()
        if from_top and self.scroll_offset.y:
            self.scroll_to(y=0, animate=False)

    def on_resize(self, event: events.Resize) -> None:
        self._wrap()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.refresh()

    def _wrap(self) -> None:
        room = max(1, self.scrollable_content_region.width)
        self._wrapped = [piece for line in self._lines for piece in wrapped(line, room)]
        self.virtual_size = Size(room, len(self._wrapped))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        number = self.scroll_offset.y + y
        if number >= len(self._wrapped):
            return Strip.blank(width, base)
        styles = self.app.palette  # type: ignore[attr-defined]
        segments = [Segment(text, base + styles[style]) for text, style in self._wrapped[number] if text]
        return Strip(segments).adjust_cell_length(width, base)

"""Lines of words in their styles, as many as there are; only those in view are drawn."""

from __future__ import annotations

from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from fateflow_tui.text.spans import Spans, wrapped


class ScrollWords(ScrollView, can_focus=True):
    """Lines that are too long go on below, unless they are `cut`: then one scrolls to the right."""

    DEFAULT_CSS = """
    ScrollWords { scrollbar-size: 1 1; height: 1fr; scrollbar-gutter: stable; overflow-x: hidden;
        &.-cut { overflow-x: auto; } }
    """

    def __init__(self, *, cut: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._cut = cut
        self.set_class(cut, "-cut")
        self._lines: list[Spans] = []
        self._pieces: list[Spans] = []

    @property
    def text(self) -> str:
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def show(self, lines: list[Spans]) -> None:
        if lines != self._lines:
            self._lines = lines
            self._lay_out()

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out()

    def render_line(self, y: int) -> Strip:
        base, width = self.rich_style, self.size.width
        row = y + self.scroll_offset.y
        if row >= len(self._pieces):
            return Strip.blank(width, base)
        styles = self.app.palette  # type: ignore[attr-defined]
        strip = Strip([Segment(text, base + styles[style]) for text, style in self._pieces[row] if text])
        left = self.scroll_offset.x
        return strip.crop(left, left + width).adjust_cell_length(width, base)

    def _lay_out(self) -> None:
        room = self.scrollable_content_region.width
        if not room:
            return
        self._pieces = self._lines if self._cut else [one for line in self._lines for one in wrapped(line, room)]
        widest = max((sum(len(text) for text, _ in line) for line in self._pieces), default=0)
        self.virtual_size = Size(widest if self._cut else room, len(self._pieces))
        self.refresh()

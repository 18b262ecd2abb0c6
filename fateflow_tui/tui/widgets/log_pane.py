"""A log of any length: only the visible lines are styled."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from fateflow_tui.core import formatting
from fateflow_tui.core.cells import Spans, cut, spans_width, width
from fateflow_tui.tui.columns import without_start
from fateflow_tui.tui.log_book import BookLine, LogBook
from fateflow_tui.views.text import clock

_STYLES: Final = ("muted", "", "warning", "error", "error strong")
_SIGNS: Final = ("D", "I", "W", "E", "C")
_COMPONENT: Final = 20  # maximum width of a component's name
_MESSAGE: Final = 40  # minimum width of the message before a column is dropped


class LogPane(ScrollView, can_focus=True):
    """Log lines with a cursor and highlighted matches; follows the end."""

    DEFAULT_CSS = """
    LogPane { scrollbar-size: 1 1; height: 1fr; scrollbar-gutter: stable; overflow-x: hidden; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False, id="log.up", tooltip="One line up"),
        Binding("down,j", "move(1)", "down", show=False, id="log.down", tooltip="One line down"),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False, id="log.page_up", tooltip="One page up"),
        Binding("pagedown,ctrl+f", "page(1)", "page down", show=False, id="log.page_down", tooltip="One page down"),
        Binding("home,g", "end(False)", "first", show=False, id="log.first", tooltip="The first line"),
        Binding("end,G", "end(True)", "last", show=False, id="log.last", tooltip="The last line, and follow"),
        Binding("right", "side(1)", "right", show=False, id="log.right", tooltip="Scroll long messages to the right"),
        Binding("left", "side(-1)", "left", show=False, id="log.left", tooltip="Scroll back to the left"),
        Binding("n", "hit(1)", "next", show=False, id="log.next", tooltip="The next match"),
        Binding("N", "hit(-1)", "previous", show=False, id="log.previous", tooltip="The previous match"),
        Binding("y", "copy", "copy line", show=False, id="log.copy", tooltip="Copy the line under the cursor"),
    ]

    class Moved(Message):
        """The cursor moved, or following was switched."""

    def __init__(self, book: LogBook) -> None:
        super().__init__()
        self.book = book
        self.cursor = 0
        self.follow = True
        self.empty = ""
        self._parties: dict[str, str] = {}
        self._shifted = 0  # cells of the messages that are scrolled out

    @property
    def _line_width(self) -> int:
        """The width of a line without the scrollbar."""
        return self.scrollable_content_region.width

    def name_parties(self, parties: list[str]) -> None:
        """Set the letters of the parties."""
        self._parties = {party: formatting.letter(party, parties) for party in parties}

    def changed(self) -> None:
        """Redraw after a change of the lines."""
        total = len(self.book.shown)
        self.virtual_size = Size(self._line_width, total)
        self.cursor = max(0, total - 1) if self.follow else min(self.cursor, max(0, total - 1))
        if self.follow:
            self.scroll_to(y=total, animate=False, force=True, immediate=True)
        self.refresh()
        self.post_message(self.Moved())

    def go(self, place: int) -> None:
        if not self.book.shown:
            return
        last = len(self.book.shown) - 1
        self.cursor = max(0, min(place, last))
        self.follow = self.cursor == last
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if not top <= self.cursor < top + height:
            near = self.cursor if self.cursor < top else self.cursor - height + 1
            far = abs(self.cursor - top) > 2 * height
            y = max(0, self.cursor - height // 2) if far else near
            self.scroll_to(y=y, animate=False, force=True, immediate=True)
        self.refresh()
        self.post_message(self.Moved())

    def action_move(self, by: int) -> None:
        self.go(self.cursor + by)

    def action_page(self, by: int) -> None:
        self.go(self.cursor + by * max(1, self.size.height - 1))

    def action_end(self, last: bool) -> None:
        self.go(len(self.book.shown) - 1 if last else 0)

    def action_hit(self, step: int) -> None:
        place = self.book.hit_after(self.cursor, step)
        if place >= 0:
            self.go(place)

    def action_side(self, by: int) -> None:
        """Scroll the messages sideways; time, party and component stay."""
        top, total = self.scroll_offset.y, len(self.book.shown)
        lines = [self.book.line(place) for place in range(top, min(total, top + self.size.height))]
        max_width = self._line_width - 1 - spans_width(self._before(lines[0], self._line_width - 1)) if lines else 0
        step = max(10, max_width // 2)
        if by < 0:
            self._shifted = max(0, self._shifted - step)
        else:
            most = max((width(line.text) for line in lines), default=0) - max_width
            self._shifted = max(self._shifted, min(self._shifted + step, most))
        self.refresh()

    def action_copy(self) -> None:
        if self.book.shown:
            line = self.book.line(self.cursor)
            self.app.copy_to_clipboard(line.text)
            self.app.toast(f"copied: {cut(line.text, 60)}")  # type: ignore[attr-defined]

    def on_click(self, event: events.Click) -> None:
        self.go(self.scroll_offset.y + event.y)

    def on_resize(self, event: events.Resize) -> None:
        self.virtual_size = Size(self._line_width, len(self.book.shown))
        if self.follow:
            self.call_after_refresh(self.changed)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self.follow and round(new_value) < self.max_scroll_y:
            self.follow = False  # the user scrolled back
            self.cursor = min(self.cursor, round(new_value) + self.size.height - 1)
            self.post_message(self.Moved())

    def render_line(self, y: int) -> Strip:
        base, columns = self.rich_style, self._line_width
        place = y + self.scroll_offset.y
        styles = self.app.palette  # type: ignore[attr-defined]
        if place >= len(self.book.shown):
            text = self.empty if y == 0 and not self.book.shown else ""
            return Strip([Segment(text, base + styles["muted"])]).adjust_cell_length(columns, base)
        here = place == self.cursor
        if here and self.has_focus:
            base += styles["cursor"]
        segments = [Segment("▌" if here else " ", base + styles["accent"])]
        segments += [Segment(text, base + styles[style]) for text, style in self._spans(place, columns - 1)]
        return Strip(segments).adjust_cell_length(columns, base)

    def _spans(self, place: int, max_width: int) -> Spans:
        line = self.book.line(place)
        return [*self._before(line, max_width), *without_start(self._message(line), self._shifted)]

    def _before(self, line: BookLine, max_width: int) -> Spans:
        """Return the columns before the message."""
        spans: Spans = []
        if max_width > _MESSAGE + 9:
            spans.append((f"{clock(line.at):<9}" if line.first else " " * 9, "muted"))
        style = _STYLES[line.level]
        spans.append((f"{_SIGNS[line.level]} " if line.first else "  ", style or "muted"))
        letters = max((len(letter) for letter in self._parties.values()), default=1)
        letter = self._parties.get(line.party, "") if line.first else ""
        spans.append((f"{letter:<{letters}} ", "primary"))
        named = not self.book.selected.component and max_width > _MESSAGE + 32
        if named:
            name = cut(line.component, _COMPONENT) if line.first else ""
            spans.append((f"{name:<{_COMPONENT}} ", "muted"))
        return spans

    def _message(self, line: BookLine) -> Spans:
        needle, style = self.book.needle, _STYLES[line.level]
        if not needle or needle not in line.folded or len(line.folded) != len(line.text):
            return [(line.text, style)]
        spans: Spans = []
        start = 0
        while (found := line.folded.find(needle, start)) >= 0:
            end = found + len(needle)
            spans += [(line.text[start:found], style), (line.text[found:end], "match accent")]
            start = end
        return [*spans, (line.text[start:], style)]

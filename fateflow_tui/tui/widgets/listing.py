"""A table of any length: draws only the visible rows, and on a change only the changed rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from fateflow_tui.core.cells import spans_width
from fateflow_tui.tui.columns import GAP, Column, Placed, fit_columns, fitted, scrolled_columns, without_start
from fateflow_tui.tui.themes import Palette
from fateflow_tui.tui.widgets.changed_cells import ChangedLines

T = TypeVar("T")

_GUTTER = 2  # the marks of the cursor and of marked rows
_EDGE = 1  # cell before the scrollbar
_NEAR = 50  # rows from the end at which more are requested
_WHOLE = 10_000  # a width at which nothing is cut


class Listing(ChangedLines, Generic[T], can_focus=True):
    """Rows by key under a header line. The owner sets the rows and handles the messages."""

    DEFAULT_CSS = """
    Listing { scrollbar-size: 1 1; scrollbar-gutter: stable; overflow-x: hidden; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False, id="list.up", tooltip="One row up"),
        Binding("down,j", "move(1)", "down", show=False, id="list.down", tooltip="One row down"),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False, id="list.page_up", tooltip="One page up"),
        Binding("pagedown,ctrl+f", "page(1)", "page down", show=False, id="list.page_down", tooltip="One page down"),
        Binding("home,g", "end(False)", "first", show=False, id="list.first", tooltip="The first row"),
        Binding("end,G", "end(True)", "last", show=False, id="list.last", tooltip="The last row"),
        Binding(
            "right", "side(1)", "right", show=False, id="list.right", tooltip="Scroll columns and texts to the right"
        ),
        Binding("left", "side(-1)", "left", show=False, id="list.left", tooltip="Scroll back to the left"),
    ]

    class Moved(Message):
        """The cursor moved to another row, or to none."""

        def __init__(self, listing: Listing[Any]) -> None:
            super().__init__()
            self.listing = listing

        @property
        def control(self) -> Listing[Any]:
            return self.listing

    class Chosen(Moved):
        """A row was double-clicked."""

    class NearEnd(Moved):
        """The cursor or the view is near the last row."""

    class TitleClicked(Moved):
        """The title of a column was clicked."""

        def __init__(self, listing: Listing[Any], column: str) -> None:
            super().__init__(listing)
            self.column = column

    def __init__(self, columns: Sequence[Column[T]], *, empty: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._columns = columns
        self.empty = empty
        self.keys: list[str] = []
        self.records: dict[str, T] = {}
        self.marked: set[str] = set()
        self.cursor: str = ""
        self.sorted_by: tuple[str, str] = ("", "")  # column, and the arrow beside its title
        self.touched = False  # whether the user moved the cursor away from the first row
        self._skipped = 0  # columns behind the first that are scrolled out
        self._shifted = 0  # cells of cut texts that are scrolled out
        self._place: dict[str, int] = {}
        self._placed: list[Placed[T]] = []
        self._strips: dict[str, Strip] = {}
        self._palette: Palette | None = None

    @property
    def record(self) -> T | None:
        """The row under the cursor."""
        return self.records.get(self.cursor)

    @property
    def row(self) -> int:
        """The number of the cursor's row; -1 without rows."""
        return self._place.get(self.cursor, -1)

    def show(self, keys: Sequence[str], records: dict[str, T], *, at_first: bool = False) -> None:
        """Set all rows in their order. The cursor stays on its row, or at its height if the row is gone.

        at_first: keep the cursor on the first row until the user moves it.
        """
        height = self.row
        seen = self.cursor in self.in_view()
        if at_first and not self.touched and self.cursor and list(keys[:1]) != [self.cursor]:
            self.cursor, height = "", 0
        self.keys, self.records = list(keys), records
        self._place = {key: number for number, key in enumerate(self.keys)}
        self.marked &= self._place.keys()
        self._strips.clear()
        self.virtual_size = Size(self._line_width, len(self.keys) + 1)
        if self.cursor not in self._place:
            self.cursor = self.keys[min(max(height, 0), len(self.keys) - 1)] if self.keys else ""
            self.post_message(self.Moved(self))
        if seen or height > 0:
            self._keep_in_view()
        self.refresh_changed()

    def show_columns(self, columns: Sequence[Column[T]]) -> None:
        """Set other columns, scrolled to the first; call `show` afterwards."""
        self._columns, self.cursor = columns, ""
        self._skipped = self._shifted = 0
        self._lay_out()
        self.scroll_to(y=0, animate=False)

    def reveal(self) -> None:
        """Scroll to the cursor if it is out of view."""
        self._keep_in_view()

    def change(self, keys: Sequence[str] | frozenset[str] | set[str]) -> None:
        """Redraw these rows."""
        for key in keys:
            self._strips.pop(key, None)
            if key in self._place:
                self._refresh_row(self._place[key])

    def in_view(self) -> list[str]:
        """Return the keys of the visible rows."""
        top = self.scroll_offset.y
        return self.keys[top : top + max(0, self.size.height - 1)]

    def move_to(self, key: str) -> None:
        if key not in self._place or key == self.cursor:
            return
        before, self.cursor = self.cursor, key
        self.change({before, key})
        self._keep_in_view()
        self.post_message(self.Moved(self))
        if self.row >= len(self.keys) - _NEAR:
            self.post_message(self.NearEnd(self))

    def toggle_mark(self, key: str) -> None:
        if key:
            self.marked ^= {key}
            self.change({key})

    def unmark_all(self) -> None:
        marked, self.marked = self.marked, set()
        self.change(marked)

    def redraw(self) -> None:
        """Redraw everything, as after a change of theme."""
        self._palette = None
        self._strips.clear()
        self.refresh()

    def action_move(self, by: int) -> None:
        self._go(self.row + by)

    def action_page(self, by: int) -> None:
        self._go(self.row + by * max(1, self.size.height - 2))

    def action_end(self, last: bool) -> None:
        self._go(len(self.keys) - 1 if last else 0)
        self.touched = last

    def action_side(self, by: int) -> None:
        """Scroll sideways. The first column stays; once all columns are visible, texts that were cut move."""
        step = max([10, *(cells // 2 for column, cells in self._placed if not column.max_width)])
        if by < 0:
            if self._shifted:
                self._shifted = max(0, self._shifted - step)
            elif self._skipped:
                self._skipped -= 1
        elif self._more_columns:
            self._skipped += 1
        else:
            self._shifted = max(self._shifted, min(self._shifted + step, self._most_shifted()))
        self._lay_out()
        self.refresh()

    @property
    def _line_width(self) -> int:
        """The width of a line without the scrollbar."""
        return self.scrollable_content_region.width

    @property
    def _more_columns(self) -> bool:
        """Whether there are columns to the right of the view."""
        seen = {column.id for column, _ in self._placed}
        return any(column.id not in seen for column in self._columns[1 + self._skipped :])

    def _most_shifted(self) -> int:
        """Return by how many cells the longest visible text has to move to show its end."""
        rows = [self.records[key] for key in self.in_view()]
        moving = [(column, cells) for column, cells in self._placed[1:] if not column.max_width and cells]
        return max(
            (spans_width(column.text(row, _WHOLE)) - cells for column, cells in moving for row in rows),
            default=0,
        )

    def _lay_out(self) -> None:
        cells = self._line_width - _GUTTER - _EDGE
        self._placed = fit_columns(self._columns, cells)
        if self._skipped and self._placed:
            self._placed = scrolled_columns(self._columns, cells, self._placed[0][1], self._skipped)
        self._strips.clear()

    def line(self, y: int) -> Strip:
        width = self._line_width
        if y == 0:
            return self._head(width)
        number = self.scroll_offset.y + y - 1
        if number >= len(self.keys):
            return self._below(y, width)
        key = self.keys[number]
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._drawn(key, width)
        return strip

    def watch_has_focus(self, value: bool) -> None:
        super().watch_has_focus(value)
        self.change({self.cursor})

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._palette = None
        self._strips.clear()

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out()
        self.virtual_size = Size(self._line_width, len(self.keys) + 1)
        self.call_after_refresh(self._keep_in_view)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(new_value) + self.size.height >= len(self.keys) - _NEAR:
            self.post_message(self.NearEnd(self))

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            column = self._column_at(event.x)
            if column:
                self.post_message(self.TitleClicked(self, column))
            return
        number = self.scroll_offset.y + event.y - 1
        if number < len(self.keys):
            self.move_to(self.keys[number])
            self.touched = True
            if event.ctrl or event.x < _GUTTER:
                self.toggle_mark(self.keys[number])
            elif event.chain == 2:
                self.post_message(self.Chosen(self))

    def _go(self, number: int) -> None:
        self.touched = True
        if self.keys:
            self.move_to(self.keys[max(0, min(number, len(self.keys) - 1))])

    def _keep_in_view(self) -> None:
        row, top, cells = self.row, self.scroll_offset.y, max(1, self.size.height - 1)
        if row >= 0 and not top <= row < top + cells:
            self.scroll_to(y=row if row < top else row - cells + 1, animate=False, force=True)

    def _refresh_row(self, number: int) -> None:
        y = number - self.scroll_offset.y + 1
        if 1 <= y < self.size.height:
            self.refresh_changed([y])

    def _styles(self) -> Palette:
        if self._palette is None:
            self._palette = self.app.palette  # type: ignore[attr-defined]
        return self._palette

    def _strip(self, segments: list[Segment], width: int, style: Style) -> Strip:
        return Strip(segments).adjust_cell_length(width, style)

    def _head(self, width: int) -> Strip:
        styles, base = self._styles(), self.rich_style
        segments = [Segment(" " * _GUTTER, base)]
        for place, (column, cells) in enumerate(self._placed):
            arrow = f" {self.sorted_by[1]}" if column.id == self.sorted_by[0] else ""
            title = column.title if len(column.title + arrow) <= cells else column.short or column.title
            titled = fitted([(title + arrow, "title")], cells, right=column.right)
            segments += [Segment(text, base + styles[style]) for text, style in titled]
            gap = "‹" if self._skipped and not place else ""
            segments.append(Segment(f"{gap:<{GAP}}", base + styles["accent"]))
        mark = Segment("›" if self._more_columns else " ", base + styles["accent"])
        return Strip([*self._strip(segments, max(0, width - _EDGE), base), mark])

    def _below(self, y: int, width: int) -> Strip:
        base = self.rich_style
        lines = self.empty.split("\n") if not self.keys else []
        above = max(0, (self.size.height - len(lines)) // 2)
        if above <= y < above + len(lines):
            text = lines[y - above]
            style = base + self._styles()["strong" if y == above else "muted"]
            blank = Segment(" " * max(0, (width - len(text)) // 2), base)
            return self._strip([blank, Segment(text, style)], width, base)
        return Strip.blank(width, base)

    def _drawn(self, key: str, width: int) -> Strip:
        styles, base = self._styles(), self.rich_style
        here, marked = key == self.cursor, key in self.marked
        if here:
            base += styles["cursor"] if self.has_focus else Style.null()
        gutter = base + styles["accent"]
        segments = [Segment("▌" if here else " ", gutter), Segment("◆" if marked else " ", gutter)]
        record = self.records[key]
        for column, cells in self._placed:
            moved = self._shifted if not column.max_width and column is not self._placed[0][0] else 0
            cell = fitted(without_start(column.text(record, cells + moved), moved), cells, right=column.right)
            segments += [Segment(text, base + styles[style]) for text, style in cell if text]
            segments.append(Segment(" " * GAP, base))
        return self._strip(segments, width, base)

    def _column_at(self, x: int) -> str:
        left = _GUTTER
        for column, cells in self._placed:
            if left <= x < left + cells + GAP:
                return column.id if column.sortable else ""
            left += cells + GAP
        return ""

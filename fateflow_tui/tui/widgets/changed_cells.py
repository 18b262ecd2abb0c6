"""Redraws of only the cells that changed: over a slow line, a terminal shows how much a screen writes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import Any

from rich.cells import cell_len
from rich.text import Text
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget


class ChangedLines(ScrollView):
    """A view that draws itself line by line. After a change of its content, call `refresh_changed`."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._on_screen: dict[int, Strip] = {}

    def line(self, y: int) -> Strip:
        """Draw a line of the view."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        strip = self._on_screen[y] = self.line(y)
        return strip

    def refresh_changed(self, lines: Iterable[int] | None = None) -> None:
        """Redraw the cells that differ from what is on the screen. lines: that may differ; None for all."""
        for y in range(self.size.height) if lines is None else lines:
            before, now = self._on_screen.get(y), self.line(y)
            if before is None:
                self.refresh(Region(0, y, self.size.width, 1))
            elif before is not now and (cells := changed_cells(before, now)) is not None:
                self.refresh(Region(cells[0], y, cells[1] - cells[0], 1))


class ChangedText(Widget):
    """A widget of a few lines of text. After a change of its content, call `refresh_changed`."""

    def __init__(self) -> None:
        super().__init__()
        self._on_screen: Text | None = None

    def text(self) -> Text:
        """Draw the lines."""
        raise NotImplementedError

    def render(self) -> Text:
        self._on_screen = self.text()
        return self._on_screen

    def refresh_changed(self) -> None:
        """Redraw the lines that differ from what is on the screen."""
        if self._on_screen is None:
            self.refresh()
            return
        before, now = self._on_screen.split(), self.text().split()
        for y in range(max(len(before), len(now))):
            if before[y : y + 1] != now[y : y + 1]:
                self.refresh(Region(0, y, self.size.width, 1))


def changed_cells(before: Strip, now: Strip) -> tuple[int, int] | None:
    """Return the first cell in which two lines differ, and the one behind the last; None if they are the same."""
    old, new = _cells(before), _cells(now)
    if old == new:
        return None
    if not len(old) == len(new) == before.cell_length == now.cell_length:  # other widths, or combining characters
        return 0, max(before.cell_length, now.cell_length)
    first = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=True)))
    last = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(reversed(old), reversed(new), strict=True)))
    return first, len(new) - last


def _cells(strip: Strip) -> list[tuple[str, Any]]:
    """Each cell with its style. The second cell of a wide character is empty."""
    found: list[tuple[str, Any]] = []
    for segment in strip:
        for character in segment.text:
            found.append((character, segment.style))
            found += [("", segment.style)] * (cell_len(character) - 1)
    return found

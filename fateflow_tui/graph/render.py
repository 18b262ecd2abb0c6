"""Render layouts with labels and statuses as rows of cells and as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby

from fateflow_tui.core.cells import width
from fateflow_tui.graph.boxes.layout import BoxLayout
from fateflow_tui.graph.cells import EMPTY, Cell, CellKind, fitted, text_cells
from fateflow_tui.graph.lanes.layout import LaneLayout

Layout = LaneLayout | BoxLayout
Decorate = Callable[[str, Cell], str]
"""Receives a text and one of its cells, which all have the same node and edges."""

_NONE: Mapping[str, str] = {}


def cell_rows(layout: Layout, details: Mapping[str, str] = _NONE) -> list[list[Cell]]:
    """Return the rows of a drawing. details: short texts by node, its status: to the right of a lane, or in a box if
    the layout has left cells for it.
    """
    if isinstance(layout, LaneLayout):
        return _lane_rows(layout, details)
    return _box_rows(layout, details)


def render_text(
    layout: Layout, details: Mapping[str, str] = _NONE, decorate: Decorate | None = None, *, max_width: int = 0
) -> str:
    """Return the drawing as lines of text without trailing blanks. max_width: cut longer lines; 0: do not cut."""
    return "\n".join(_line(row[:max_width] if max_width else row, decorate) for row in cell_rows(layout, details))


def _line(cells: list[Cell], decorate: Decorate | None) -> str:
    used = len(cells)
    while used and cells[used - 1].glyph == " ":
        used -= 1
    if decorate is None:
        return "".join(cell.glyph for cell in cells[:used])
    pieces = []
    for _, group in groupby(cells[:used], key=lambda cell: (cell.part, cell.node, cell.edges)):
        run = list(group)
        text = "".join(cell.glyph for cell in run)
        pieces.append(text if run[0].part is CellKind.EMPTY else decorate(text, run[0]))
    return "".join(pieces)


def _lane_rows(layout: LaneLayout, details: Mapping[str, str]) -> list[list[Cell]]:
    rows = []
    longest = max((width(details.get(row.node, "")) for row in layout.rows), default=0)
    for row in layout.rows:
        label = fitted(row.label, layout.label_width, layout.glyphs.more)
        cells = [*row.cells, EMPTY, EMPTY, *text_cells(label, CellKind.NAME, row.node)]
        if longest:
            detail = fitted(details.get(row.node, ""), longest, layout.glyphs.more)
            cells += [EMPTY, EMPTY, *text_cells(detail, CellKind.DETAIL, row.node)]
        rows.append(cells)
    return rows


def _box_rows(layout: BoxLayout, details: Mapping[str, str]) -> list[list[Cell]]:
    rows = [list(row) for row in layout.cells]
    for box in layout.boxes.values():
        if box.detail_width:
            x, y = box.detail
            detail = fitted(details.get(box.node, ""), box.detail_width, layout.glyphs.more)
            rows[y][x : x + box.detail_width] = text_cells(detail, CellKind.DETAIL, box.node)
    return rows

"""Cells of drawings: one character of the terminal each, with its node or edges."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Final

import msgspec

from fateflow_tui.core.cells import cut, padded, width
from fateflow_tui.graph.dag import Link


class CellKind(StrEnum):
    """The kind of a cell."""

    EMPTY = "empty"
    LINE = "line"  # of edges
    ARROW = "arrow"  # the end of an edge
    DOT = "dot"  # a node of a lane drawing
    FRAME = "frame"  # of a box
    NAME = "name"
    DETAIL = "detail"  # the status of a node; the layout leaves these cells free


class Cell(msgspec.Struct, frozen=True):
    """One cell of a drawing.

    glyph: one character; "" after a character of double width. node: the node of a dot, frame, name or detail, or "".
    edges: the links whose lines pass here, several where lines are shared or cross.
    """

    glyph: str
    part: CellKind
    node: str = ""
    edges: tuple[Link, ...] = ()


EMPTY: Final = Cell(" ", CellKind.EMPTY)


def fitted(text: str, max_width: int, more: str) -> str:
    """Return a text padded or cut to a width, ending in `more` if cut. Control characters become `?`."""
    return padded(cut("".join(sign if sign.isprintable() else "?" for sign in text), max_width, more), max_width)


_character_width = cache(width)


def text_cells(text: str, part: CellKind, node: str) -> list[Cell]:
    """Return the cells of a text; combining marks stay with the character before them."""
    cells: list[Cell] = []
    for sign in text:
        cell_count = _character_width(sign)
        if cell_count:
            cells.append(Cell(sign, part, node))
            cells.extend([Cell("", part, node)] * (cell_count - 1))
        elif cells:
            cells[-1] = Cell(cells[-1].glyph + sign, part, node)
    return cells


UP: Final = 1
DOWN: Final = 2
LEFT: Final = 4
RIGHT: Final = 8


class Glyphs(msgspec.Struct, frozen=True):
    """Characters of drawings. lines: by directions, a sum of UP, DOWN, LEFT, RIGHT. Four directions are two lines that
    cross; lines that join have at most three.
    """

    lines: dict[int, str]
    node: str
    arrow: str
    exit: str  # where an edge leaves the lower border of a box
    corners: tuple[str, str, str, str]  # of a box: upper left, upper right, lower left, lower right
    more: str  # the end of a text that was cut


UNICODE: Final = Glyphs(
    lines={
        UP: "│",
        DOWN: "│",
        UP | DOWN: "│",
        LEFT: "─",
        RIGHT: "─",
        LEFT | RIGHT: "─",
        DOWN | RIGHT: "╭",
        DOWN | LEFT: "╮",
        UP | RIGHT: "╰",
        UP | LEFT: "╯",
        UP | DOWN | RIGHT: "├",
        UP | DOWN | LEFT: "┤",
        DOWN | LEFT | RIGHT: "┬",
        UP | LEFT | RIGHT: "┴",
        UP | DOWN | LEFT | RIGHT: "┼",
    },
    node="●",
    arrow="▼",
    exit="┬",
    corners=("╭", "╮", "╰", "╯"),
    more="…",
)

# Lines that cross: the vertical one is in front, `-|-`. Lines that branch or join: `+`.
ASCII: Final = Glyphs(
    lines={
        UP: "|",
        DOWN: "|",
        UP | DOWN: "|",
        LEFT: "-",
        RIGHT: "-",
        LEFT | RIGHT: "-",
        DOWN | RIGHT: ".",
        DOWN | LEFT: ".",
        UP | RIGHT: "'",
        UP | LEFT: "'",
        UP | DOWN | RIGHT: "+",
        UP | DOWN | LEFT: "+",
        DOWN | LEFT | RIGHT: ".",
        UP | LEFT | RIGHT: "'",
        UP | DOWN | LEFT | RIGHT: "|",
    },
    node="*",
    arrow="v",
    exit="+",
    corners=("+", "+", "+", "+"),
    more="~",
)

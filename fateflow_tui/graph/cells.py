"""What drawings are made of: one cell for each place of the terminal, with whom it belongs to."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from fateflow_tui.core.cells import places_of, width
from fateflow_tui.graph.dag import Link


class Part(StrEnum):
    """What a cell shows."""

    EMPTY = "empty"
    LINE = "line"  # of edges
    ARROW = "arrow"  # the end of an edge
    DOT = "dot"  # a node of a lane drawing
    FRAME = "frame"  # of a box
    NAME = "name"
    DETAIL = "detail"  # of a node: its status, left free by the layout


class Cell(msgspec.Struct, frozen=True):
    """One place of a drawing.

    glyph: one character; "" behind a character of double width. node: whose dot, frame, name or detail it is, or "".
    edges: the links whose lines pass here, several where lines are shared or cross.
    """

    glyph: str
    part: Part
    node: str = ""
    edges: tuple[Link, ...] = ()


EMPTY: Final = Cell(" ", Part.EMPTY)


def fitted(text: str, places: int, more: str) -> str:
    """The text in just so many places: padded, or cut and ended by `more`. Signs that steer terminals become `?`."""
    text = "".join(sign if sign.isprintable() else "?" for sign in text)
    if width(text) > places:
        while text and width(text) > places - 1:
            text = text[:-1]
        text += more if places else ""
    return text + " " * (places - width(text))


def text_cells(text: str, part: Part, node: str) -> list[Cell]:
    """A cell for every place that the text takes; marks that combine stay with the sign before them."""
    cells: list[Cell] = []
    for sign in text:
        places = places_of(sign)
        if places:
            cells.append(Cell(sign, part, node))
            cells.extend([Cell("", part, node)] * (places - 1))
        elif cells:
            cells[-1] = Cell(cells[-1].glyph + sign, part, node)
    return cells


UP: Final = 1
DOWN: Final = 2
LEFT: Final = 4
RIGHT: Final = 8


class Glyphs(msgspec.Struct, frozen=True):
    """lines: by the sides that a line reaches, a sum of UP, DOWN, LEFT, RIGHT. All four sides are two lines that cross;
    lines that join never have more than three.
    """

    lines: dict[int, str]
    node: str
    arrow: str
    exit: str  # of an edge from the lower border of a box
    corners: tuple[str, str, str, str]  # of a box: upper left, upper right, lower left, lower right
    more: str  # a text that was cut


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

# Lines that cross: the upright one stands before the other, `-|-`. Lines that part or join: `+`.
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

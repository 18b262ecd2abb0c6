"""The characters of drawings, one set for Unicode terminals and one for the others."""

from __future__ import annotations

from typing import Final

import msgspec

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

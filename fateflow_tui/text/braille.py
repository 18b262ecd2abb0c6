"""A canvas of braille signs, each of 2 × 4 dots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from fateflow_tui.text.spans import Spans

_BLANK: Final = 0x2800
_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column within a sign
_ACROSS, _DOWN = 2, 4

Dot = tuple[float, float]
"""A place on the canvas: from the left and from the top."""


class Canvas:
    """Where curves cross, the later one gives the sign its style. across, down: dots."""

    def __init__(self, columns: int, rows: int) -> None:
        self.across, self.down = columns * _ACROSS, rows * _DOWN
        self._signs = [[0] * columns for _ in range(rows)]
        self._styles = [[""] * columns for _ in range(rows)]

    def curve(self, dots: Sequence[Dot], stroke: str, style: str) -> None:
        """Joins dots by straight lines. stroke: which dots of the way are set, over and over, as in `1101`."""
        step = 0
        if len(dots) == 1:
            self._set(*dots[0], style)
        for (x, y), (to_x, to_y) in pairwise(dots):
            count = max(1, math.ceil(max(abs(to_x - x), abs(to_y - y))))
            for part in range(count + 1):
                if stroke[step % len(stroke)] == "1":
                    self._set(x + (to_x - x) * part / count, y + (to_y - y) * part / count, style)
                step += part < count

    def lines(self) -> list[Spans]:
        """The rows, each as wide as the canvas."""
        found: list[Spans] = []
        for signs, styles in zip(self._signs, self._styles, strict=True):
            spans: Spans = []
            for sign, style in zip(signs, styles, strict=True):
                glyph = chr(_BLANK + sign) if sign else " "
                if spans and spans[-1][1] == style:
                    spans[-1] = (spans[-1][0] + glyph, style)
                else:
                    spans.append((glyph, style))
            found.append(spans)
        return found

    def _set(self, across: float, down: float, style: str) -> None:
        x, y = round(across), round(down)
        if 0 <= y < self.down and 0 <= x < self.across:
            row, column = y // _DOWN, x // _ACROSS
            self._signs[row][column] |= _DOTS[y % _DOWN][x % _ACROSS]
            self._styles[row][column] = style

"""The characters of a box drawing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import msgspec

from fateflow_tui.graph.cells import EMPTY, Cell, Part, text_cells
from fateflow_tui.graph.glyphs import DOWN, LEFT, RIGHT, UP, Glyphs
from fateflow_tui.graph.routes import Place, Route


class Box(msgspec.Struct, frozen=True):
    """A node's box. label: its name as it is shown. detail: the first place that is free for its status, and
    detail_width how many there are, maybe none.
    """

    node: str
    label: str
    x: int
    y: int
    width: int
    height: int
    detail: Place = (0, 0)
    detail_width: int = 0


def draw(
    boxes: Mapping[str, Box], lines: Sequence[Route], width: int, height: int, glyphs: Glyphs
) -> tuple[tuple[Cell, ...], ...]:
    """Rows of equal width."""
    rows = [[EMPTY] * width for _ in range(height)]
    exits: dict[str, set[int]] = {name: set() for name in boxes}
    for line in lines:
        source, (x, y) = line.links[0][0], line.corners[0]
        if y == boxes[source].y + boxes[source].height:
            exits[source].add(x - boxes[source].x)
    for box in boxes.values():
        for row, cells in enumerate(_box(box, exits[box.node], glyphs)):
            rows[box.y + row][box.x : box.x + box.width] = cells
    _draw_lines(rows, lines, glyphs)
    return tuple(map(tuple, rows))


def _draw_lines(rows: list[list[Cell]], lines: Iterable[Route], glyphs: Glyphs) -> None:
    arms: dict[Place, int] = {}
    for line in lines:
        drawn: dict[int, Cell] = {}  # most places of a line look the same
        for place, sides in _sides(line.corners):
            x, y = place
            if place in arms:
                arms[place] |= sides
                links = tuple(dict.fromkeys(rows[y][x].edges + line.links))
                rows[y][x] = Cell(glyphs.lines[arms[place]], Part.LINE, edges=links)
                continue
            arms[place] = sides
            if sides not in drawn:
                drawn[sides] = Cell(glyphs.lines[sides], Part.LINE, edges=line.links)
            rows[y][x] = drawn[sides]
    for line in lines:
        if line.arrives:
            x, y = line.corners[-1]
            rows[y][x] = Cell(glyphs.arrow, Part.ARROW, line.links[0][1], line.links)


def _sides(corners: list[Place]) -> Iterator[tuple[Place, int]]:
    """Every place of a line with the sides that it reaches there. Lines go down, level, and down again."""
    (x, top), (end, bottom) = corners[0], corners[-1]
    track = next((y for (left, y), (right, _) in pairwise(corners) if left != right), bottom + 1)
    for y in range(top, min(track, bottom + 1)):
        yield (x, y), UP | DOWN
    if track <= bottom:
        inner, outer = (RIGHT, LEFT) if end > x else (LEFT, RIGHT)
        yield (x, track), UP | inner
        for column in range(min(x, end) + 1, max(x, end)):
            yield (column, track), LEFT | RIGHT
        yield (end, track), DOWN | outer
        for y in range(track + 1, bottom + 1):
            yield (end, y), UP | DOWN


def _box(box: Box, exits: set[int], glyphs: Glyphs) -> list[list[Cell]]:
    """The rows of one box. With a status to come the name is in the upper border, else in the middle row."""

    def frame(text: str) -> list[Cell]:
        return text_cells(text, Part.FRAME, box.node)

    inside = box.width - 4
    name = text_cells(box.label, Part.NAME, box.node)
    free = [Cell(" ", Part.DETAIL, box.node)] * inside
    left = 0 if box.detail_width else (inside - len(name)) // 2
    if box.height == 1:
        free[left : left + len(name)] = name
        return [[*frame("[ "), *free, *frame(" ]")]]
    level, upright = glyphs.lines[LEFT | RIGHT], glyphs.lines[UP | DOWN]
    upper_left, upper_right, lower_left, lower_right = glyphs.corners
    upper = frame(upper_left + level * (inside + 2) + upper_right)
    if box.detail_width:
        title = [*frame(" "), *name, *frame(" ")]
        upper[1 : 1 + len(title)] = title
    else:
        free[left : left + len(name)] = name
    lower = frame(lower_left + level * (inside + 2) + lower_right)
    for column in exits:
        lower[column] = Cell(glyphs.exit, Part.FRAME, box.node)
    return [upper, [*frame(upright + " "), *free, *frame(" " + upright)], lower]

"""Box drawings: layers of boxes from top to bottom, with horizontal and vertical lines and arrow heads.

Lines of one node branch; lines of two nodes never join, they only cross.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise

import msgspec

from fateflow_tui.core.cells import width
from fateflow_tui.graph.boxes.layers import Layers, layers
from fateflow_tui.graph.boxes.placement import place_items
from fateflow_tui.graph.boxes.routing import Position, Route, line_cells, routes, way
from fateflow_tui.graph.cells import DOWN, EMPTY, LEFT, RIGHT, UNICODE, UP, Cell, CellKind, Glyphs, fitted, text_cells
from fateflow_tui.graph.dag import Dag, Link


class Box(msgspec.Struct, frozen=True):
    """The box of a node. label: its name as shown. detail: the first cell that is free for its status, and detail_width
    the number of these cells, which can be 0.
    """

    node: str
    label: str
    x: int
    y: int
    width: int
    height: int
    detail: Position = (0, 0)
    detail_width: int = 0


def draw(
    boxes: Mapping[str, Box], lines: Sequence[Route], width: int, height: int, glyphs: Glyphs
) -> tuple[tuple[Cell, ...], ...]:
    """Draw rows of equal width."""
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
    arms: dict[Position, int] = {}
    for line in lines:
        drawn: dict[int, Cell] = {}  # most cells of a line look the same
        for place, sides in _sides(line.corners):
            x, y = place
            if place in arms:
                arms[place] |= sides
                links = tuple(dict.fromkeys(rows[y][x].edges + line.links))
                rows[y][x] = Cell(glyphs.lines[arms[place]], CellKind.LINE, edges=links)
                continue
            arms[place] = sides
            if sides not in drawn:
                drawn[sides] = Cell(glyphs.lines[sides], CellKind.LINE, edges=line.links)
            rows[y][x] = drawn[sides]
    for line in lines:
        if line.arrives:
            x, y = line.corners[-1]
            rows[y][x] = Cell(glyphs.arrow, CellKind.ARROW, line.links[0][1], line.links)


def _sides(corners: list[Position]) -> Iterator[tuple[Position, int]]:
    """Yield every cell of a line with its directions. Lines go down, sideways, and down again."""
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
    """Return the rows of a box. With room for a status the name is in the upper border, else in the middle row."""

    def frame(text: str) -> list[Cell]:
        return text_cells(text, CellKind.FRAME, box.node)

    inside = box.width - 4
    name = text_cells(box.label, CellKind.NAME, box.node)
    free = [Cell(" ", CellKind.DETAIL, box.node)] * inside
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
        lower[column] = Cell(glyphs.exit, CellKind.FRAME, box.node)
    return [upper, [*frame(upright + " "), *free, *frame(" " + upright)], lower]


class BoxLayout(msgspec.Struct, frozen=True, dict=True):
    """A box drawing. lines: their pieces from layer to layer. ways: start, turns and end of the line of each
    link. layers: the nodes of each, from left to right.
    """

    boxes: dict[str, Box]
    lines: list[Route]
    ways: dict[Link, tuple[Position, ...]]
    layers: tuple[tuple[str, ...], ...]
    glyphs: Glyphs
    width: int
    height: int

    @cached_property
    def cells(self) -> tuple[tuple[Cell, ...], ...]:
        """Rows of equal width; drawn on first use, as a layout that does not fit is not shown."""
        return draw(self.boxes, self.lines, self.width, self.height, self.glyphs)

    def fits(self, width: int, height: int) -> bool:
        """Return whether the drawing fits; if not, use lanes."""
        return self.width <= width and self.height <= height

    def path(self, link: Link) -> list[Position]:
        """Return the cells of a link's line, from below its source to its arrow."""
        return list(line_cells(self.ways[link]))


def lay_boxes(
    dag: Dag, glyphs: Glyphs = UNICODE, *, compact: bool = False, detail_width: int = 0, label_width: int = 32
) -> BoxLayout:
    """Lay out a graph as boxes. compact: boxes of one row, `[ name ]`, instead of three. detail_width: cells to leave
    free for a status. label_width: cut longer labels.
    """
    found = layers(dag)
    labels = {name: min(width(label), label_width) for name, label in dag.labels.items()}
    widths = [_item_width(found, number, labels, compact, detail_width) for number in range(len(found.items))]
    lefts = place_items(found, widths)
    height = 1 if compact else 3
    drawn = routes(dag, found, widths, lefts, height)
    boxes = {}
    for name, number in found.box_of.items():
        x, y = 2 * lefts[number], drawn.tops[found.items[number].layer]
        detail = (x + 4 + labels[name], y) if compact else (x + 2, y + 1)
        label = fitted(dag.labels[name], labels[name], glyphs.more)
        boxes[name] = Box(name, label, x, y, widths[number], height, detail, detail_width)
    lines = list(drawn.between.values())
    ends = [place for line in lines for place in line.corners]
    wide = max([*(x for x, _ in ends), *(box.x + box.width - 1 for box in boxes.values())], default=-1) + 1
    high = max((box.y + box.height for box in boxes.values()), default=0)
    ways = {link: way(found, drawn, link) for link in dag.links}
    names = [[item.source for item in map(found.items.__getitem__, layer) if item.is_box] for layer in found.order]
    return BoxLayout(boxes, lines, ways, tuple(map(tuple, names)), glyphs, wide, high)


def _item_width(found: Layers, number: int, labels: dict[str, int], compact: bool, detail_width: int) -> int:
    """Return a width that fits the texts, and landings that are not below exits of other items."""
    item = found.items[number]
    if not item.is_box:
        return 1
    label = labels[item.source]
    inside = label + (2 + detail_width if detail_width else 0) if compact else max(label, detail_width)
    return max(inside + 4, 4 * max(1, len(item.ups)) + 4)

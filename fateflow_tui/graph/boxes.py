"""Box drawings: layers of boxes from the top down, the lines between them level and upright, with arrow heads.

Lines of one node part from each other; lines of two nodes never join, they only cross.
"""

from __future__ import annotations

from functools import cached_property

import msgspec

from fateflow_tui.graph.box_cells import Box, draw
from fateflow_tui.graph.cells import Cell, fitted
from fateflow_tui.graph.dag import Dag, Link
from fateflow_tui.graph.glyphs import UNICODE, Glyphs
from fateflow_tui.graph.layers import Layers, layers
from fateflow_tui.graph.placement import place_items
from fateflow_tui.graph.routes import Place, Route, places, routes, way
from fateflow_tui.text.places import width


class BoxLayout(msgspec.Struct, frozen=True, dict=True):
    """A drawing of boxes. lines: pieces of them, from layer to layer. ways: where each link's line starts, turns and
    ends. layers: the nodes of each, from left to right.
    """

    boxes: dict[str, Box]
    lines: list[Route]
    ways: dict[Link, tuple[Place, ...]]
    layers: tuple[tuple[str, ...], ...]
    glyphs: Glyphs
    width: int
    height: int

    @cached_property
    def cells(self) -> tuple[tuple[Cell, ...], ...]:
        """Rows of equal width; drawn when they are first asked for, as what does not fit is not shown."""
        return draw(self.boxes, self.lines, self.width, self.height, self.glyphs)

    def fits(self, width: int, height: int) -> bool:
        """Whether it can be shown whole; if not, lanes can."""
        return self.width <= width and self.height <= height

    def path(self, link: Link) -> list[Place]:
        """The places of a link's line, from below its source to its arrow."""
        return list(places(self.ways[link]))


def lay_boxes(
    dag: Dag, glyphs: Glyphs = UNICODE, *, compact: bool = False, detail_width: int = 0, label_width: int = 32
) -> BoxLayout:
    """compact: boxes of one row, `[ name ]`, else of three. detail_width: places to be left free for a status.
    label_width: at most; longer labels are cut.
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
    """Wide enough for the texts, and for landings that must not stand below other items' exits."""
    item = found.items[number]
    if not item.is_box:
        return 1
    label = labels[item.source]
    inside = label + (2 + detail_width if detail_width else 0) if compact else max(label, detail_width)
    return max(inside + 4, 4 * max(1, len(item.ups)) + 4)

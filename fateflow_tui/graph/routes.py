"""The lines of a box drawing, item by item, as places of the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from fateflow_tui.graph.channels import Net, lay_tracks
from fateflow_tui.graph.dag import Dag, Link
from fateflow_tui.graph.exits import Joints
from fateflow_tui.graph.layers import Layers
from fateflow_tui.graph.placement import item_sizes

Place = tuple[int, int]
"""Column and row, from 0 on."""


class Route(msgspec.Struct):
    """A line from one item to one of the next layer. corners: its two ends and where it turns. links: whom it serves.
    arrives: at a box.
    """

    corners: list[Place]
    links: tuple[Link, ...]
    arrives: bool


class Routes(msgspec.Struct):
    """tops: first row of each layer. between: the route between two items, by their numbers."""

    tops: list[int]
    between: dict[tuple[int, int], Route]


def routes(dag: Dag, found: Layers, widths: list[int], lefts: list[int], height: int) -> Routes:
    """All lines, for boxes of that height. Moves items to the right where a line needs it."""
    joints = Joints(found, widths, lefts)
    sizes = item_sizes(widths)
    tops, between = [0], {}
    for index in range(len(found.order) - 1):
        nets = joints.nets(index, sizes)
        rows = lay_tracks(list(nets.values()))
        tops.append(tops[-1] + height + rows + 1)
        for number, net in nets.items():
            for target in net.landings:
                corners = _corners(net, target, tops[index] + height, tops[index + 1] - 1)
                if not found.items[number].is_box:
                    corners.insert(0, (corners[0][0], tops[index]))
                links = _links(dag, found, number, target)
                between[number, target] = Route(corners, links, found.items[target].is_box)
    return Routes(tops, between)


def way(found: Layers, drawn: Routes, link: Link) -> tuple[Place, ...]:
    """Ends and turns of one link's line from its source to its arrow."""
    number, end = found.box_of[link[0]], found.box_of[link[1]]
    corners: list[Place] = []
    while number != end:
        downs = found.items[number].downs
        following = end if end in downs else next(down for down in downs if not found.items[down].is_box)
        corners += drawn.between[number, following].corners
        number = following
    return tuple(corners)


def places(corners: Sequence[Place]) -> Iterator[Place]:
    """Every place of a line, in order; the corners may repeat."""
    if corners:
        yield corners[0]
    for (x, y), (to_x, to_y) in pairwise(corners):
        step = 1 if to_x > x else -1
        yield from ((column, y) for column in range(x + step, to_x + step, step) if to_x != x)
        yield from ((to_x, row) for row in range(y + 1, to_y + 1))


def _corners(net: Net, target: int, top: int, bottom: int) -> list[Place]:
    x, landing = 2 * net.exit, 2 * net.landings[target]
    if target not in net.tracks:
        return [(x, top), (x, bottom)]
    track = top + net.tracks[target]
    return [(x, top), (x, track), (landing, track), (landing, bottom)]


def _links(dag: Dag, found: Layers, number: int, target: int) -> tuple[Link, ...]:
    """The links that go from an item to the next; a line that passes serves all targets of its source below it."""
    source, item = found.items[number].source, found.items[target]
    if item.is_box:
        return ((source, item.source),)
    deeper = [child for child in dag.children[source] if found.items[found.box_of[child]].layer > item.layer]
    return tuple((source, child) for child in deeper)

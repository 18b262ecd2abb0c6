"""The lines of a box drawing: tracks between two layers, and their ways through the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

import msgspec

from fateflow_tui.graph.boxes.layers import Layers
from fateflow_tui.graph.boxes.placement import item_sizes, middle
from fateflow_tui.graph.dag import Dag, Link

_TRIES: Final = 6  # passes over the order of the tracks
_MANY: Final = 40  # tracks above which they stay in order


class Net(msgspec.Struct):
    """The line of one item. landings: unit of each target. tracks: row of the level part to each target; none if the
    target is straight below. A line that goes to both sides and straight on has a track for each side, as lines that
    part must not look like lines that cross.
    """

    exit: int
    landings: dict[int, int]
    tracks: dict[int, int] = {}


class _Track(msgspec.Struct):
    net: int
    exit: int
    targets: dict[int, int]  # target -> landing

    @property
    def low(self) -> int:
        return min(self.exit, *self.targets.values())

    @property
    def high(self) -> int:
        return max(self.exit, *self.targets.values())


def lay_tracks(nets: list[Net]) -> int:
    """Set the tracks of every net, from row 0 on, and return the number of rows."""
    tracks = [track for number, net in enumerate(nets) for track in _split(number, net)]
    tracks.sort(key=lambda track: (track.low, track.high))
    if len(tracks) <= _MANY:
        _order(tracks)
    rows: list[int] = []
    for index, track in enumerate(tracks):
        above = [rows[other] for other in range(index) if _overlap(tracks[other], track)]
        rows.append(max(above, default=-1) + 1)
        for target in track.targets:
            nets[track.net].tracks[target] = rows[-1]
    return max(rows, default=-1) + 1


def _split(number: int, net: Net) -> list[_Track]:
    left = {target: unit for target, unit in net.landings.items() if unit < net.exit}
    right = {target: unit for target, unit in net.landings.items() if unit > net.exit}
    if left and right and len(left) + len(right) < len(net.landings):
        return [_Track(number, net.exit, left), _Track(number, net.exit, right)]
    return [_Track(number, net.exit, left | right)] if left or right else []


def _order(tracks: list[_Track]) -> None:
    """Swap neighbouring tracks while that saves crossings."""
    for _ in range(_TRIES):
        going = False
        for index in range(len(tracks) - 1):
            upper, lower = tracks[index], tracks[index + 1]
            if _crossings(lower, upper) < _crossings(upper, lower):
                tracks[index], tracks[index + 1] = lower, upper
                going = True
        if not going:
            return


def _crossings(upper: _Track, lower: _Track) -> int:
    """Return how often vertical and horizontal lines of two tracks cross when one is above the other."""
    landing = sum(lower.low < unit < lower.high for unit in upper.targets.values())
    return landing + (upper.low < lower.exit < upper.high)


def _overlap(one: _Track, other: _Track) -> bool:
    return one.low <= other.high and other.low <= one.high


Position = tuple[int, int]
"""Column and row, from 0."""


class Route(msgspec.Struct):
    """A line from one item to one of the next layer. corners: its ends and turns. links: those it is part of.
    arrives: whether it ends at a box.
    """

    corners: list[Position]
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


def way(found: Layers, drawn: Routes, link: Link) -> tuple[Position, ...]:
    """Ends and turns of one link's line from its source to its arrow."""
    number, end = found.box_of[link[0]], found.box_of[link[1]]
    corners: list[Position] = []
    while number != end:
        downs = found.items[number].downs
        following = end if end in downs else next(down for down in downs if not found.items[down].is_box)
        corners += drawn.between[number, following].corners
        number = following
    return tuple(corners)


def line_cells(corners: Sequence[Position]) -> Iterator[Position]:
    """Yield every cell of a line in order; corners may repeat."""
    if corners:
        yield corners[0]
    for (x, y), (to_x, to_y) in pairwise(corners):
        step = 1 if to_x > x else -1
        yield from ((column, y) for column in range(x + step, to_x + step, step) if to_x != x)
        yield from ((to_x, row) for row in range(y + 1, to_y + 1))


def _corners(net: Net, target: int, top: int, bottom: int) -> list[Position]:
    x, landing = 2 * net.exit, 2 * net.landings[target]
    if target not in net.tracks:
        return [(x, top), (x, bottom)]
    track = top + net.tracks[target]
    return [(x, top), (x, track), (landing, track), (landing, bottom)]


def _links(dag: Dag, found: Layers, number: int, target: int) -> tuple[Link, ...]:
    """Return the links from an item to the next one; a passing line serves all deeper targets of its source."""
    source, item = found.items[number].source, found.items[target]
    if item.is_box:
        return ((source, item.source),)
    deeper = [child for child in dag.children[source] if found.items[found.box_of[child]].layer > item.layer]
    return tuple((source, child) for child in deeper)


class Joints:
    """Units of exits and landings. widths: of each item in cells; lefts: their left edges in units, which are moved to
    the right where a line could not land otherwise.
    """

    def __init__(self, layers: Layers, widths: list[int], lefts: list[int]) -> None:
        self._items = layers.items
        self._order = layers.order
        self._widths = widths
        self._lefts = lefts

    def nets(self, index: int, sizes: list[int]) -> dict[int, Net]:
        """Of every item of a layer with lines to the next, by its number. sizes: units that each item needs.

        The layers must be asked for from the top down.
        """
        above = [number for number in self._order[index] if self._items[number].downs]
        below = self._order[index + 1]
        passing = {self._lefts[number]: number for number in below if not self._items[number].is_box}
        exits = {number: self._exit(number, passing) for number in above}
        self._make_way(below, exits, sizes)
        nets = {number: Net(unit, {}) for number, unit in exits.items()}
        for number in below:
            for up, unit in self._landings(number, exits).items():
                nets[up].landings[number] = unit
        return nets

    def _inside(self, number: int) -> range:
        """Return the units at which lines can leave or reach an item."""
        left = self._lefts[number]
        if not self._items[number].is_box:
            return range(left, left + 1)
        return range(left + 1, left + 1 + (self._widths[number] - 2) // 2)

    def _exit(self, number: int, passing: dict[int, int]) -> int:
        """Return the middle of a box, or the unit above its only target; not above a passing line of another item."""
        units = self._inside(number)
        downs = self._items[number].downs
        preferred = self._lefts[number] + middle(self._widths[number])
        if len(downs) == 1:
            target = self._inside(downs[0])
            if units[0] <= target[-1] and target[0] <= units[-1]:
                preferred = min(max(preferred, target[0]), target[-1])
        free = [unit for unit in units if passing.get(unit, downs[0]) in downs]
        return _nearest(free or units, preferred)

    def _make_way(self, below: list[int], exits: dict[int, int], sizes: list[int]) -> None:
        """Move lines that would pass right below another item's exit, and everything to the right of them."""
        taken = set(exits.values())
        least = min((self._lefts[number] for number in below), default=0)
        for number in below:
            unit = max(self._lefts[number], least)
            if not self._items[number].is_box:
                own = exits[self._items[number].ups[0]]
                while unit != own and unit in taken:
                    unit += 1
            self._lefts[number] = unit
            least = unit + sizes[number]

    def _landings(self, number: int, exits: dict[int, int]) -> dict[int, int]:
        """Return the unit of each line from above: straight below its exit if possible, the others spread beside it."""
        units = self._inside(number)
        ups = sorted(self._items[number].ups, key=lambda up: exits[up])
        if not self._items[number].is_box:
            return {ups[0]: units[0]}
        found = {up: exits[up] for up in ups if exits[up] in units}
        taken = set(exits.values())
        free = [unit for unit in units if unit not in taken]
        aside = [up for up in ups if up not in found]
        first, last = units[0], units[-1]
        if found:
            left = [up for up in aside if exits[up] < first]
            right = [up for up in aside if exits[up] > last]
            groups = [(left, first, min(found.values())), (right, max(found.values()), last)]
        else:
            groups = [(aside, first, last)]
        for group, low, high in groups:
            for position, up in enumerate(group):
                found[up] = _nearest(free, low + (position + 1) * (high - low) / (len(group) + 1))
                free.remove(found[up])
        return found


def _nearest(units: Iterable[int], preferred: float) -> int:
    return min(units, key=lambda unit: (abs(unit - preferred), unit))

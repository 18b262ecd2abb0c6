"""The layers of a box drawing, and the order of each from left to right."""

from __future__ import annotations

from bisect import bisect_left, insort
from itertools import pairwise
from typing import Final

import msgspec

from fateflow_tui.graph.dag import Dag

_SWEEPS: Final = 12
_PATIENCE: Final = 4  # sweeps without improvement
_SMALL: Final = 2_500  # neighbours compared in one pass of exchanges


class Item(msgspec.Struct):
    """A box, or the point at which the line of `source` to deeper layers passes a layer. One line serves all of them.

    ups, downs: numbers of the items that it is connected to in the layers above and below. main_ups: those of `ups`
    that are not shortcuts of a longer path.
    """

    source: str
    layer: int
    is_box: bool
    ups: list[int] = []
    downs: list[int] = []
    main_ups: list[int] = []


class Layers(msgspec.Struct):
    """order: of each layer, numbers of items."""

    items: list[Item]
    order: list[list[int]]
    box_of: dict[str, int]


def layers(dag: Dag) -> Layers:
    """Put sources above targets, with few crossings."""
    rank = ranks(dag)
    items = [Item(name, rank[name], True) for name in dag.names]
    box_of = {name: number for number, name in enumerate(dag.names)}
    order: list[list[int]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for number, item in enumerate(items):
        order[item.layer].append(number)
    for name in dag.names:
        above = box_of[name]
        for layer in range(rank[name] + 1, max((rank[child] for child in dag.children[name]), default=0) + 1):
            for child in dag.children[name]:
                if rank[child] == layer:
                    _join(items, above, box_of[child])
            if any(rank[child] > layer for child in dag.children[name]):
                items.append(Item(name, layer, False))
                order[layer].append(len(items) - 1)
                _join(items, above, len(items) - 1)
                above = len(items) - 1
    above_of: dict[str, set[str]] = {}
    for name in dag.names:
        above_of[name] = set(dag.parents[name]).union(*(above_of[parent] for parent in dag.parents[name]))
    for item in items:
        sources = {items[up].source for up in item.ups}
        item.main_ups = [up for up in item.ups if not any(items[up].source in above_of[other] for other in sources)]
    return Layers(items, _ordered(items, order), box_of)


def ranks(dag: Dag) -> dict[str, int]:
    """Return the layer of each node: below its lowest parent; without parents, right above its first child."""
    found = dag.depths()
    for name in dag.names:
        if not dag.parents[name] and dag.children[name]:
            found[name] = min(found[child] for child in dag.children[name]) - 1
    return found


def _join(items: list[Item], above: int, below: int) -> None:
    items[above].downs.append(below)
    items[below].ups.append(above)


def _ordered(items: list[Item], order: list[list[int]]) -> list[list[int]]:
    """Sort every layer by the mean position of its neighbours, down and up in turn, and return the best order."""
    best, fewest, unchanged = order, _crossings(items, order), 0
    for sweep in range(_SWEEPS):
        order = [list(layer) for layer in order]
        down = sweep % 2 == 0
        for index in range(1, len(order)) if down else range(len(order) - 2, -1, -1):
            beside = order[index - 1] if down else order[index + 1]
            place = {number: position for position, number in enumerate(beside)}
            _sort(items, order[index], place, down)
        if sum(len(layer) for layer in order) * max(map(len, order), default=0) <= _SMALL:
            _exchange(items, order)
        crossings = _crossings(items, order)
        unchanged += 1
        if crossings < fewest:
            best, fewest, unchanged = order, crossings, 0
        if not fewest or unchanged == _PATIENCE:
            break
    return best


def _sort(items: list[Item], layer: list[int], place: dict[int, int], down: bool) -> None:
    """Sort a layer; items without neighbours on that side keep their positions."""
    middle: dict[int, float] = {}
    for number in layer:
        beside = items[number].ups if down else items[number].downs
        if beside:
            middle[number] = sum(place[other] for other in beside) / len(beside)
    ranked = iter(sorted(middle, key=lambda number: middle[number]))
    layer[:] = [next(ranked) if number in middle else number for number in layer]


def _exchange(items: list[Item], order: list[list[int]]) -> None:
    """Swap neighbouring items while that saves crossings."""
    place = {number: position for layer in order for position, number in enumerate(layer)}
    going = True
    while going:
        going = False
        for layer in order:
            for position in range(len(layer) - 1):
                left, right = layer[position], layer[position + 1]
                one, other = items[left], items[right]
                gain = _inversions(one.ups, other.ups, place) + _inversions(one.downs, other.downs, place)
                gain -= _inversions(other.ups, one.ups, place) + _inversions(other.downs, one.downs, place)
                if gain > 0:
                    layer[position], layer[position + 1] = right, left
                    place[left], place[right] = position + 1, position
                    going = True


def _inversions(left: list[int], right: list[int], place: dict[int, int]) -> int:
    return sum(place[one] > place[other] for one in left for other in right)


def _crossings(items: list[Item], order: list[list[int]]) -> int:
    total = 0
    for above, below in pairwise(order):
        place = {number: position for position, number in enumerate(below)}
        seen: list[int] = []
        for number in above:
            ends = sorted(place[down] for down in items[number].downs)
            total += sum(len(seen) - bisect_left(seen, end + 1) for end in ends)
            for end in ends:
                insort(seen, end)
    return total

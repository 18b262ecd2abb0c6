"""How far to the right the items of a box drawing stand, in units of two places.

All upright lines stand on whole units, so that a blank or a level line is between any two of them.
"""

from __future__ import annotations

from typing import Final

from fateflow_tui.graph.boxes.layers import Layers

GAP: Final = 2  # places between two boxes
_ROUNDS: Final = 4
_STRAIGHT: Final = 100.0  # how much more a line that goes on straight counts than others


def place_items(layers: Layers, box_places: list[int]) -> list[int]:
    """The left edge of each item, in units; box_places: how wide each box is, 1 for lines that pass.

    Between two lines that pass there is a unit free.
    """
    placed = _Placing(layers, box_places)
    for _ in range(_ROUNDS):
        placed.sweep(down=False)
        placed.sweep(down=True)
    left = min(placed.lefts, default=0)
    return [unit - left for unit in placed.lefts]


def item_sizes(places: list[int]) -> list[int]:
    """Units from an item's left edge to that of its neighbour at least."""
    return [max(2, (width + GAP + 1) // 2) for width in places]


def middle(width: int) -> int:
    """Units from an item's left edge to its middle."""
    return (width + 1) // 4


class _Placing:
    def __init__(self, layers: Layers, places: list[int]) -> None:
        self._items = layers.items
        self._order = layers.order
        self._sizes = item_sizes(places)
        self._middles = [middle(width) for width in places]
        self.lefts = [0] * len(places)
        for layer in self._order:
            unit = 0
            for number in layer:
                self.lefts[number] = unit
                unit += self._sizes[number]

    def sweep(self, *, down: bool) -> None:
        """Puts every item as near as may be to the middle of those above it, or of those below it."""
        for layer in self._order if down else reversed(self._order):
            wishes = [self._wish(number, down) for number in layer]
            for number, unit in zip(layer, self._near(layer, wishes), strict=True):
                self.lefts[number] = unit

    def _wish(self, number: int, down: bool) -> tuple[float, float]:
        """The left edge that an item would have if it were alone, and how much that counts."""
        item = self._items[number]
        beside = item.main_ups if down else [other for other in item.downs if self._items[other].is_box] or item.downs
        if not beside:
            return self.lefts[number], 0.1
        mean = sum(self.lefts[other] + self._middles[other] for other in beside) / len(beside)
        straight = any(self._items[other].is_box == item.is_box for other in beside)
        return mean - self._middles[number], _STRAIGHT if straight else 1.0

    def _near(self, layer: list[int], wishes: list[tuple[float, float]]) -> list[int]:
        """The places in the given order without overlap that are nearest to the wishes: least sum of squares."""
        before = 0
        blocks: list[tuple[float, float, int]] = []  # mean wish less what stands before, weight, items
        for number, (wish, weight) in zip(layer, wishes, strict=True):
            block = wish - before, weight, 1
            before += self._sizes[number]
            while blocks and blocks[-1][0] > block[0]:
                mean, heavy, count = blocks.pop()
                total = heavy + block[1]
                block = (mean * heavy + block[0] * block[1]) / total, total, count + block[2]
            blocks.append(block)
        units = [round(mean) for mean, _, count in blocks for _ in range(count)]
        before = 0
        for index, number in enumerate(layer):
            units[index] += before
            before += self._sizes[number]
        return units

"""Horizontal positions of the items of a box drawing, in units of two cells.

Vertical lines are on whole units, so that there is a blank or a horizontal line between any two of them.
"""

from __future__ import annotations

from typing import Final

from fateflow_tui.graph.boxes.layers import Layers

GAP: Final = 2  # cells between two boxes
_ROUNDS: Final = 4
_STRAIGHT: Final = 100.0  # weight of a line that continues straight, relative to others


def place_items(layers: Layers, box_cells: list[int]) -> list[int]:
    """Return the left edge of each item in units. box_cells: the width of each box, 1 for passing lines.

    There is a free unit between two passing lines.
    """
    placed = _Placing(layers, box_cells)
    for _ in range(_ROUNDS):
        placed.sweep(down=False)
        placed.sweep(down=True)
    left = min(placed.lefts, default=0)
    return [unit - left for unit in placed.lefts]


def item_sizes(cells: list[int]) -> list[int]:
    """Return the minimum number of units from the left edge of an item to that of its neighbour."""
    return [max(2, (width + GAP + 1) // 2) for width in cells]


def middle(width: int) -> int:
    """Return the number of units from the left edge of an item to its middle."""
    return (width + 1) // 4


class _Placing:
    def __init__(self, layers: Layers, cells: list[int]) -> None:
        self._items = layers.items
        self._order = layers.order
        self._sizes = item_sizes(cells)
        self._middles = [middle(width) for width in cells]
        self.lefts = [0] * len(cells)
        for layer in self._order:
            unit = 0
            for number in layer:
                self.lefts[number] = unit
                unit += self._sizes[number]

    def sweep(self, *, down: bool) -> None:
        """Move every item close to the middle of its neighbours above, or of those below."""
        for layer in self._order if down else reversed(self._order):
            targets = [self._target(number, down) for number in layer]
            for number, unit in zip(layer, self._near(layer, targets), strict=True):
                self.lefts[number] = unit

    def _target(self, number: int, down: bool) -> tuple[float, float]:
        """Return the left edge that an item would have alone, and its weight."""
        item = self._items[number]
        beside = item.main_ups if down else [other for other in item.downs if self._items[other].is_box] or item.downs
        if not beside:
            return self.lefts[number], 0.1
        mean = sum(self.lefts[other] + self._middles[other] for other in beside) / len(beside)
        straight = any(self._items[other].is_box == item.is_box for other in beside)
        return mean - self._middles[number], _STRAIGHT if straight else 1.0

    def _near(self, layer: list[int], targets: list[tuple[float, float]]) -> list[int]:
        """Return positions in this order, without overlap, with the least squared distances to the targets."""
        before = 0
        blocks: list[tuple[float, float, int]] = []  # mean target minus the sizes before it, weight, items
        for number, (target, weight) in zip(layer, targets, strict=True):
            block = target - before, weight, 1
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

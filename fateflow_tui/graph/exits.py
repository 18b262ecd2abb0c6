"""Where lines leave and reach the items of two neighbouring layers."""

from __future__ import annotations

from collections.abc import Iterable

from fateflow_tui.graph.channels import Net
from fateflow_tui.graph.layers import Layers
from fateflow_tui.graph.placement import middle


class Joints:
    """Units of exits and landings. widths: of each item in places; lefts: their left edges in units, which are moved to
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
        """The units at which lines can leave or reach an item."""
        left = self._lefts[number]
        if not self._items[number].is_box:
            return range(left, left + 1)
        return range(left + 1, left + 1 + (self._widths[number] - 2) // 2)

    def _exit(self, number: int, passing: dict[int, int]) -> int:
        """In the middle of a box, or straight above its only target; not where a line of another item passes below."""
        units = self._inside(number)
        downs = self._items[number].downs
        wish = self._lefts[number] + middle(self._widths[number])
        if len(downs) == 1:
            target = self._inside(downs[0])
            if units[0] <= target[-1] and target[0] <= units[-1]:
                wish = min(max(wish, target[0]), target[-1])
        free = [unit for unit in units if passing.get(unit, downs[0]) in downs]
        return _nearest(free or units, wish)

    def _make_way(self, below: list[int], exits: dict[int, int], sizes: list[int]) -> None:
        """Moves lines that would pass right below another item's exit, and all to the right of them."""
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
        """Unit of each line that comes from above: straight below its exit if it can be, the others spread beside."""
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


def _nearest(units: Iterable[int], wish: float) -> int:
    return min(units, key=lambda unit: (abs(unit - wish), unit))

"""The lines between two layers of a box drawing.

Every item has one exit, from which its line goes down, level on one track, and down again to a landing of its own on
each target. All stand on whole units. No landing stands below another item's exit, so tracks may lie in any order.
"""

from __future__ import annotations

from typing import Final

import msgspec

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
    """Sets every net's tracks, from row 0 on; gives their number of rows."""
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
    """Exchanges neighbours while that saves crossings."""
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
    """Of the upright lines of two tracks with each other's level lines, when one lies above the other."""
    landing = sum(lower.low < unit < lower.high for unit in upper.targets.values())
    return landing + (upper.low < lower.exit < upper.high)


def _overlap(one: _Track, other: _Track) -> bool:
    return one.low <= other.high and other.low <= one.high

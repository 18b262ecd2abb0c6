"""Read drawings of graphs from their characters alone, by following the drawn lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

Position = tuple[int, int]

UP, DOWN, LEFT, RIGHT = (0, -1), (0, 1), (-1, 0), (1, 0)
UNICODE_SIDES = {
    "│": (UP, DOWN),
    "─": (LEFT, RIGHT),
    "╭": (DOWN, RIGHT),
    "╮": (DOWN, LEFT),
    "╰": (UP, RIGHT),
    "╯": (UP, LEFT),
    "├": (UP, DOWN, RIGHT),
    "┤": (UP, DOWN, LEFT),
    "┬": (DOWN, LEFT, RIGHT),
    "┴": (UP, LEFT, RIGHT),
    "┼": (UP, DOWN, LEFT, RIGHT),
    "▼": (UP,),
}
# The upright sides; whether a line goes on to the left and right is seen there.
ASCII_UPRIGHT = {"|": (UP, DOWN), "-": (), ".": (DOWN,), "'": (UP,), "+": (UP, DOWN), "v": (UP,)}


class DrawnLines:
    """The characters of a drawing by position."""

    def __init__(self, text: str) -> None:
        self.rows = text.split("\n")
        self.followed: set[Position] = set()

    def at(self, position: Position) -> str:
        x, y = position
        return self.rows[y][x] if 0 <= y < len(self.rows) and 0 <= x < len(self.rows[y]) else " "

    def positions(self) -> Iterator[Position]:
        yield from ((x, y) for y, row in enumerate(self.rows) for x, sign in enumerate(row) if sign != " ")


class BoxReader(DrawnLines):
    """A drawing of boxes with these names in them, of which none is part of another."""

    def __init__(self, text: str, names: Iterable[str]) -> None:
        super().__init__(text)
        self.unicode = not text.isascii()
        self.boxes = {name: self._box(name) for name in names}

    def children(self) -> dict[str, set[str]]:
        """Return the boxes that the lines from each box reach."""
        owner: dict[Position, str] = {}
        for name, (left, top, right, bottom) in self.boxes.items():
            for y in range(top, bottom + 1):
                for x in range(left, right + 1):
                    assert owner.setdefault((x, y), name) == name, "boxes overlap"
        found = {name: set(self._reached(name, owner)) for name in self.boxes}
        lost = [position for position in self.positions() if position not in owner and position not in self.followed]
        assert not lost, f"lines that come from no box: {lost}"
        return found

    def _box(self, name: str) -> tuple[int, int, int, int]:
        pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
        [(y, start, end)] = [(y, m.start(), m.end()) for y, row in enumerate(self.rows) for m in pattern.finditer(row)]
        row = self.rows[y]
        if row[:start].rstrip().endswith("["):
            return row.rindex("[", 0, start), y, row.index("]", end), y
        if row[start - 2] in "╭+" and row[:start].endswith(" "):  # the name is in the upper border
            left, right, top = start - 2, min(row.find(c, end) for c in "╮+" if row.find(c, end) >= 0), y
        else:
            upright = "│" if self.unicode else "|"
            left, right, top = row.rindex(upright, 0, start), row.index(upright, end), y - 1
        corners = [self.at((x, y)) for y in (top, top + 2) for x in (left, right)]
        assert corners == (["╭", "╮", "╰", "╯"] if self.unicode else ["+"] * 4), f"{name} has no whole box"
        return left, top, right, top + 2

    def _reached(self, name: str, owner: dict[Position, str]) -> Iterator[str]:
        left, top, right, bottom = self.boxes[name]
        starts = [(x, bottom + 1) for x in range(left, right + 1) if UP in self._sides((x, bottom + 1), DOWN)]
        assert len(starts) <= 1, f"several lines leave {name}"
        if bottom > top:
            exits = [x for x in range(left + 1, right) if self.at((x, bottom)) in "┬+"]
            assert exits == [x for x, _ in starts], f"the exit of {name} and its line do not meet"
        waiting = [(start, DOWN) for start in starts]
        seen: set[tuple[Position, Position]] = set()
        while waiting:
            position, moving = waiting.pop()
            if (position, moving) in seen:
                continue
            seen.add((position, moving))
            self.followed.add(position)
            below = (position[0], position[1] + 1)
            if self.at(position) in "▼v":
                assert self.boxes[owner[below]][1] == below[1], "an arrow does not end at an upper border"
                yield owner[below]
                continue
            sides = self._sides(position, moving)
            back = (-moving[0], -moving[1])
            assert back in sides, f"a line of {name} breaks off before {position}"
            for side in sides:
                following = (position[0] + side[0], position[1] + side[1])
                if side == back and following in owner:
                    assert owner[following] == name, f"a line joins {name} and {owner[following]}"
                elif side != back:
                    waiting.append((following, side))

    def _sides(self, position: Position, moving: Position) -> tuple[Position, ...]:
        """Where a line goes that comes in this direction; lines that cross go straight on."""
        sign = self.at(position)
        if self.unicode:
            sides = UNICODE_SIDES.get(sign, ())
            return ((-moving[0], -moving[1]), moving) if sign == "┼" else sides
        if sign == "|" and moving in (LEFT, RIGHT):
            return LEFT, RIGHT
        beside = [
            side for side in (LEFT, RIGHT) if sign in "-.'+" and self.at((position[0] + side[0], position[1])) in "-|"
        ]
        level = (LEFT, RIGHT) if sign == "-" else tuple(beside)
        return ASCII_UPRIGHT.get(sign, ()) + level


class LaneReader(DrawnLines):
    """A drawing of lanes, whose rows end with a name."""

    def __init__(self, text: str) -> None:
        self.names = [row.split()[-1] for row in text.split("\n")]
        lines = [row[: row.rindex(name)].rstrip() for row, name in zip(text.split("\n"), self.names, strict=True)]
        super().__init__("\n".join(lines))
        self.unicode = "●" in text
        self.dots = []
        for row in self.rows:
            assert row.count("●" if self.unicode else "*") == 1, "a row has not just one dot"
            self.dots.append(row.index("●" if self.unicode else "*"))

    def children(self) -> dict[str, set[str]]:
        """Return the nodes that the lanes of each node reach."""
        found: dict[str, set[str]] = {}
        for y, name in enumerate(self.names):
            x = self.dots[y]
            self.followed.add((x, y))
            reached = list(self._down(x, y + 1)) if self._has_upper_side(x, y + 1) else []
            for step in (-1, 1):
                end = self._outgoing(x, y, step)
                if end is not None:
                    reached += self._down(end, y + 1)
            assert len(reached) == len(set(reached)), f"{name} reaches a node twice"
            found[name] = set(reached)
        lost = [position for position in self.positions() if position not in self.followed]
        assert not lost, f"lines that come from no node: {lost}"
        return found

    def _has_upper_side(self, x: int, y: int) -> bool:
        return self.at((x, y)) in ("●│├┤┼┴╯╰" if self.unicode else "*|+'")

    def _outgoing(self, x: int, y: int, step: int) -> int | None:
        """Where the level line of a dot turns down, if there is one and it does."""
        corner, passing = ("╮╭", "─┼") if self.unicode else (".", "-|")
        position = x + step
        if self.at((position, y)) not in ("─" if self.unicode else "-"):
            return None
        while self.at((position, y)) in passing:
            position += step
        if self.at((position, y)) not in corner:
            return None
        self.followed |= {(between, y) for between in range(min(x, position), max(x, position) + 1)}
        return position

    def _down(self, x: int, y: int) -> Iterator[str]:
        """The nodes that a lane meets on its way down."""
        while True:
            sign = self.at((x, y))
            self.followed.add((x, y))
            if x == self.dots[y]:
                yield self.names[y]
                return
            to_right = x < self.dots[y]
            if sign in ("╰┴" if to_right else "╯┴") or (sign == "'" and not self.unicode):
                self._follow_to_dot(x, y)
                yield self.names[y]
                return
            if sign == ("├" if to_right else "┤") or (sign == "+" and not self.unicode):
                self._follow_to_dot(x, y)
                yield self.names[y]
            else:
                assert sign in ("│┼" if self.unicode else "|"), f"a lane breaks off at {x, y}"
                if sign == "│":
                    assert self.at((x - 1, y)) == self.at((x + 1, y)) == " ", f"a level line touches a lane at {x, y}"
            y += 1

    def _follow_to_dot(self, x: int, y: int) -> None:
        step = 1 if x < self.dots[y] else -1
        for position in range(x + step, self.dots[y], step):
            assert self.at((position, y)) in ("─┼┴├┤" if self.unicode else "-|'+"), (
                f"a level line breaks off at {position, y}"
            )
            self.followed.add((position, y))

"""A job's log as lines that can be filtered and searched quickly; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from fateflow_tui.core.cells import on_one_line
from fateflow_tui.sdk.types.site import LogLine


class BookLine(msgspec.Struct, frozen=True):
    """One line on the screen. first: the first line of its record. folded: the lower-case text for searching."""

    at: int
    text: str
    level: int
    party: str
    component: str
    first: bool
    folded: str


class LogViewFilter(msgspec.Struct, frozen=True):
    """level: the minimum, an index into LEVELS. component, parties: show only these; lines of no party always pass."""

    level: int = 1
    component: str = ""
    parties: frozenset[str] = frozenset()


class LogBook:
    """lines: all, in order of time. shown: indices of the lines that pass the filter. hits: indices into `shown`."""

    def __init__(self) -> None:
        self.lines: list[BookLine] = []
        self.shown: list[int] = []
        self.hits: list[int] = []
        self.selected = LogViewFilter()
        self.needle = ""

    def add(self, records: Iterable[LogLine]) -> bool:
        """Add records. Return whether earlier lines moved, as happens when one file is read after another."""
        begin = len(self.lines)
        last = self.lines[-1].at if self.lines else 0
        late = False
        for record in records:
            late = late or record.at < last
            self.lines += lines_of(record)
        if late:
            self.lines.sort(key=lambda line: line.at)  # stable: the lines of a record stay together
            self.select(self.selected)
            return True
        if begin == len(self.lines):
            return False
        fresh = self._matching(range(begin, len(self.lines)))
        start = len(self.shown)
        self.shown += fresh
        if self.needle:
            self.hits += [place for place in range(start, len(self.shown)) if self._fits(place)]
        return False

    def clear(self) -> None:
        self.lines, self.shown, self.hits = [], [], []

    def select(self, wanted: LogViewFilter) -> None:
        self.selected = wanted
        self.shown = self._matching(range(len(self.lines)))
        self.find(self.needle)

    def find(self, needle: str) -> None:
        """Set `hits`; an empty text has none."""
        self.needle = needle.lower()
        found, lines = self.needle, self.lines
        self.hits = [p for p, number in enumerate(self.shown) if found in lines[number].folded] if found else []

    def line(self, place: int) -> BookLine:
        return self.lines[self.shown[place]]

    def hit_after(self, place: int, step: int) -> int:
        """Return the next hit, wrapping around; -1 if there is none."""
        if not self.hits:
            return -1
        if step > 0:
            return next((hit for hit in self.hits if hit > place), self.hits[0])
        return next((hit for hit in reversed(self.hits) if hit < place), self.hits[-1])

    def _fits(self, place: int) -> bool:
        return self.needle in self.line(place).folded

    def _matching(self, numbers: Sequence[int]) -> list[int]:
        level, component, parties = self.selected.level, self.selected.component, self.selected.parties
        lines = self.lines
        return [
            number
            for number in numbers
            if (line := lines[number]).level >= level
            and (not component or line.component == component)
            and (not parties or not line.party or line.party in parties)
        ]


def lines_of(record: LogLine) -> list[BookLine]:
    """Split a record into lines. Output of libraries has no level and counts as DEBUG."""
    level = LEVELS.index(record.level) if record.level in LEVELS else 0
    return [
        BookLine(record.at, text, level, record.party, record.component, not number, text.lower())
        for number, text in enumerate(map(on_one_line, (record.message or record.text).split("\n")))
    ]


LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

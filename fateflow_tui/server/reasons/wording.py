"""How times and lists are said in a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_SHOWN: Final = 3


def span(ms: int) -> str:
    """`0.4 s`, `12 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`."""
    if ms < 9_950:
        return f"{max(ms, 0) / 1000:.1f} s"
    seconds = round(ms / 1000)
    if seconds < 60:
        return f"{seconds} s"
    for size, unit, below, small in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = seconds % size // below
            return f"{seconds // size} {unit}" + (f" {rest} {small}" if rest else "")
    return f"{seconds} s"


def listed(names: Sequence[str], shown: int = _SHOWN) -> str:
    """`a, b and c`; of many the first ones and how many more."""
    if len(names) > shown + 1:
        return f"{', '.join(names[:shown])} and {len(names) - shown} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def plural(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"

"""The columns of a listing, and how they share its width; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from fateflow_tui.text.places import cut, padded, width
from fateflow_tui.text.spans import Span, Spans, spans_width

T = TypeVar("T")


class Column(msgspec.Struct, Generic[T], frozen=True):
    """text: of a row in so many places. least, most: places; most 0 for as many as are left. rank: the columns with
    the highest go first where there is no room. right: figures. short: a
    title for where there is little room. from_width: of the listing, from which on it is shown at all.
    """

    id: str
    title: str
    text: Callable[[T, int], Spans]
    least: int
    most: int = 0
    rank: int = 0
    right: bool = False
    sortable: bool = False
    short: str = ""
    from_width: int = 0


Placed = tuple[Column[T], int]
GAP = 2


def shared(columns: Sequence[Column[T]], room: int) -> list[Placed[T]]:
    """The columns that fit into so many places, with their widths. What is left goes to the greedy ones, evenly."""
    kept = [column for column in columns if column.from_width <= room]
    while len(kept) > 1 and sum(column.least for column in kept) + GAP * (len(kept) - 1) > room:
        kept.remove(max(kept, key=lambda column: column.rank))
    widths = {column.id: column.least for column in kept}
    left = room - sum(widths.values()) - GAP * (len(kept) - 1)
    for column in kept:  # first up to what each is best at
        if column.most and left > 0:
            more = min(left, column.most - column.least)
            widths[column.id] += more
            left -= more
    greedy = [column for column in kept if not column.most]
    for place, column in enumerate(greedy):
        more = left // (len(greedy) - place) if left > 0 else 0
        widths[column.id] += more
        left -= more
    if not greedy and kept and left < 0:
        widths[kept[0].id] += left
    return [(column, max(0, widths[column.id])) for column in kept]


def fitted(spans: Spans, room: int, *, right: bool = False) -> Spans:
    """Spans in exactly so many places."""
    total = spans_width(spans)
    if total <= room:
        blank: list[Span] = [(" " * (room - total), "")] if total < room else []
        return [*blank, *spans] if right else [*spans, *blank]
    kept: Spans = []
    for text, style in spans:
        if width(text) >= room:
            return [*kept, (padded(cut(text + ("" if width(text) > room else " "), room), room), style)]
        kept.append((text, style))
        room -= width(text)
    return kept

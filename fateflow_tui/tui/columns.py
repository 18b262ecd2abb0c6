"""The columns of a listing, and how they share its width; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from fateflow_tui.text.places import cut, padded, places_of, width
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


def beyond(columns: Sequence[Column[T]], room: int, first: int, skipped: int) -> list[Placed[T]]:
    """What is seen after going to the right: the first column in `first` places, and of the others, but for so many
    that were skipped, as many as fit; at least one, with what room there is.
    """
    left = room - first
    kept: list[Column[T]] = []
    for column in columns[1 + skipped :]:
        least = column.least if kept else max(0, min(column.least, left - GAP))
        left -= GAP + least
        if left < 0 and kept:
            break
        most = column.most if least == column.least else least
        kept.append(msgspec.structs.replace(column, least=least, most=most, from_width=0))
    return shared([msgspec.structs.replace(columns[0], least=first, most=first, from_width=0), *kept], room)


def without_start(spans: Spans, places: int) -> Spans:
    """Spans less so many places; a `…` says so, where anything is left."""
    if places <= 0:
        return spans
    left, kept = places + 1, Spans()
    for text, style in spans:
        begin = 0
        while begin < len(text) and left > 0:
            left -= places_of(text[begin])
            begin += 1
        if begin < len(text):
            kept.append((text[begin:], style))
    return [("…", kept[0][1]), *kept] if kept else kept


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

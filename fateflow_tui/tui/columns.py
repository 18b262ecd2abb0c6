"""Durations, bars and ids as text, and the columns of a table fitted into a width; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

import msgspec

from fateflow_tui.core.cells import Span, Spans, cut, padded, spans_width, width
from fateflow_tui.core.formatting import duration

_LEVELS: Final = "▁▂▃▄▅▆▇█"


def ticking(ms: int) -> str:
    """Format the duration of something that still runs: in whole seconds, as it is redrawn once a second."""
    return f"{max(ms, 0) // 1000}s" if ms < 60_000 else duration(ms)


def bar(percent: int, width: int) -> tuple[str, str]:
    """Return a progress bar in two parts: the done one, and the rest of the width."""
    halves = max(0, min(percent, 100)) * width * 2 // 100
    done = "━" * (halves // 2) + "╸" * (halves % 2)
    return done, "─" * (width - len(done))


def sparkline(values: Sequence[float], max_width: int) -> str:
    """Draw a series in at most `max_width` cells; a longer one is sampled, up to its newest value."""
    if not values or max_width <= 0:
        return ""
    if len(values) > max_width:
        values = [values[(cell + 1) * len(values) // max_width - 1] for cell in range(max_width)]
    low, high = min(values), max(values)
    span = high - low or 1.0
    return "".join(_LEVELS[round((value - low) / span * 7)] for value in values)


def shortened_id(job_id: str, max_width: int) -> str:
    """Shorten an id to its beginning and its last digits: `202611240151…07`."""
    if len(job_id) <= max_width:
        return job_id
    return f"{job_id[: max_width - 4]}…{job_id[-3:]}" if max_width > 6 else cut(job_id, max_width)


T = TypeVar("T")


class Column(msgspec.Struct, Generic[T], frozen=True):
    """A column of a table of records.

    text: the cell of a record, for a width. max_width: 0 for columns that share the width that is left. rank: columns
    with the highest rank are dropped first when the table is too narrow. right: align to the right. short: a shorter
    title. from_width: the minimum width of the table for this column.
    """

    id: str
    title: str
    text: Callable[[T, int], Spans]
    min_width: int
    max_width: int = 0
    rank: int = 0
    right: bool = False
    sortable: bool = False
    short: str = ""
    from_width: int = 0


Placed = tuple[Column[T], int]
GAP = 2


def fit_columns(columns: Sequence[Column[T]], total: int) -> list[Placed[T]]:
    """Choose the columns that fit into a total width, and their widths."""
    kept = [column for column in columns if column.from_width <= total]
    while len(kept) > 1 and sum(column.min_width for column in kept) + GAP * (len(kept) - 1) > total:
        kept.remove(max(kept, key=lambda column: column.rank))
    widths = {column.id: column.min_width for column in kept}
    left = total - sum(widths.values()) - GAP * (len(kept) - 1)
    for column in kept:  # first those with a maximum
        if column.max_width and left > 0:
            more = min(left, column.max_width - column.min_width)
            widths[column.id] += more
            left -= more
    elastic = [column for column in kept if not column.max_width]
    for number, column in enumerate(elastic):
        more = left // (len(elastic) - number) if left > 0 else 0
        widths[column.id] += more
        left -= more
    if not elastic and kept and left < 0:
        widths[kept[0].id] += left
    return [(column, max(0, widths[column.id])) for column in kept]


def scrolled_columns(columns: Sequence[Column[T]], total: int, first_width: int, skipped: int) -> list[Placed[T]]:
    """Choose the columns after scrolling to the right.

    The first column stays, `skipped` columns behind it are left out, and at least one more is shown.
    """
    left = total - first_width
    kept: list[Column[T]] = []
    for column in columns[1 + skipped :]:
        least = column.min_width if kept else max(0, min(column.min_width, left - GAP))
        left -= GAP + least
        if left < 0 and kept:
            break
        most = column.max_width if least == column.min_width else least
        kept.append(msgspec.structs.replace(column, min_width=least, max_width=most, from_width=0))
    first = msgspec.structs.replace(columns[0], min_width=first_width, max_width=first_width, from_width=0)
    return fit_columns([first, *kept], total)


def without_start(spans: Spans, cells: int) -> Spans:
    """Cut cells off the beginning; a `…` marks the cut."""
    if cells <= 0:
        return spans
    left, kept = cells + 1, Spans()
    for text, style in spans:
        begin = 0
        while begin < len(text) and left > 0:
            left -= width(text[begin])
            begin += 1
        if begin < len(text):
            kept.append((text[begin:], style))
    return [("…", kept[0][1]), *kept] if kept else kept


def fitted(spans: Spans, max_width: int, *, right: bool = False) -> Spans:
    """Pad or cut spans to exactly this width."""
    total = spans_width(spans)
    if total <= max_width:
        blank: list[Span] = [(" " * (max_width - total), "")] if total < max_width else []
        return [*blank, *spans] if right else [*spans, *blank]
    kept: Spans = []
    for text, style in spans:
        if width(text) >= max_width:
            return [*kept, (padded(cut(text + ("" if width(text) > max_width else " "), max_width), max_width), style)]
        kept.append((text, style))
        max_width -= width(text)
    return kept

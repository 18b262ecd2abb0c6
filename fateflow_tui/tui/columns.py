"""Times, bars and columns as the dashboard shows them; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Generic, TypeVar

import msgspec

from fateflow_tui.core.cells import Span, Spans, cut, padded, places_of, spans_width, width
from fateflow_tui.core.formatting import MARKS, duration, letter

_LEVELS: Final = "▁▂▃▄▅▆▇█"


def party_marks(statuses: Mapping[str, str]) -> Spans:
    """`G✓ H▶ A·` for parties by `role:id`."""
    spans: Spans = []
    for party, status in statuses.items():
        spans.append((" " if spans else "", ""))
        spans.append((letter(party, statuses) + MARKS.get(status, "?"), status))
    return [span for span in spans if span[0]]


def ticking(ms: int) -> str:
    """As `duration`, of something that goes on: whole seconds, as it is drawn once a second."""
    return f"{max(ms, 0) // 1000}s" if ms < 60_000 else duration(ms)


def clock(ms: int) -> str:
    """Local time of day, '' for none."""
    return f"{datetime.fromtimestamp(ms / 1000):%H:%M:%S}" if ms else ""


def moment(ms: int, now: int) -> str:
    """Local time: of day for today, with the day before that, with the year before this year; '' for none."""
    if not ms:
        return ""
    then, today = datetime.fromtimestamp(ms / 1000), datetime.fromtimestamp(now / 1000)
    if then.date() == today.date():
        return f"{then:%H:%M:%S}"
    return f"{then:%d %b %H:%M}" if then.year == today.year else f"{then:%Y-%m-%d}"


def bar(percent: int, room: int) -> tuple[str, str]:
    """A progress bar in two parts: what is done, and the rest of its room."""
    halves = max(0, min(percent, 100)) * room * 2 // 100
    done = "━" * (halves // 2) + "╸" * (halves % 2)
    return done, "─" * (room - len(done))


def sparkline(values: Sequence[float], room: int) -> str:
    """The course of some figures, at most `room` places; the newest ones when there are more."""
    if not values or room <= 0:
        return ""
    if len(values) > room:
        values = [values[(place + 1) * len(values) // room - 1] for place in range(room)]
    low, high = min(values), max(values)
    span = high - low or 1.0
    return "".join(_LEVELS[round((value - low) / span * 7)] for value in values)


def mib(amount: int) -> str:
    """`512 MiB`, `2.1 GiB`; '' where memory is not counted."""
    if not amount:
        return ""
    return f"{amount} MiB" if amount < 1024 else f"{amount / 1024:.1f} GiB"


def path_end(text: str) -> str:
    """The file and the folder it is in."""
    return "/".join(text.split("/")[-2:])


def shortened_id(job_id: str, room: int) -> str:
    """An id in so many places, its beginning and its last digits: `202611240151…07`."""
    if len(job_id) <= room:
        return job_id
    return f"{job_id[: room - 4]}…{job_id[-3:]}" if room > 6 else cut(job_id, room)


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

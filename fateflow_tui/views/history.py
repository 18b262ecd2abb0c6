"""The events of a job as styled lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from fateflow_tui.core.cells import Spans, on_one_line, spans_width, wrapped
from fateflow_tui.core.formatting import marked
from fateflow_tui.core.status import Status
from fateflow_tui.views.text import clock

if TYPE_CHECKING:
    from fateflow_tui.core.records import StoryEntry

_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_STATUSES: Final = frozenset(map(str, Status))


def history_lines(entries: Sequence[StoryEntry], *, width: int = 0) -> list[Spans]:
    """Return each day above its events; of an event its time, subject and text. width: wrap at so many cells."""
    longest = max((spans_width(event_subject(entry)) for entry in entries), default=0)
    lines: list[Spans] = []
    day = ""
    for entry in entries:
        entry_day = f"{datetime.fromtimestamp(entry.at / 1000):%Y-%m-%d}"
        if entry_day != day:
            day = entry_day
            lines.append([(day, "muted")])
        subject = event_subject(entry)
        head: Spans = [(event_time(entry), "muted"), ("  ", ""), *subject]
        head.append((" " * (longest - spans_width(subject) + 2), ""))
        indent = spans_width(head)
        text = event_text(entry)
        pieces = wrapped(text, max(20, width - indent)) if width else [text]
        lines += [[*head, *pieces[0]], *([(" " * indent, ""), *piece] for piece in pieces[1:])]
    return lines


def event_time(entry: StoryEntry, *, short: bool = False) -> str:
    """Return the local time of day to the millisecond. short: to the second."""
    at = clock(entry.at)
    return at if short else f"{at}.{entry.at % 1000:03}"


def event_subject(entry: StoryEntry) -> Spans:
    """Return component and party; `job` for events of the whole job."""
    if not entry.component:
        return [(entry.party or "job", "")]
    return [(entry.component, "primary"), *([(f" {entry.party}", "muted")] if entry.party else [])]


def event_text(entry: StoryEntry) -> Spans:
    """`running → ✗ failed`, or `party created: driven by guest:9999`."""
    before, arrow, after = entry.what.partition(" -> ")
    spans: Spans
    if arrow:
        style = after if after in _STATUSES else ""
        spans = [(f"{before} → ", "muted"), (marked(after) if style else after, style)]
    else:
        words = entry.what if " " in entry.what else _HUMP.sub(" ", entry.what).lower()
        spans = [(on_one_line(words), "")]
    return [*spans, (f": {on_one_line(entry.text)}", "muted")] if entry.text else spans

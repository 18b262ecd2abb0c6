"""What happened to a job, as rows; pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from fateflow_tui.core.records import StoryEntry
from fateflow_tui.core.status import Status
from fateflow_tui.text.places import on_one_line
from fateflow_tui.text.spans import Spans
from fateflow_tui.text.statuses import marked
from fateflow_tui.tui.columns import Column

_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_STATUSES: Final = frozenset(map(str, Status))

COLUMNS: Final[tuple[Column[StoryEntry], ...]] = (
    Column("at", "WHEN", lambda entry, room: [(_clock(entry.at, room), "muted")], 8, 12),
    Column("who", "WHO", lambda entry, room: _who(entry), 14, 28, 2),
    Column("what", "WHAT", lambda entry, room: what(entry), 20),
)


def sought(entry: StoryEntry) -> str:
    """What a filter looks into."""
    return f"{entry.component} {entry.party} {entry.what} {''.join(text for text, _ in what(entry))}".lower()


def what(entry: StoryEntry) -> Spans:
    """`running → failed`, or `party created: driven by guest:9999`."""
    before, arrow, after = entry.what.partition(" -> ")
    if arrow:
        style = after if after in _STATUSES else ""
        spans: Spans = [(f"{before} → ", "muted"), (marked(after) if style else after, style)]
    else:
        words = entry.what if " " in entry.what else _HUMP.sub(" ", entry.what).lower()
        spans = [(on_one_line(words), "")]
    return [*spans, (f": {on_one_line(entry.text)}", "muted")] if entry.text else spans


def _clock(at: int, room: int) -> str:
    moment = datetime.fromtimestamp(at / 1000)
    return f"{moment:%H:%M:%S}.{at % 1000:03}" if room >= 12 else f"{moment:%H:%M:%S}"


def _who(entry: StoryEntry) -> Spans:
    if not entry.component:
        return [(entry.party or "job", "")]
    return [(entry.component, "primary"), (f" {entry.party}" if entry.party else "", "muted")]

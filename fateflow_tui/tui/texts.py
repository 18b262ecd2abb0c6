"""Times, bars and courses as the dashboard shows them; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from fateflow_tui.text.amounts import duration
from fateflow_tui.text.places import cut
from fateflow_tui.text.spans import Spans
from fateflow_tui.text.statuses import MARKS, letter

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


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def shortened_id(job_id: str, room: int) -> str:
    """An id in so many places, its beginning and its last digits: `202611240151…07`."""
    if len(job_id) <= room:
        return job_id
    return f"{job_id[: room - 4]}…{job_id[-3:]}" if room > 6 else cut(job_id, room)

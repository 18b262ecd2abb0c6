"""Glyphs, times, bars and columns of text; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from fateflow_tui.graph.cells import width

Span = tuple[str, str]
"""A text and the name of its style in `themes.Palette`; "" for the plain one."""
Spans = list[Span]

MARKS: Final = {
    "ready": "·",
    "waiting": "·",
    "running": "▶",
    "success": "✓",
    "failed": "✗",
    "canceled": "■",
    "timeout": "⧗",
    "pass": "↷",
}
_LEVELS: Final = "▁▂▃▄▅▆▇█"
_STEERING: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def clean(text: str) -> str:
    """On one line, and without what could steer a terminal."""
    return _STEERING.sub(lambda found: " " if found.group() in "\t\n\r" else "�", text)


def cut(text: str, room: int) -> str:
    """At most `room` places; what was left out is `…`."""
    if width(text) <= room:
        return text
    while text and width(text) > room - 1:
        text = text[:-1]
    return f"{text}…" if room > 0 else ""


def padded(text: str, room: int, *, right: bool = False) -> str:
    """Exactly `room` places."""
    text = cut(text, room)
    blanks = " " * (room - width(text))
    return blanks + text if right else text + blanks


def marked(status: str) -> str:
    """`✓ success`: glyph and word, so that colour is only a third hint."""
    return f"{MARKS.get(status, '?')} {status}"


def letter(party: str, parties: Iterable[str]) -> str:
    """`G`, or `H10001` where several parties have the role."""
    role, _, number = party.partition(":")
    alone = sum(other.startswith(f"{role}:") for other in parties) < 2
    return role[:1].upper() if alone else f"{role[:1].upper()}{number}"


def party_marks(statuses: Mapping[str, str]) -> Spans:
    """`G✓ H▶ A·` for parties by `role:id`."""
    spans: Spans = []
    for party, status in statuses.items():
        spans.append((" " if spans else "", ""))
        spans.append((letter(party, statuses) + MARKS.get(status, "?"), status))
    return [span for span in spans if span[0]]


def duration(ms: int) -> str:
    """`0.4s`, `12s`, `04:12`, `1:02:07`, `2d 03:04:00`."""
    if ms < 10_000:
        return f"{max(ms, 0) / 1000:.1f}s"
    seconds = ms // 1000
    if seconds < 60:
        return f"{seconds}s"
    days, rest = divmod(seconds, 86_400)
    hours, minutes = rest // 3600, rest // 60 % 60
    if days:
        return f"{days}d {hours:02}:{minutes:02}:{rest % 60:02}"
    return f"{hours}:{minutes:02}:{rest % 60:02}" if hours else f"{minutes:02}:{rest % 60:02}"


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


def figure(value: float) -> str:
    """Four figures, no needless zeros."""
    return f"{value:.4g}"


def mib(amount: int) -> str:
    """`512 MiB`, `2.1 GiB`; '' where memory is not counted."""
    if not amount:
        return ""
    return f"{amount} MiB" if amount < 1024 else f"{amount / 1024:.1f} GiB"


def bytes_of(amount: int) -> str:
    """`812 B`, `4.1 KB`, `2.0 MB`."""
    size, unit = float(amount), "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{amount} B" if unit == "B" else f"{size:.1f} {unit}"


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


def wrapped(spans: Spans, room: int) -> list[Spans]:
    """One line in as many as it takes. They go on below the second span, where the first is a short name."""
    if spans_width(spans) <= room or room <= 0:
        return [spans]
    indent = width(spans[0][0]) if len(spans) > 1 and width(spans[0][0]) <= room // 3 else 0
    lines: list[Spans] = [[]]
    left = room
    for text, style in spans:
        for word in re.findall(r" +|[^ ]+", text):
            if width(word) > left and left < room - indent:
                lines.append([(" " * indent, "")] if indent else [])
                left = room - indent
                if word.isspace():
                    continue
            while width(word) > left:
                lines[-1].append((word[:left], style))
                word = word[left:]
                lines.append([(" " * indent, "")] if indent else [])
                left = room - indent
            lines[-1].append((word, style))
            left -= width(word)
    return lines


def spans_width(spans: Iterable[Span]) -> int:
    return sum(width(text) for text, _ in spans)

"""What stands beside or in each node of a job's graph: its status at all parties, in words and time; pure."""

from __future__ import annotations

from typing import Final

from fateflow_tui.core.status import Status
from fateflow_tui.sdk.jobs import ComponentView, JobView
from fateflow_tui.text.amounts import duration
from fateflow_tui.text.places import padded
from fateflow_tui.text.spans import Spans, spans_width
from fateflow_tui.text.statuses import marked
from fateflow_tui.tui import texts
from fateflow_tui.tui.graph_scene import BOXES, COMPACT, LANES

REUSED: Final = "↻"
_WORD: Final = 10  # `■ canceled`
_TIME: Final = 8
_MOST_MARKS: Final = 24  # places of the marks of many parties


def rooms(view: JobView) -> dict[str, int]:
    """Places that the details need, by kind of view."""
    marks = marks_room(view)
    return {BOXES: _WORD + 1 + marks, COMPACT: 2 + marks, LANES: marks + 2 + _WORD + 2 + _TIME}


def marks_room(view: JobView) -> int:
    return min(_MOST_MARKS, max((spans_width(texts.party_marks(one.parties)) for one in view.components), default=0))


def detail(one: ComponentView, kind: str, marks: int, now: int) -> Spans:
    """In the room of its kind."""
    parties = _cut(texts.party_marks(one.parties), marks)
    word = f"{REUSED} reused" if one.reused_from else marked(one.status)
    if kind == COMPACT:
        return [(f"{word[0]} ", one.status), *parties]
    if kind == BOXES:
        return [(padded(word, _WORD + 1), one.status), *parties]
    took = _took(one, now)
    blank = " " * (marks - spans_width(parties) + 2)
    return [*parties, (blank, ""), (padded(word, _WORD + 2), one.status), (took.rjust(_TIME), "muted")]


def _took(one: ComponentView, now: int) -> str:
    if not one.started_at:
        return ""
    if one.ended_at:
        return duration(one.ended_at - one.started_at)
    return texts.ticking(now - one.started_at) if one.status is Status.RUNNING else ""


def _cut(spans: Spans, room: int) -> Spans:
    if spans_width(spans) <= room:
        return spans
    kept: Spans = []
    for text, style in spans:
        if spans_width([*kept, (text, style)]) > room - 1:
            break
        kept.append((text, style))
    return [*kept, ("…", "muted")]

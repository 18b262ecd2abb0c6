"""The columns of the list of jobs; pure."""

from __future__ import annotations

from collections.abc import Callable

from fateflow_tui.sdk.jobs import JobLine
from fateflow_tui.text.amounts import duration
from fateflow_tui.text.places import on_one_line
from fateflow_tui.text.spans import Spans, spans_width
from fateflow_tui.text.statuses import MARKS, marked
from fateflow_tui.tui import texts
from fateflow_tui.tui.columns import Column

_BAR = 6  # places that a bar needs to say something


def job_columns(now: Callable[[], int]) -> tuple[Column[JobLine], ...]:
    """now: ms since the epoch, by the scheduler's clock as far as is known."""
    return (
        Column("job", "JOB", _job, 14, 22, sortable=True),
        Column("status", "STATUS", _status, 10, 10, sortable=True),
        Column("progress", "PROGRESS", _progress, 4, 19, 4, sortable=True, short="%"),
        Column("parties", "PARTIES", _parties, 8, 14, 3),
        Column("now", "NOW", _happening, 20, rank=1),
        Column("name", "NAME", _name, 24, 40, rank=6, sortable=True, from_width=185),
        Column("submitted", "SUBMITTED", lambda line, room: _submitted(line, now()), 12, 12, 5, from_width=110),
        Column("took", "TOOK", lambda line, room: _took(line, now()), 8, 8, 2, right=True, sortable=True),
    )


def happening(line: JobLine) -> str:
    """What runs now, why it waits, or why it ended badly."""
    if line.waiting is not None:
        return on_one_line(line.waiting.text)
    if line.running:
        return ", ".join(line.running)
    return "" if line.status.succeeded else on_one_line(line.reason)


def _job(line: JobLine, room: int) -> Spans:
    return [(texts.shortened_id(line.job_id, room), "")]


def _status(line: JobLine, room: int) -> Spans:
    return [(marked(line.status), line.status)]


def _progress(line: JobLine, room: int) -> Spans:
    percent = f"{line.progress:>3}%"
    if room < _BAR + 5:
        return [(percent, line.status)]
    done, rest = texts.bar(line.progress, room - 5)
    return [(done, line.status), (rest, "frame"), (f" {percent}", "muted" if line.status.succeeded else line.status)]


def _parties(line: JobLine, room: int) -> Spans:
    spans = texts.party_marks(line.parties)
    return spans if spans_width(spans) <= room else _grouped(line)


def _grouped(line: JobLine) -> Spans:
    """By role where there are too many parties: `H3▶` for three hosts."""
    spans: Spans = []
    for role in dict.fromkeys(party.partition(":")[0] for party in line.parties):
        statuses = [status for party, status in line.parties.items() if party.startswith(f"{role}:")]
        unlike = max(statuses, key=lambda status: (status == "failed", status == "running", status != "success"))
        count = str(len(statuses)) if len(statuses) > 1 else ""
        spans += [(" ", "")] if spans else []
        spans.append((f"{role[:1].upper()}{count}{MARKS.get(unlike, '?')}", unlike))
    return spans


def _happening(line: JobLine, room: int) -> Spans:
    text = happening(line)
    if line.waiting is not None:
        return [(text, "warning")]
    return [(text, line.status if line.status.interrupted else "")]


def _name(line: JobLine, room: int) -> Spans:
    return [(on_one_line(line.description or line.name), "muted")]


def _submitted(line: JobLine, now: int) -> Spans:
    return [(texts.moment(line.created_at, now), "muted")]


def _took(line: JobLine, now: int) -> Spans:
    if line.status.ended:
        return [(duration(line.elapsed(now)) if line.started_at else "–", "muted")]
    if not line.started_at:
        return [(texts.ticking(now - line.created_at), "waiting")]
    return [(texts.ticking(line.elapsed(now)), "running")]

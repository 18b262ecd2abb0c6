"""The head of a job's screen, and the columns of the list of jobs."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.text import Text

from fateflow_tui.core.cells import Spans, on_one_line, spans_width
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.formatting import MARKS, duration, marked, plural
from fateflow_tui.core.status import Status
from fateflow_tui.sdk.types.jobs import JobLine, JobView
from fateflow_tui.tui import columns
from fateflow_tui.tui.columns import Column
from fateflow_tui.tui.job_filter import failures, has_model
from fateflow_tui.tui.snapshot import Connection, Link
from fateflow_tui.tui.widgets.changed_cells import ChangedText
from fateflow_tui.views.jobs import happening, job_name, party_statuses
from fateflow_tui.views.text import moment, party_marks


class JobHead(ChangedText):
    """Two lines; the second shows what runs, what the job waits for, or why it failed."""

    DEFAULT_CSS = "JobHead { height: 2; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._line: JobLine | None = None
        self._view: JobView | None = None
        self._connection = Connection()
        self._disconnected_since = ""

    def show(self, line: JobLine | None, view: JobView | None, connection: Connection) -> None:
        if connection.is_up or connection.link is Link.CONNECTING:
            self._disconnected_since = ""
        elif not self._disconnected_since:
            self._disconnected_since = time.strftime("%H:%M:%S")
        self._line, self._view, self._connection = line, view, connection
        self.refresh_changed()

    def text(self) -> Text:
        styles = self.app.palette  # type: ignore[attr-defined]
        text = Text(no_wrap=True, overflow="ellipsis", end="")
        now = now_ms()
        for number, line in enumerate((self._first(now), self._second(now))):
            text.append("\n" if number else "")
            for word, style in line:
                text.append(word, styles[style])
        return text

    def _first(self, now: int) -> Spans:
        line = self._line
        if line is None:
            return [("job not found at this site", "muted") if self._connection.is_up else ("loading …", "muted")]
        spans: Spans = [
            (marked(line.status), f"{line.status} strong"),
            (f"  {line.job_id}", "strong"),
            ("  ", ""),
        ]
        spans += party_marks(party_statuses(line))
        width = self.size.width
        done, rest = columns.bar(line.progress, 10)
        if not line.status.succeeded:
            spans += [("  ", ""), (done, line.status), (rest, "frame"), (f" {line.progress}%", "muted")]
        took = duration(line.elapsed(now)) if line.status.ended else columns.ticking(line.elapsed(now))
        facts = [took if line.started_at else "", f"submitted {moment(line.created_at, now)}"]
        facts += [f"by {line.submitted_by}" if line.submitted_by else "", on_one_line(line.name or line.description)]
        facts += [self._elsewhere()]
        for fact in filter(None, facts):
            if spans_width(spans) + len(fact) + 3 <= width:
                spans.append((f"  {fact}", "muted"))
        return spans

    def _elsewhere(self) -> str:
        view = self._view
        return f"driven by {view.driver} at another site" if view is not None and not view.drives_here else ""

    def _second(self, now: int) -> Spans:
        if self._disconnected_since:
            return [(f"○ disconnected; last updated at {self._disconnected_since}", "error")]
        line, view = self._line, self._view
        if line is None:
            return []
        if line.waiting is not None and not line.status.ended:
            return [("waiting: ", "muted"), (on_one_line(line.waiting.text), "warning")]
        if line.running and not line.status.ended:
            return [("running ", "muted"), *self._what_runs(line, now)]
        cards = failures(view) if view is not None else []
        if cards and line.status is not Status.CANCELED:
            first = cards[0]
            more = f"  (and {len(cards) - 1} more)" if len(cards) > 1 else ""
            failed: Spans = [(f"✗ {first.component}", "failed strong"), (f" at {first.party}: ", "failed")]
            return [*failed, (on_one_line(first.cause), "failed"), (more, "muted")]
        stop = view.stop if view is not None else None
        if stop is not None:
            return [("stopped by ", "muted"), (on_one_line(f"{stop.by} {stop.reason}".strip()), line.status)]
        if line.reason and not line.status.succeeded:
            return [(on_one_line(line.reason), line.status)]
        reused = sum(bool(one.reused_from) for one in view.components) if view is not None else 0
        figures = [plural(len(view.components), "component") if view is not None else ""]
        figures.append(f"{reused} reused" if reused else "")
        figures.append(f"model {view.model_id}" if view is not None and has_model(view) else "")
        return [(" · ".join(filter(None, figures)), "muted")]

    def _what_runs(self, line: JobLine, now: int) -> Spans:
        spans: Spans = []
        components = {one.name: one for one in self._view.components} if self._view is not None else {}
        for number, name in enumerate(line.running):
            one = components.get(name)
            busy = [party for party, status in one.parties.items() if status is Status.RUNNING] if one else []
            at = ", ".join(busy)
            took = columns.ticking(now - one.started_at) if one is not None and one.started_at else ""
            spans += [("  " if number else "", ""), (name, "running strong")]
            spans.append((f" {took} {f'at {at}' if at else ''}".rstrip(), "running"))
        return spans


_BAR = 6  # minimum width of a useful progress bar


def job_columns(now: Callable[[], int], id_length: Callable[[], int]) -> tuple[Column[JobLine], ...]:
    """Return the columns of the list of jobs.

    now: returns ms since the epoch. id_length: returns how many last digits of the ids to show.
    """
    return (
        Column("name", "NAME", _name, 16, sortable=True),
        Column("job", "JOB", lambda line, width: _job(line, id_length()), 6, 8, sortable=True),
        Column("status", "STATUS", _status, 10, 10, sortable=True),
        Column("progress", "PROGRESS", _progress, 4, 14, 4, sortable=True, short="%"),
        Column("parties", "PARTIES", _parties, 8, 14, 3),
        Column("now", "NOW", _happening, 10, rank=1),
        Column("submitted", "SUBMITTED", lambda line, width: _submitted(line, now()), 12, 12, 5, from_width=110),
        Column("took", "TOOK", lambda line, width: _took(line, now()), 8, 8, 2, right=True, sortable=True),
    )


def _job(line: JobLine, id_length: int) -> Spans:
    return [(line.job_id[-id_length:], "muted")]


def _status(line: JobLine, width: int) -> Spans:
    return [(marked(line.status), line.status)]


def _progress(line: JobLine, width: int) -> Spans:
    percent = f"{line.progress:>3}%"
    if width < _BAR + 5:
        return [(percent, line.status)]
    done, rest = columns.bar(line.progress, width - 5)
    return [(done, line.status), (rest, "frame"), (f" {percent}", "muted" if line.status.succeeded else line.status)]


def _parties(line: JobLine, width: int) -> Spans:
    spans = party_marks(party_statuses(line))
    return spans if spans_width(spans) <= width else _grouped(line)


def _grouped(line: JobLine) -> Spans:
    """Group the parties by role if there are too many: `H3▶` for three hosts."""
    spans: Spans = []
    shown = party_statuses(line)
    for role in dict.fromkeys(party.partition(":")[0] for party in shown):
        statuses = [status for party, status in shown.items() if party.startswith(f"{role}:")]
        unlike = max(statuses, key=lambda status: (status == "failed", status == "running", status != "success"))
        count = str(len(statuses)) if len(statuses) > 1 else ""
        spans += [(" ", "")] if spans else []
        spans.append((f"{role[:1].upper()}{count}{MARKS.get(unlike, '?')}", unlike))
    return spans


def _happening(line: JobLine, width: int) -> Spans:
    text = happening(line)
    if line.waiting is not None:
        return [(text, "warning")]
    return [(text, line.status if line.status.interrupted else "")]


def _name(line: JobLine, width: int) -> Spans:
    return [(job_name(line), "")]


def _submitted(line: JobLine, now: int) -> Spans:
    return [(moment(line.created_at, now), "muted")]


def _took(line: JobLine, now: int) -> Spans:
    if line.status.ended:
        return [(duration(line.elapsed(now)) if line.started_at else "–", "muted")]
    if not line.started_at:
        return [(columns.ticking(now - line.created_at), "waiting")]
    return [(columns.ticking(line.elapsed(now)), "running")]

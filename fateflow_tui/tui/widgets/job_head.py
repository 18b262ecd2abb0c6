"""The first lines of a job's screen: what it is, and what is to be known of it within a moment."""

from __future__ import annotations

import time

from rich.text import Text
from textual.widget import Widget

from fateflow_tui.core.status import Status
from fateflow_tui.sdk.jobs import JobLine, JobView
from fateflow_tui.text.amounts import duration
from fateflow_tui.text.places import on_one_line
from fateflow_tui.text.spans import Spans, spans_width
from fateflow_tui.text.statuses import marked
from fateflow_tui.tui import texts
from fateflow_tui.tui.job_subject import has_model
from fateflow_tui.tui.snapshot import Connection, Link


class JobHead(Widget):
    """Two lines. The second says what runs, what it waits for, or why it failed."""

    DEFAULT_CSS = "JobHead { height: 2; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._line: JobLine | None = None
        self._view: JobView | None = None
        self._connection = Connection()
        self._away_since = ""

    def show(self, line: JobLine | None, view: JobView | None, connection: Connection) -> None:
        if connection.is_up or connection.link is Link.CONNECTING:
            self._away_since = ""
        elif not self._away_since:
            self._away_since = time.strftime("%H:%M:%S")
        self._line, self._view, self._connection = line, view, connection
        self.refresh()

    def render(self) -> Text:
        styles = self.app.palette  # type: ignore[attr-defined]
        text = Text(no_wrap=True, overflow="ellipsis", end="")
        now = time.time_ns() // 1_000_000
        for number, line in enumerate((self._first(now), self._second(now))):
            text.append("\n" if number else "")
            for word, style in line:
                text.append(word, styles[style])
        return text

    def _first(self, now: int) -> Spans:
        line = self._line
        if line is None:
            return [("this site does not know the job", "muted") if self._connection.is_up else ("reading …", "muted")]
        spans: Spans = [
            (marked(line.status), f"{line.status} strong"),
            (f"  {line.job_id}", "strong"),
            ("  ", ""),
        ]
        spans += texts.party_marks(line.parties)
        room = self.size.width
        done, rest = texts.bar(line.progress, 10)
        if not line.status.succeeded:
            spans += [("  ", ""), (done, line.status), (rest, "frame"), (f" {line.progress}%", "muted")]
        took = duration(line.elapsed(now)) if line.status.ended else texts.ticking(line.elapsed(now))
        facts = [took if line.started_at else "", f"submitted {texts.moment(line.created_at, now)}"]
        facts += [f"by {line.submitted_by}" if line.submitted_by else "", on_one_line(line.name or line.description)]
        facts += [self._elsewhere()]
        for fact in filter(None, facts):
            if spans_width(spans) + len(fact) + 3 <= room:
                spans.append((f"  {fact}", "muted"))
        return spans

    def _elsewhere(self) -> str:
        view = self._view
        return f"driven by {view.driver} at another site" if view is not None and not view.drives_here else ""

    def _second(self, now: int) -> Spans:
        if self._away_since:
            return [(f"○ the scheduler does not answer; this is how it was at {self._away_since}", "error")]
        line, view = self._line, self._view
        if line is None:
            return []
        if line.waiting is not None and not line.status.ended:
            return [("waits: ", "muted"), (on_one_line(line.waiting.text), "warning")]
        if line.running and not line.status.ended:
            return [("runs ", "muted"), *self._what_runs(line, now)]
        cards = view.cards if view is not None else []
        if cards and not line.status.succeeded:
            first = cards[0]
            more = f"  (and {len(cards) - 1} more)" if len(cards) > 1 else ""
            told: Spans = [(f"✗ {first.component}", "failed strong"), (f" at {first.party}: ", "failed")]
            return [*told, (on_one_line(first.cause), "failed"), (more, "muted")]
        stop = view.stop if view is not None else None
        if stop is not None:
            return [("stopped by ", "muted"), (on_one_line(f"{stop.by} {stop.reason}".strip()), line.status)]
        if line.reason and not line.status.succeeded:
            return [(on_one_line(line.reason), line.status)]
        reused = sum(bool(one.reused_from) for one in view.components) if view is not None else 0
        figures = [texts.plural(len(view.components), "component") if view is not None else ""]
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
            took = texts.ticking(now - one.started_at) if one is not None and one.started_at else ""
            spans += [("  " if number else "", ""), (name, "running strong")]
            spans.append((f" {took} {f'at {at}' if at else ''}".rstrip(), "running"))
        return spans

"""Reporters of watch mode: text, JSON lines, or names."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from fateflow_tui.commands.context import Session
from fateflow_tui.commands.documents import shown
from fateflow_tui.commands.errors import of_status, report
from fateflow_tui.commands.metric import Figure, figures, metrics_of
from fateflow_tui.commands.output import Format, Output, cell, columns, number, painted, styled
from fateflow_tui.commands.progress import Progress, progress_for
from fateflow_tui.commands.watch.events import (
    Ended,
    EvaluationScore,
    Failed,
    Idle,
    Kept,
    Left,
    Linted,
    Moved,
    Planned,
    Saved,
    Submitted,
    Superseded,
    Unreadable,
    WatchEvent,
    Watching,
)
from fateflow_tui.core.cells import width
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import BadRequest, FateFlowError
from fateflow_tui.core.formatting import duration, is_number, marked
from fateflow_tui.views.cards import card_lines
from fateflow_tui.views.problems import problem_counts
from fateflow_tui.views.text import clock, folded

if TYPE_CHECKING:
    from fateflow_tui.sdk.types.jobs import JobView


Paint = Callable[[str, str], str]  # text, SGR numbers -> text

# The label and the color of each action.
_LABELS: Final = {
    "run": ("▶ run", "36"),
    "reuse": ("↻ reuse", "34"),
    "new": ("+ new", "32"),
    "removed": ("- removed", "2"),
}
_MIN_WIDTH: Final = 24  # columns for the reasons


def plan_lines(plan: Planned, limit: int, paint: Paint) -> Iterator[str]:
    """Yield what would happen to each component and why. limit: columns; 0 for any number."""
    yield paint(f"plan, compared with job {plan.compared}" if plan.compared else "plan", "1")
    rows = [("new" if step.change == "new" and plan.compared else step.action, step) for step in plan.components]
    steps = [(kind, step.component, step.why) for kind, step in rows]
    steps += [("removed", name, f"only in job {plan.compared}") for name in plan.removed]
    names = columns([_LABELS[kind][0], name, ""] for kind, name, _ in steps)
    for (kind, _, why), (word, name, _) in zip(steps, names, strict=True):
        color = _LABELS[kind][1]
        margin = width(word) + width(name) + 6
        first, *rest = _wrapped(cell(why), max(1, limit - margin) if limit else 0)
        yield f"  {paint(word, color)}  {name}  {paint(first, '2' if kind in ('reuse', 'removed') else '')}"
        yield from (" " * margin + piece for piece in rest)
    yield summary(plan)


def summary(plan: Planned) -> str:
    """Return `2 of 5 components run, 3 are reused from job 2026...`."""
    total, run, reused = len(plan.components), len(plan.run), len(plan.reuse)
    if not reused:
        return "the only component runs" if total == 1 else f"all {total} components run"
    if not run:
        return f"{'the only component is' if total == 1 else f'all {total} components are'} as in job {plan.source}"
    runs, reuses = ("runs" if run == 1 else "run"), ("is" if reused == 1 else "are")
    return f"{run} of {total} components {runs}, {reused} {reuses} reused from job {plan.source}"


def ended_line(ended: Ended) -> str:
    """Return `✓ success  2026...  100%  3.2s  2 run, 3 reused`."""
    counts = f"{len(ended.run)} run, {len(ended.reused)} reused"
    return "  ".join([marked(ended.status), ended.job_id, f"{ended.progress}%", duration(ended.elapsed), counts])


def score_lines(scores: Sequence[EvaluationScore]) -> Iterator[str]:
    """Yield `  evaluation_0  train  auc 0.993 (was 0.991), ks 0.944` for each component and its data."""
    lines: dict[tuple[str, str], list[str]] = {}
    for one in scores:
        was = "" if one.before is None or one.before == one.value else f" (was {number(one.before)})"
        lines.setdefault((one.component, one.namespace), []).append(f"{one.metric} {number(one.value)}{was}")
    yield from (f"  {name}  {data}  {', '.join(texts)}" for (name, data), texts in lines.items())


def rule(text: str, limit: int, paint: Paint) -> str:
    """Return a line across the screen with a text in it."""
    head = f"── {text} "
    return paint(head + "─" * max(2, limit - width(head)), "2")


def _wrapped(text: str, limit: int) -> list[str]:
    if not limit:
        return [text]
    return textwrap.wrap(text, max(_MIN_WIDTH, limit), break_long_words=False) or [""]


def scores(session: Session, job: JobView, before: str | None) -> list[EvaluationScore]:
    """Return the metrics of the initiator that are single numbers. before: a job to compare with, or None."""
    old: dict[tuple[str, str, str], float] = {}
    try:
        found = list(_numbers(session, job))
        if found and before not in (None, job.job_id):
            old = {_key(figure): figure.value for figure in _numbers(session, session.flow.job(str(before)))}
    except FateFlowError:  # scores are optional; `metric show` reports the error
        return []
    return [EvaluationScore(*_key(figure), value=figure.value, before=old.get(_key(figure))) for figure in found]


def _numbers(session: Session, job: JobView) -> Iterator[Figure]:
    evaluations = [one.name for one in job.components if one.evaluates and one.status.succeeded]
    for name in evaluations:
        for figure in figures(metrics_of(session, job, name, job.initiator)):
            if is_number(figure.value):
                yield figure


def _key(figure: Figure) -> tuple[str, str, str]:
    return figure.component, figure.namespace, figure.metric


class Reporter(Protocol):
    """Reports events, and the progress of a job."""

    def report(self, event: WatchEvent) -> None: ...

    def progress(self) -> AbstractContextManager[Progress]: ...


def reporter_for(session: Session) -> Reporter:
    """Return the reporter of the output format. Raises BadRequest for one that events do not have."""
    match session.output.format:
        case Format.TABLE:
            return TextReporter(session)
        case Format.JSON | Format.JSONL:
            return JsonReporter(session)
        case Format.NAME:
            return NameReporter(session.output)
        case other:
            raise BadRequest(f"watch has no output format {other}", hint="expected table, json, jsonl or name")


def ended(job: JobView, scores: list[EvaluationScore], now: int) -> Ended:
    """Return the event of an ended job."""
    return Ended(
        at=now,
        job_id=job.job_id,
        status=job.status,
        progress=job.progress,
        elapsed=job.elapsed(now),
        run=[one.name for one in job.components if one.started_at and not one.reused_from],
        reused=[one.name for one in job.components if one.reused_from],
        scores=scores,
        cards=job.cards,
        exit_code=of_status(job.status),
    )


def failed(error: FateFlowError, now: int) -> Failed:
    """Return the event of a failed round."""
    return Failed(
        at=now,
        error=error.code,
        message=error.message,
        hint=error.hint,
        exit_code=error.exit_code,
        data=error.data,
    )


class TextReporter:
    """Prints rounds as text: problems, plans and outcomes on stdout, other messages on stderr."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._output = session.output

    def progress(self) -> AbstractContextManager[Progress]:
        return progress_for(self._session)

    def report(self, event: WatchEvent) -> None:
        output = self._output
        match event:
            case Watching(once=False):
                output.info(f"watching {Path(event.dsl).name} and {Path(event.conf).name}; stop with Ctrl-C")
            case Saved():
                output.lines(["", rule(f"{clock(event.at)}  {', '.join(event.files)}", output.width, painted)])
            case Unreadable():
                self._print("✗", event.message, "33", "waiting for the file")
            case Linted():
                self._problems(event)
            case Planned():
                output.lines(plan_lines(event, output.width if sys.stdout.isatty() else 0, painted))
            case Idle():
                self._print("✓", "nothing to run", "32")
            case Kept():
                output.info(f"job {event.job_id} continues: {event.why}")
            case Superseded():
                output.info(f"{self._on_stderr('■', '33')} stopped job {event.job_id}: its documents have changed")
            case Submitted():
                output.info(f"submitted {event.job_id}")
            case Ended():
                self._ended(event)
            case Failed():
                error = FateFlowError(event.message, hint=event.hint)
                report(error, output, as_json=False)
            case Left():
                output.info(f"the job continues; follow it with: fateflow job watch {event.job_id}")

    def _problems(self, event: Linted) -> None:
        for problem in event.problems:
            self._output.lines(shown(problem, sys.stdout))
        if event.errors:
            self._print("✗", problem_counts(event.errors, event.warnings), "31")

    def _ended(self, event: Ended) -> None:
        self._output.marked([ended_line(event)])
        self._output.lines(score_lines(event.scores))
        for card in event.cards:
            width = self._output.width if sys.stdout.isatty() else 0
            self._output.lines(styled(folded(card_lines(card), width)))

    def _print(self, mark: str, text: str, color: str, more: str = "") -> None:
        self._output.lines([f"{painted(mark, color)} {cell(text)}{f'; {more}' if more else ''}"])

    def _on_stderr(self, text: str, color: str) -> str:
        return painted(text, color, sys.stderr)


class JsonReporter:
    """Prints each event as a line of JSON."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._output = Output(Format.JSONL)

    def progress(self) -> AbstractContextManager[Progress]:
        return nullcontext(_StatusEvents(self))

    def report(self, event: WatchEvent) -> None:
        self._output.record(event, lambda _: (), lambda _: "")


class NameReporter:
    """Prints the ids of submitted jobs, and of earlier ones that need no rerun; problems and errors on stderr."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def progress(self) -> AbstractContextManager[Progress]:
        return nullcontext(_NoProgress())

    def report(self, event: WatchEvent) -> None:
        match event:
            case Submitted() | Idle():
                self._output.lines([event.job_id])
            case Linted():
                for problem in event.problems:
                    for line in shown(problem, sys.stderr):
                        self._output.warn(line)
            case Unreadable():
                self._output.warn(event.message)
            case Failed():
                report(FateFlowError(event.message, hint=event.hint), self._output, as_json=False)


class _StatusEvents:
    """Reports each status change of a job as an event."""

    def __init__(self, reporter: JsonReporter) -> None:
        self._reporter = reporter
        self._reported: dict[str, str] = {}

    def show(self, job: JobView) -> None:
        states: dict[str, tuple[str, str]] = {"": (job.status, "")}
        for one in job.components:
            states[one.name] = ("reused" if one.reused_from else one.status, one.reused_from)
        for component, (status, source) in states.items():
            if self._reported.get(component) != status:
                self._reported[component] = status
                moved = Moved(at=now_ms(), job_id=job.job_id, component=component, status=status, reused_from=source)
                self._reporter.report(moved)


class _NoProgress:
    """Shows nothing."""

    def show(self, job: JobView) -> None: ...

"""Tells what happens while documents are watched: to people, or to programs as lines of JSON."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from commands.context import Session
from commands.documents import shown
from commands.errors import report
from commands.exits import of_status
from commands.job_text import card_lines
from commands.output import Format, Output, painted
from commands.progress import Progress, progress_for
from commands.text import cell
from commands.watch_events import (
    Ended,
    Failed,
    Idle,
    Kept,
    Left,
    Linted,
    Moved,
    Planned,
    Saved,
    Score,
    Submitted,
    Superseded,
    Unreadable,
    WatchEvent,
    Watching,
)
from commands.watch_text import ended_line, fact_lines, found_line, plan_lines, rule, score_lines
from fateflow_tui.core.errors import BadRequest, FateFlowError

if TYPE_CHECKING:
    from fateflow_tui.sdk.jobs import JobView


class Teller(Protocol):
    """Tells events, and how a job goes on."""

    def tell(self, event: WatchEvent) -> None: ...

    def progress(self) -> AbstractContextManager[Progress]: ...


def teller_for(session: Session) -> Teller:
    """Raises BadRequest for a format that is none for events."""
    match session.output.format:
        case Format.TABLE:
            return People(session)
        case Format.JSON | Format.JSONL:
            return Programs(session)
        case Format.NAME:
            return Names(session.output)
        case other:
            raise BadRequest(f"watch has no output format {other}", hint="use table, json, jsonl or name")


def ended(job: JobView, scores: list[Score], now: int) -> Ended:
    """How a job has ended, as an event."""
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
    """What went wrong in a round, as an event."""
    return Failed(
        at=now,
        error=error.code,
        message=error.message,
        hint=error.hint,
        exit_code=error.exit_code,
        data=error.data,
    )


class People:
    """Rounds below one another: problems, plans and outcomes on stdout, the talk between them on stderr."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._output = session.output

    def progress(self) -> AbstractContextManager[Progress]:
        return progress_for(self._session)

    def tell(self, event: WatchEvent) -> None:
        output = self._output
        match event:
            case Watching(once=False):
                output.talk(f"watching {Path(event.dsl).name} and {Path(event.conf).name}; Ctrl-C ends")
            case Saved():
                time = f"{datetime.fromtimestamp(event.at / 1000):%H:%M:%S}"
                output.lines(["", rule(f"{time}  {', '.join(event.files)}", output.width, painted)])
            case Unreadable():
                self._say("✗", event.message, "33", "waiting for it")
            case Linted():
                self._problems(event)
            case Planned():
                output.lines(plan_lines(event, output.width if sys.stdout.isatty() else 0, painted))
            case Idle():
                self._say("✓", "nothing to run", "32")
            case Kept():
                output.talk(f"job {event.job_id} goes on: {event.why}")
            case Superseded():
                output.talk(f"{self._talked('■', '33')} stopped job {event.job_id}: its documents have changed")
            case Submitted():
                output.talk(f"submitted {event.job_id}")
            case Ended():
                self._ended(event)
            case Failed():
                error = FateFlowError(event.message, hint=event.hint)
                report(error, output, as_json=False)
            case Left():
                output.talk(f"the job goes on; follow it again with: fateflow job watch {event.job_id}")

    def _problems(self, event: Linted) -> None:
        for problem in event.problems:
            self._output.lines(shown(problem, sys.stdout))
        if event.errors:
            self._say("✗", found_line(event.errors, event.warnings), "31")

    def _ended(self, event: Ended) -> None:
        self._output.marked([ended_line(event)])
        self._output.lines(score_lines(event.scores))
        for card in event.cards:
            first, *rest = card_lines(card)
            limit = self._output.width if sys.stdout.isatty() else 0
            self._output.lines([painted(first, "31"), *(piece for line in rest for piece in fact_lines(line, limit))])

    def _say(self, mark: str, text: str, color: str, more: str = "") -> None:
        self._output.lines([f"{painted(mark, color)} {cell(text)}{f'; {more}' if more else ''}"])

    def _talked(self, text: str, color: str) -> str:
        return painted(text, color, sys.stderr)


class Programs:
    """One line of JSON for everything."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._output = Output(Format.JSONL)

    def progress(self) -> AbstractContextManager[Progress]:
        return nullcontext(_Moves(self))

    def tell(self, event: WatchEvent) -> None:
        self._output.record(event, lambda _: (), lambda _: "")

    def now(self) -> int:
        return self._session.now()


class Names:
    """The ids of the jobs that are submitted, or that need not be; problems and errors on stderr."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def progress(self) -> AbstractContextManager[Progress]:
        return nullcontext(_Silence())

    def tell(self, event: WatchEvent) -> None:
        match event:
            case Submitted() | Idle():
                self._output.lines([event.job_id])
            case Linted():
                for problem in event.problems:
                    for line in shown(problem, sys.stderr):
                        self._output.alarm(line)
            case Unreadable():
                self._output.alarm(event.message)
            case Failed():
                report(FateFlowError(event.message, hint=event.hint), self._output, as_json=False)


class _Moves:
    """A job's progress as events, one for each change."""

    def __init__(self, teller: Programs) -> None:
        self._teller = teller
        self._told: dict[str, str] = {}

    def show(self, job: JobView) -> None:
        states: dict[str, tuple[str, str]] = {"": (job.status, "")}
        for one in job.components:
            states[one.name] = ("reused" if one.reused_from else one.status, one.reused_from)
        for component, (status, source) in states.items():
            if self._told.get(component) != status:
                self._told[component] = status
                moved = Moved(
                    at=self._teller.now(), job_id=job.job_id, component=component, status=status, reused_from=source
                )
                self._teller.tell(moved)


class _Silence:
    """Shows nothing."""

    def show(self, job: JobView) -> None: ...

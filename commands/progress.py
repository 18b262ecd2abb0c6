"""Progress of a running job on stderr: redrawn on a terminal, line by line elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from fateflow_tui.commands.context import Session
from fateflow_tui.commands.errors import of_status
from fateflow_tui.commands.output import Output, styled
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import SchedulerUnreachable, TimedOut
from fateflow_tui.core.formatting import marked
from fateflow_tui.views.cards import card_lines
from fateflow_tui.views.jobs import (
    component_lines,
    component_state,
    component_time,
    headline,
    job_lines,
)
from fateflow_tui.views.text import plain

if TYPE_CHECKING:
    from fateflow_tui.sdk import FateFlow
    from fateflow_tui.sdk.types.jobs import ComponentView, JobView


class Progress(Protocol):
    """Shows the current state of a job; called repeatedly."""

    def show(self, job: JobView) -> None: ...


_STYLES: Final = {"running": "cyan", "success": "green", "failed": "red", "timeout": "red", "canceled": "bright_black"}


def progress_for(session: Session) -> AbstractContextManager[Progress]:
    return LiveProgress() if session.is_interactive else LineProgress(session.output)


class LineProgress:
    """Prints a line for each status change of the job or of a component."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._printed: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def show(self, job: JobView) -> None:
        reason = job.waiting.text if job.waiting is not None else ""
        self._print_change("", f"{marked(job.status)}  {job.job_id}  {reason}".rstrip())
        for component in job.components:
            if component.status != "waiting":
                time = component_time(component, component.ended_at) if component.ended_at else ""
                self._print_change(component.name, f"  {component_state(component)}  {component.name}  {time}".rstrip())

    def _print_change(self, name: str, line: str) -> None:
        if self._printed.get(name) != line:
            self._printed[name] = line
            self._output.info(line)


class LiveProgress:
    """Redraws the job in place: a headline, then one line per component. Can be entered more than once."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(file=sys.stderr, highlight=False)

    def __enter__(self) -> Self:
        from rich.live import Live

        # A new one each time: a stopped one would erase what was written since.
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, job: JobView) -> None:
        self._live.update(self._text(job), refresh=True)

    def _text(self, job: JobView) -> Any:
        from rich.text import Text

        now = now_ms()
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(headline(job, now), style="bold")
        if job.waiting is not None:
            text.append(f"\n  {job.waiting.text}", style="yellow")
        shown = visible(job.components, max(3, self._console.height - 4))
        for component, line in zip(shown, component_lines(shown, now), strict=True):
            style = "blue" if component.reused_from else _STYLES.get(component.status, "dim")
            text.append(f"\n{plain(line)}", style=style)
        if len(shown) < len(job.components):
            text.append(f"\n  {len(job.components) - len(shown)} more", style="dim")
        return text


def visible(components: list[ComponentView], lines: int) -> list[ComponentView]:
    """Return as many components as fit, around the first that has not ended."""
    if len(components) <= lines:
        return components
    current = next((i for i, one in enumerate(components) if not one.status.ended), len(components) - 1)
    start = max(0, min(current - lines // 3, len(components) - lines))
    return components[start : start + lines]


_POLL_INTERVAL: Final = 0.3  # seconds between two reads of a running job
_SETTLE_TIMEOUT: Final = 1.0  # seconds for the other sites to report the end of their tasks after the job's
RECONNECT_TIMEOUT: Final = 30.0  # seconds for which the scheduler may be unreachable meanwhile


def watch(session: Session, job_id: str, timeout: float | None = None, *, flow: FateFlow | None = None) -> JobView:
    """Follow a job until it has ended and return it. Raises TimedOut after `timeout` seconds.

    flow: the client to use, the session's by default.
    """
    scheduler = flow or session.flow
    end = None if timeout is None else time.monotonic() + timeout
    try:
        with progress_for(session) as progress:
            while True:
                job = poll_job(scheduler, job_id)
                progress.show(job)
                if job.status.ended:
                    return _wait_for_parties(scheduler, job)
                if end is not None and time.monotonic() >= end:
                    raise TimedOut(f"job {job_id} is still {job.status} after {timeout:g} s", data={"job_id": job_id})
    except KeyboardInterrupt:
        session.output.info(f"the job continues; follow it with: fateflow job watch {job_id}")
        raise


def _wait_for_parties(flow: FateFlow, job: JobView) -> JobView:
    """Return the job once its tasks have ended at all parties: other sites report theirs a moment after the job."""
    deadline = time.monotonic() + _SETTLE_TIMEOUT
    while time.monotonic() < deadline and not all(s.ended for one in job.components for s in one.parties.values()):
        time.sleep(_SETTLE_TIMEOUT / 20)
        job = flow.job(job.job_id)
    return job


def outcome(session: Session, jobs: Sequence[JobView], *, single: bool = False) -> int:
    """Print ended jobs with their failure cards, and return the exit code of the worst outcome.

    single: for a command that takes one job; the others print a list.
    """
    output = session.output
    if output.is_table:
        for job in jobs:
            output.lines(styled(job_lines(job, now_ms())))
    elif single:
        output.record(jobs[0], lambda job: styled(job_lines(job, now_ms())), lambda job: job.job_id)
    else:
        output.listing(jobs, (), lambda job: (), lambda job: job.job_id)
    return max((of_status(job.status) for job in jobs), default=0)


def print_failure_cards(session: Session, job: JobView) -> None:
    """Print the failure cards of a job on stderr, for commands whose output is something else."""
    for card in job.cards:
        for line in card_lines(card):
            session.output.info(plain(line))


def poll_job(flow: FateFlow, job_id: str) -> JobView:
    """Return the job when it has ended, or after a moment. Waits for a scheduler that is being restarted."""
    deadline = time.monotonic() + RECONNECT_TIMEOUT
    while True:
        try:
            flow.jobs.poll(job_id, _POLL_INTERVAL)
            return flow.job(job_id)
        except SchedulerUnreachable:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_INTERVAL)

"""Following a job to its end: progress on stderr, and at last how it went."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from commands.context import Session
from commands.exits import of_status
from commands.job_text import card_lines, job_lines
from commands.progress import progress_for
from fateflow_tui.core.errors import SchedulerUnreachable, TimedOut

if TYPE_CHECKING:
    from fateflow_tui.sdk import FateFlow
    from fateflow_tui.sdk.jobs import JobView

_PIECE: Final = 0.3  # seconds between two looks at a running job
_SETTLED: Final = 1.0  # seconds within which the other sites say how their parts of an ended job have ended
_PATIENCE: Final = 30.0  # seconds for which the scheduler may be away meanwhile


def watch(session: Session, job_id: str, timeout: float | None = None, *, flow: FateFlow | None = None) -> JobView:
    """Follows a job until it has ended, at `flow`'s scheduler or the session's. Raises TimedOut after `timeout`
    seconds.
    """
    scheduler = flow or session.flow
    end = None if timeout is None else time.monotonic() + timeout
    try:
        with progress_for(session) as progress:
            while True:
                job = next_look(scheduler, job_id)
                progress.show(job)
                if job.status.ended:
                    return _settled(scheduler, job)
                if end is not None and time.monotonic() >= end:
                    raise TimedOut(f"job {job_id} is still {job.status} after {timeout:g} s", data={"job_id": job_id})
    except KeyboardInterrupt:
        session.output.talk(f"the job goes on; follow it again with: fateflow job watch {job_id}")
        raise


def _settled(flow: FateFlow, job: JobView) -> JobView:
    """The job as its parties have ended it, unless one of them takes too long: what ran elsewhere is ended a moment
    after the job.
    """
    give_up = time.monotonic() + _SETTLED
    while time.monotonic() < give_up and not all(s.ended for one in job.components for s in one.parties.values()):
        time.sleep(_SETTLED / 20)
        job = flow.job(job.job_id)
    return job


def outcome(session: Session, jobs: Sequence[JobView]) -> int:
    """Prints how jobs ended, with their failure cards, and gives the exit code: that of the worst one."""
    output = session.output
    if output.is_table:
        for job in jobs:
            output.marked(job_lines(job, session.now()))
    elif len(jobs) == 1:
        output.record(jobs[0], lambda job: job_lines(job, session.now()), lambda job: job.job_id)
    else:
        output.listing(jobs, (), lambda job: (), lambda job: job.job_id)
    return max((of_status(job.status) for job in jobs), default=0)


def complain(session: Session, job: JobView) -> None:
    """The failure cards of a job as talk, for verbs whose data is something else."""
    for card in job.cards:
        for line in card_lines(card):
            session.output.talk(line)


def next_look(flow: FateFlow, job_id: str) -> JobView:
    """The job as soon as it has ended, or after a moment. Waits for a scheduler that is being restarted."""
    from fateflow_tui.sdk import calls

    give_up = time.monotonic() + _PATIENCE
    while True:
        try:
            flow.do(calls.wait(job_id, _PIECE))
            return flow.job(job_id)
        except SchedulerUnreachable:
            if time.monotonic() > give_up:
                raise
            time.sleep(_PIECE)

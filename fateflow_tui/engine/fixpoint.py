"""Run a job to its fixpoint: driver and parties of the same site answer each other within one turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fateflow_tui.core.effects import AnnounceJobEnd
from fateflow_tui.core.messages import Phase
from fateflow_tui.core.records import JobState
from fateflow_tui.core.status import Status
from fateflow_tui.engine import driver, outbox, party
from fateflow_tui.engine.context import TurnContext
from fateflow_tui.engine.job import Job, move_task
from fateflow_tui.engine.tasks import fail_as_lost

_ROUNDS: Final = 10_000  # far more than any job needs; a bug must not hang the site


def run_to_fixpoint(turn: TurnContext, job: Job) -> None:
    """Exchange reports and directives between the driver and the parties of this site until nothing changes.

    Reports are collected before anything starts, so that no task is started and killed in the same turn.
    """
    if not job.drives:
        _reconcile(turn, job)
        for record in job.state.parties.values():
            party.report(turn, job, record)
        return
    for round_ in range(_ROUNDS):
        received = _collect_reports(turn, job)
        pushed = _push_directives(turn, job)
        if round_ > 0 and not received and not pushed:
            return
        _reconcile(turn, job)
    raise RuntimeError(f"job {job.id} does not reach a fixpoint")


def retry_waiting(turn: TurnContext) -> Iterator[Job]:
    """After capacity was freed, let the waiting jobs reserve it or report to their drivers, in queue order."""
    ledger = turn.ledger
    while ledger.freed:
        ledger.freed = False
        for job in ledger.waiting():
            if ledger.has_room_for(job):
                for record in job.state.parties.values():
                    if record.shortage is not None:
                        record.shortage = None
                        job.touch_party(record)
                run_to_fixpoint(turn, job)
                yield job
            elif ledger.is_aged(job, turn.at):
                break


def _push_directives(turn: TurnContext, job: Job) -> bool:
    driver.decide(turn, job)
    moved = False
    for key, view_party in job.parties.items():
        if turn.hosts(view_party):
            directive = outbox.renew(job, key)
            if directive is not None:
                whole = outbox.with_document(job, directive)
                party.receive(turn, job, whole, job.refusals.get(key), job.adopted.get(key))
                moved = True
    return moved


def _collect_reports(turn: TurnContext, job: Job) -> bool:
    received = False
    for record in job.state.parties.values():
        report = party.report(turn, job, record)
        if report is not None:
            record.acknowledged = report.seq
            driver.observe(turn, job, report)
            received = True
    return received


def _reconcile(turn: TurnContext, job: Job) -> None:
    for record in job.state.parties.values():
        party.reconcile(turn, job, record)


def recover(turn: TurnContext, state: JobState) -> Job:
    """Load a saved job after a restart; its running tasks are reported as lost."""
    job = Job(state)
    job.add_story(turn.at, "SiteRestarted")
    reset_silence(turn, job)
    for record in state.parties.values():
        for task in list(job.running.get(str(record.party), {}).values()):
            if record.directive.phase is Phase.FINISH:
                move_task(job, task, Status.CANCELED, turn.at, "the site was restarted while the job ended")
            else:
                fail_as_lost(turn, job, task, "the site was restarted")
        if record.status.ended:
            turn.emit(AnnounceJobEnd(job.id, record.party, record.status, record.directive.parts))
    return job


def reset_silence(turn: TurnContext, job: Job) -> None:
    """Count the silence of peers from now on, since this process was not listening before."""
    if job.drives:
        for view in job.driver.parties.values():
            view.last_contact_at, view.sent_at, view.attempts, view.lost = turn.at, 0, 0, False
    for record in job.state.parties.values():
        record.last_contact_at, record.reported_at, record.attempts = turn.at, 0, 0
    turn.ledger.index(job)

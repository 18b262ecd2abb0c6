"""The tasks of one party: which to start, which to kill, and how they ended."""

from __future__ import annotations

import msgspec

from fateflow_tui.core.effects import ForgetRuns, KillTask, StartTask
from fateflow_tui.core.events import TaskEnded, TaskStarted
from fateflow_tui.core.messages import ComponentDirective, FailureCard, Phase, Want
from fateflow_tui.core.records import PartyRecord, TaskRecord, task_key
from fateflow_tui.core.status import Status
from fateflow_tui.engine.context import TurnContext
from fateflow_tui.engine.job import Job, PendingKill, move_task

LOST = "lost"  # kind of failure card: the site or a peer is the cause, not the task


def adopt_versions(turn: TurnContext, job: Job, record: PartyRecord, *, lost: bool) -> None:
    """Create a task for each new version.

    lost: the party has no record of its earlier runs, so tasks that should be running are reported as lost. Tasks that
    should have ended always are.
    """
    party = str(record.party)
    newest = job.newest.setdefault(party, {})
    for name, plan in job.task_plans.get(party, {}).items():
        wanted = record.directive.components.get(name)
        known = newest.get(name)
        if wanted is None or (known is not None and known.version >= wanted.version):
            continue
        if known is not None and known.status is Status.WAITING:
            move_task(job, known, Status.CANCELED, turn.at, f"version {wanted.version} replaces it")
        task = TaskRecord(job.id, name, plan.module, wanted.version, record.party, created_at=turn.at)
        job.put_task(task)
        if wanted.version > 0:
            turn.emit(ForgetRuns(job.id, name, wanted.version))
        if wanted.want is Want.KEEP or (lost and wanted.want is not Want.HOLD):
            fail_as_lost(turn, job, task, "the party has lost its records of this job")


def fail_as_lost(turn: TurnContext, job: Job, task: TaskRecord, cause: str) -> None:
    task.card = FailureCard(task.party, task.component, task.version, LOST, cause)
    move_task(job, task, Status.FAILED, turn.at, cause)


def start_ready(turn: TurnContext, job: Job, record: PartyRecord) -> None:
    """Start the wanted tasks that are ready, strictly in topological order.

    The order is the same at all parties. Out of order, two parties in independent mode could each wait for the other's
    task.
    """
    party = str(record.party)
    document = job.state.documents[party]
    newest, running = job.newest.setdefault(party, {}), job.running.setdefault(party, {})
    directives = record.directive.components
    independent = document.options.schedule_mode == "independent"
    for plan in document.tasks:
        wanted = directives.get(plan.component)
        if wanted is None or wanted.want is not Want.RUN:
            continue
        task = newest[plan.component]
        if task.status.interrupted and independent:
            return
        if task.status is not Status.WAITING:
            continue
        if (
            len(running) >= document.options.task_parallelism
            or any(other.component == task.component for other in running.values())
            or not all(newest[need].status.succeeded for need in plan.needs)
        ):
            return
        move_task(job, task, Status.RUNNING, turn.at)
        turn.emit(StartTask(job.id, task.component, task.version, record.party, document.task_need))


def kill_unwanted(turn: TurnContext, job: Job, record: PartyRecord, phase: Phase) -> None:
    for key, task in job.running.get(str(record.party), {}).items():
        asked = job.kills.get(key)
        if asked is not None and turn.at - asked.sent_at < turn.tunables.stop_timeout:
            continue
        kill = asked or _why_kill(turn, job, record, task, phase)
        if kill is None:
            continue
        if asked is None:
            job.add_story(turn.at, "KillTask", party=str(task.party), component=task.component, text=kill.reason)
        job.kills[key] = msgspec.structs.replace(kill, sent_at=turn.at)
        turn.emit(KillTask(job.id, task.component, task.version, task.party, kill.status, kill.reason))


def _why_kill(turn: TurnContext, job: Job, record: PartyRecord, task: TaskRecord, phase: Phase) -> PendingKill | None:
    directive = record.directive
    if phase is Phase.FINISH:
        status = Status.TIMEOUT if directive.status is Status.TIMEOUT else Status.CANCELED
        return PendingKill(status, str(status), directive.reason or f"the job has ended: {directive.status}")
    if record.stop is not None:
        return PendingKill(Status.CANCELED, "canceled", f"stopped by {record.stop.by}")
    if phase is not directive.phase:
        return PendingKill(Status.FAILED, LOST, f"no message from the driver {record.driver}")
    if phase is not Phase.RUN:
        return PendingKill(Status.CANCELED, "canceled", "the job went back to the queue")
    wanted = directive.components.get(task.component) or ComponentDirective(task.version, Want.STOP, task.status)
    if wanted.version > task.version:
        return PendingKill(Status.CANCELED, "canceled", f"version {wanted.version} replaces it")
    if wanted.want is Want.STOP:
        return PendingKill(Status.CANCELED, "canceled", f"{task.component} has {wanted.status} at another party")
    limit = job.state.documents[str(task.party)].options.task_timeout
    if limit and turn.at - task.started_at >= limit:
        return PendingKill(Status.TIMEOUT, "timeout", f"it ran longer than {limit / 1000:g} s")
    return None


def on_task_started(job: Job, event: TaskStarted) -> None:
    task = job.state.tasks.get(task_key(event.party, event.component, event.version))
    if task is not None and task.status is Status.RUNNING:
        task.pid = event.pid
        job.put_task(task)


def on_task_ended(turn: TurnContext, job: Job, event: TaskEnded) -> None:
    task = job.state.tasks.get(task_key(event.party, event.component, event.version))
    if task is None or task.status is not Status.RUNNING:
        return
    kill = job.kills.get(task.key)
    outcome = event.outcome
    task.exit_code, task.peak_memory = outcome.exit.exit_code, outcome.exit.peak_memory
    task.outputs, task.summary, task.module_version = list(outcome.outputs), outcome.summary, outcome.module_version
    task.card = None if outcome.status.succeeded else _card(event, kill)
    move_task(job, task, outcome.status, turn.at, task.card.cause if task.card else "")


def _card(event: TaskEnded, kill: PendingKill | None) -> FailureCard:
    """The worker's own card; for a killed worker, with the reason of the kill."""
    status = event.outcome.status
    card = event.outcome.card or FailureCard(event.party, event.component, event.version, str(status), "")
    if kill is not None and kill.status is status:
        return msgspec.structs.replace(card, kind=kill.kind, cause=kill.reason)
    return card

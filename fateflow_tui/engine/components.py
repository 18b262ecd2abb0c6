"""The components of a running job at its driver: their results, what to retry and what to run next."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from fateflow_tui.core.messages import TaskReport, Want
from fateflow_tui.core.plan import JobOptions
from fateflow_tui.core.records import ComponentRecord
from fateflow_tui.core.status import Status, fold_components, fold_parties
from fateflow_tui.engine.context import TurnContext
from fateflow_tui.engine.job import Job, move_component
from fateflow_tui.engine.tasks import LOST


class Verdict(msgspec.Struct, frozen=True):
    """The final status of a job and the reason."""

    status: Status
    reason: str = ""


def judge_reports(turn: TurnContext, job: Job) -> None:
    """Update each component for which a party has reported something new."""
    dirty, job.dirty = job.dirty, set()
    for name in job.components if len(dirty) > 1 else dirty:
        if name in dirty:
            _judge(turn, job, name)


def schedule(turn: TurnContext, job: Job) -> Verdict | None:
    """Schedule the components that can run. Return the verdict when none can continue."""
    options = _options(job)
    driver = job.driver
    records = driver.components
    stopped = next((name for name, record in records.items() if _has_stopped(record)), None)
    if options.schedule_mode == "independent":
        can_go_on = stopped is None and _want_all(turn, job)
    else:
        can_go_on = _want_next(turn, job, options, open_to_more=stopped is None)
    ended = sum(record.status.ended for record in records.values())
    progress = 100 * ended // max(len(records), 1)
    if progress > driver.progress:
        driver.progress = progress
        job.touch_driver()
    status = fold_components((record.status for record in records.values()), can_go_on=can_go_on)
    if not status.ended:
        return None
    return Verdict(status, "" if status.succeeded else _reason(job, stopped))


def requeue_begun(turn: TurnContext, job: Job) -> None:
    """Restart every component that was running, under a new version."""
    for name, record in job.driver.components.items():
        if record.want is Want.RUN and not record.status.ended:
            record.relaunches += 1
            new_version(turn, job, name, "the job goes back to the queue")


def new_version(turn: TurnContext, job: Job, name: str, why: str, delay: int = 0) -> None:
    record = job.driver.components[name]
    record.version += 1
    record.want = Want.HOLD
    record.status = Status.WAITING
    record.reused_from = ""
    record.started_at = record.ended_at = 0
    record.not_before = turn.at + delay if delay else 0
    job.add_story(turn.at, "NewVersion", component=name, text=f"version {record.version}: {why}")
    job.put_component(name)


def reports_of(job: Job, name: str) -> dict[str, TaskReport]:
    """Each party's report of the component's current version, as far as it has sent one."""
    version = job.driver.components[name].version
    found = {}
    for party in job.components[name].parties:
        report = job.driver.parties[str(party)].report
        task = report.tasks.get(name) if report is not None else None
        if task is not None and task.version == version:
            found[str(party)] = task
    return found


def _judge(turn: TurnContext, job: Job, name: str) -> None:
    record = job.driver.components[name]
    if record.status.interrupted:
        return
    tasks = reports_of(job, name)
    silent = len(job.components[name].parties) - len(tasks)
    status = fold_parties([*(task.status for task in tasks.values()), *[Status.WAITING] * silent])
    if status.interrupted:
        _interrupted(turn, job, name, status, tasks)
    elif status.succeeded:
        if not record.status.succeeded:
            record.want = Want.KEEP
            move_component(job, name, status, turn.at)
    elif status is Status.RUNNING and record.status is Status.WAITING:
        move_component(job, name, Status.RUNNING, turn.at)


def _interrupted(turn: TurnContext, job: Job, name: str, status: Status, tasks: dict[str, TaskReport]) -> None:
    record = job.driver.components[name]
    bad = {party: task for party, task in tasks.items() if task.status.interrupted}
    own_fault = {party: task for party, task in bad.items() if task.card is None or task.card.kind != LOST}
    task, cause = _first_to_blame(name, own_fault or bad, status)
    options = _options(job)
    if not own_fault and record.relaunches < turn.tunables.relaunch_limit:
        record.relaunches += 1
        _again(turn, job, name, cause, 0)
    elif own_fault and status is not Status.CANCELED and record.retries < options.auto_retries:
        record.retries += 1
        _again(turn, job, name, f"retry {record.retries} of {options.auto_retries}, {cause}", options.auto_retry_delay)
    else:
        record.want = Want.STOP
        move_component(job, name, status, turn.at, cause)
        if status is not Status.CANCELED:
            job.driver.failure = job.driver.failure or task.card


def _again(turn: TurnContext, job: Job, name: str, why: str, delay: int) -> None:
    """Run a component again under a new version.

    In independent mode some parties may already be past it, with their reports still on the way. So every later
    component that is not complete, or depends on a restarted one, is restarted too: all parties then start the
    components in the same order again.
    """
    new_version(turn, job, name, why, delay)
    if _options(job).schedule_mode != "independent":
        return
    names = list(job.components)
    renewed = {name}
    for later in names[names.index(name) + 1 :]:
        record = job.driver.components[later]
        incomplete = record.want is Want.RUN and not record.status.ended
        if incomplete or (record.status.succeeded and not renewed.isdisjoint(job.components[later].needs)):
            new_version(turn, job, later, f"{name} is run again")
            renewed.add(later)


def _want_next(turn: TurnContext, job: Job, options: JobOptions, *, open_to_more: bool) -> bool:
    """Coordinated mode: a component runs when everything it needs has succeeded at all parties."""
    records = job.driver.components
    running = sum(record.want is Want.RUN and not record.status.ended for record in records.values())
    delayed = False
    if not open_to_more:
        return running > 0
    for name, component in job.components.items():
        record = records[name]
        if running >= options.task_parallelism:
            break
        if record.status.ended or record.want is Want.RUN:
            continue
        if record.not_before > turn.at:
            delayed = True
        elif all(records[need].status.succeeded for need in component.needs):
            record.not_before = 0
            if component.parties:
                record.want = Want.RUN
                running += 1
                move_component(job, name, Status.RUNNING, turn.at)
            else:
                record.want = Want.KEEP
                move_component(job, name, Status.PASS, turn.at, "no party of this job runs it")
    return running > 0 or delayed


def _want_all(turn: TurnContext, job: Job) -> bool:
    """Independent mode: everything may run, up to the first component that waits for a retry."""
    can_go_on = False
    for name, component in job.components.items():
        record = job.driver.components[name]
        if record.status.ended:
            continue
        if not component.parties:
            record.want = Want.KEEP
            move_component(job, name, Status.PASS, turn.at, "no party of this job runs it")
            continue
        can_go_on = True
        if record.not_before > turn.at:
            return True
        if record.want is not Want.RUN:
            record.want = Want.RUN
            record.not_before = 0
            job.put_component(name)
    return can_go_on


def _has_stopped(record: ComponentRecord) -> bool:
    """Whether it was interrupted in this run. One left interrupted by an earlier run, and not rerun, does not count."""
    return record.status.interrupted and record.want is not Want.KEEP


def _reason(job: Job, stopped: str | None) -> str:
    if stopped is None:
        return "the rest cannot start"
    status = job.driver.components[stopped].status
    to_blame = {party: task for party, task in reports_of(job, stopped).items() if task.status is status}
    return _first_to_blame(stopped, to_blame, status)[1] if to_blame else f"{stopped} {status}"


def _first_to_blame(name: str, tasks: dict[str, TaskReport], status: Status) -> tuple[TaskReport, str]:
    """The task that caused the component's status, and a description. A task that was ended because of another one has
    a milder status.
    """
    party, task = min(tasks.items(), key=lambda one: (one[1].status is not status, one[1].ended_at))
    return task, f"{name} {task.status} at {party}" + (f": {task.card.cause}" if task.card else "")


def _options(job: Job) -> JobOptions:
    if job.state.plan is None:
        raise LookupError(f"job {job.id} has a driver but no plan")
    return job.state.plan.options


def include_consumers(job: Job, why: dict[str, str], missing: Mapping[str, str]) -> None:
    """Add to `why` (component -> why it runs) the components whose deleted outputs are needed, and their consumers.

    Without the consumers, some components would use the old outputs and some the new ones.
    missing: component -> the party at which its outputs were deleted.
    """
    records = job.driver.components
    included: set[str] = set()
    grows = True
    while grows:
        before = len(why)
        for name, component in reversed(job.components.items()):
            for need in component.needs if name in why else ():
                if need in missing and need not in why:
                    why[need] = f"its outputs were deleted at {missing[need]}, and {name} needs them"
                    included.add(need)
        for name, component in job.components.items():
            need_included = next((need for need in component.needs if need in included), None)
            if need_included is not None and name not in why and records[name].status.succeeded:
                why[name] = f"depends on {need_included}"
                included.add(name)
        grows = len(why) > before


def invalidate_missing(turn: TurnContext, job: Job) -> None:
    """At the start of a rerun, also run again what other sites have reported as deleted."""
    missing = {
        name: party
        for name, record in job.driver.components.items()
        if record.status.succeeded
        for party, report in reports_of(job, name).items()
        if report.outputs_missing
    }
    if not missing:
        return
    why = {name: "" for name, record in job.driver.components.items() if not record.status.ended}
    asked = set(why)
    include_consumers(job, why, missing)
    for name in job.components:
        if name in why and name not in asked:
            new_version(turn, job, name, why[name])

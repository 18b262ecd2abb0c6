"""A job at its driver, from its creation at all parties to its end."""

from __future__ import annotations

import msgspec

from fateflow_tui.core.messages import Phase, Refusal, Report, StopRequest, Want
from fateflow_tui.core.models import part_digest
from fateflow_tui.core.plan import JobPlan
from fateflow_tui.core.records import (
    Adopted,
    ComponentRecord,
    DriverRecord,
    JobState,
    PartyRecord,
    PartyView,
    WaitingReason,
)
from fateflow_tui.core.status import Status
from fateflow_tui.engine import queue
from fateflow_tui.engine.components import invalidate_missing, judge_reports, reports_of, requeue_begun, schedule
from fateflow_tui.engine.context import TurnContext
from fateflow_tui.engine.job import Job, move_component, move_job
from fateflow_tui.engine.outbox import is_answered, is_closed
from fateflow_tui.engine.queue import shortage_reason
from fateflow_tui.engine.reuse import judge_reuse


def model_parts(job: Job) -> dict[str, str]:
    """Each party's digest of its model part, also for a part without files; {} if no party has a model."""
    plan = job.state.plan
    files: dict[str, list[tuple[str, str, str]]] = {key: [] for key in job.parties}
    for name in job.components:
        for key, task in reports_of(job, name).items():
            files[key].extend((name, alias, sha256) for alias, sha256 in task.models.items())
    if plan is None or not any(files.values()):
        return {}
    version = plan.documents[0].model_version
    return {key: part_digest(job.parties[key], version, found) for key, found in files.items()}


SUBMIT_FAILED = "submit_failed"
JOB_END = "job_end"


def open_job(
    turn: TurnContext, plan: JobPlan, refusals: dict[str, Refusal], adopted: dict[str, dict[str, Adopted]] | None = None
) -> Job:
    """Create the record of a new job; `decide` then creates it at all its parties."""
    driver = DriverRecord(
        plan.job_id,
        Status.READY,
        1,
        turn.at,
        {component.name: ComponentRecord() for component in plan.components},
        {str(party): PartyView(last_contact_at=turn.at) for party in plan.parties},
    )
    job = Job(JobState(plan.job_id, plan=plan, driver=driver))
    job.refusals = dict(refusals)
    job.adopted = dict(adopted or {})
    job.touch_driver()
    job.put_plan()
    job.add_story(turn.at, "JobSubmitted", text=f"by {plan.submitted_by}" if plan.submitted_by else "")
    return job


def observe(turn: TurnContext, job: Job, report: Report) -> None:
    """Apply a party's report. An older or repeated report only shows that the party is alive."""
    driver = job.driver
    key = str(report.party)
    view = driver.parties.get(key)
    if view is None or report.seen_epoch > driver.epoch:
        return
    view.last_contact_at, view.attempts = turn.at, 0
    if view.lost or view.trouble:
        if view.lost:
            job.add_story(turn.at, "PeerReturned", party=key)
        view.lost, view.trouble = False, ""
        job.touch_driver()
    old, was_closed = view.report, is_closed(driver, view)
    if old is not None and report.seq <= old.seq:
        return
    view.report = report
    job.touch_driver()
    known = old.tasks if old is not None else {}
    job.dirty.update(
        name for name, task in report.tasks.items() if known.get(name) is not task and known.get(name) != task
    )
    if driver.status is Status.WAITING and queue.has_room_again(old, report):
        queue.retry_soon(turn, job, near=turn.hosts(report.party))
    if is_closed(driver, view) and not was_closed:
        job.add_story(turn.at, "EndAcknowledged", party=key)


def decide(turn: TurnContext, job: Job) -> None:
    """Advance the job as far as the known facts allow. Idempotent."""
    driver = job.driver
    if driver.outcome is not None:
        return
    if _obey_parties(turn, job):
        return
    _watch_peers(turn, job)
    if driver.status is Status.READY:
        _create(turn, job)
    if driver.status is Status.WAITING and driver.outcome is None:
        _wait(turn, job)
    if driver.status is Status.RUNNING and driver.outcome is None:
        _run(turn, job)


def end_job(turn: TurnContext, job: Job, status: Status, reason: str, tag: str = JOB_END) -> None:
    """Set the job's outcome, which is final. The parties follow when they receive it."""
    driver = job.driver
    driver.outcome, driver.reason, driver.tag = status, reason, tag
    driver.ended_at = turn.at
    driver.waiting = None
    driver.reserve_until = driver.retry_at = driver.tries = 0
    driver.parts = model_parts(job) if status is Status.SUCCESS else {}
    for name, component in driver.components.items():
        component.not_before = 0
        if not component.status.ended:
            component.want = Want.STOP
            move_component(job, name, Status.CANCELED, turn.at, reason)
    if status is Status.SUCCESS:
        driver.progress = 100
    move_job(job, status, turn.at, reason)
    job.touch_driver()


def stop_job(turn: TurnContext, job: Job, request: StopRequest, party: str) -> None:
    job.driver.stop = msgspec.structs.replace(request, party=party)
    reason = f"stopped by {request.by} at {party}" + (f": {request.reason}" if request.reason else "")
    end_job(turn, job, request.status, reason)


def is_settled(job: Job) -> bool:
    """Whether the job has ended and all parties have acknowledged it."""
    driver = job.driver
    return driver.outcome is not None and all(is_closed(driver, view) for view in driver.parties.values())


def _obey_parties(turn: TurnContext, job: Job) -> bool:
    """End the job if a party has refused it or requested a stop."""
    driver = job.driver
    for key, view in driver.parties.items():
        report = view.report
        if report is None or report.run != driver.reruns:
            continue
        if report.refusal is not None:
            tag = SUBMIT_FAILED if driver.status is Status.READY else JOB_END
            driver.refused_by = key
            end_job(turn, job, Status.FAILED, f"{key} refused: {report.refusal.message}", tag)
            return True
        if report.stop is not None:
            stop_job(turn, job, report.stop, key)
            return True
    return False


def _create(turn: TurnContext, job: Job) -> None:
    driver = job.driver
    missing = [key for key, view in driver.parties.items() if not is_answered(driver, view, Phase.CREATE)]
    if not missing:
        judge_reuse(turn, job)
        enter_queue(turn, job)
    elif turn.at >= driver.created_at + turn.tunables.create_timeout:
        reason = queue.silence_reason(job, missing).text
        end_job(turn, job, Status.FAILED, f"{reason}; the job was not created", SUBMIT_FAILED)
    else:
        names = ", ".join(missing)
        queue.explain(job, WaitingReason("confirmation", f"waiting for {names} to accept it", party=missing[0]))


def enter_queue(turn: TurnContext, job: Job, text: str = "") -> None:
    driver = job.driver
    driver.queued_at = turn.at
    driver.waiting = None
    move_job(job, Status.WAITING, turn.at, text)


def _wait(turn: TurnContext, job: Job) -> None:
    driver = job.driver
    limit = _plan(job).options.waiting_timeout
    if limit and turn.at >= driver.queued_at + limit:
        why = f": {driver.waiting.text}" if driver.waiting else ""
        end_job(turn, job, Status.TIMEOUT, f"it waited longer than {limit / 1000:g} s{why}")
    elif queue.reserve(turn, job):
        driver.reserve_until = driver.retry_at = driver.tries = 0
        driver.started_at = turn.at
        queue.explain(job, None)
        job.dirty.update(job.components)
        if driver.reruns:
            invalidate_missing(turn, job)
        move_job(job, Status.RUNNING, turn.at)


def _run(turn: TurnContext, job: Job) -> None:
    driver = job.driver
    limit = _plan(job).options.running_timeout
    if limit and turn.at >= driver.started_at + limit:
        end_job(turn, job, Status.TIMEOUT, f"it ran longer than {limit / 1000:g} s")
        return
    for key, view in driver.parties.items():
        if _is_remote(turn, job, key) and turn.at - view.last_contact_at >= turn.tunables.peer_lost_timeout:
            end_job(turn, job, Status.FAILED, f"{queue.silence_reason(job, [key]).text}; it is lost")
            return
        report = view.report
        if report and report.shortage and report.granted is None and is_answered(driver, view, Phase.RUN):
            _requeue(turn, job, queue.shortage_reason(key, report.shortage))
            return
    judge_reports(turn, job)
    verdict = schedule(turn, job)
    if verdict is not None:
        end_job(turn, job, verdict.status, verdict.reason)


def _requeue(turn: TurnContext, job: Job, reason: WaitingReason) -> None:
    """Put a running job back in the queue: a party released its reservation while it was cut off and has no capacity
    now. The other parties can then use theirs meanwhile.
    """
    requeue_begun(turn, job)
    queue.retreat(turn, job, reason)
    move_job(job, Status.WAITING, turn.at, reason.text)


def _watch_peers(turn: TurnContext, job: Job) -> None:
    """Mark silent parties as lost."""
    driver = job.driver
    for key, view in driver.parties.items():
        silence = turn.at - view.last_contact_at
        if not view.lost and silence >= turn.tunables.peer_silence and _is_remote(turn, job, key):
            view.lost = True
            job.touch_driver()
            job.add_story(turn.at, "PeerLost", party=key, text=f"silent for {silence / 1000:g} s")
    if driver.status is Status.RUNNING:
        lost = [key for key, view in driver.parties.items() if view.lost]
        queue.explain(job, queue.silence_reason(job, lost) if lost else None)


def _is_remote(turn: TurnContext, job: Job, key: str) -> bool:
    return not turn.hosts(job.parties[key])


def _plan(job: Job) -> JobPlan:
    if job.state.plan is None:
        raise LookupError(f"job {job.id} has a driver but no plan")
    return job.state.plan


def waiting_reason(turn: TurnContext, job: Job) -> WaitingReason | None:
    if job.drives:
        return job.driver.waiting or _retry(turn, job)
    asked = [_party_reason(turn, record) for record in job.state.parties.values() if not record.status.ended]
    reasons = [reason for reason in asked if reason is not None]
    return next((reason for reason in reasons if reason.kind != "party"), reasons[0] if reasons else None)


def _retry(turn: TurnContext, job: Job) -> WaitingReason | None:
    for name, record in job.driver.components.items():
        if record.not_before > turn.at:
            seconds = (record.not_before - turn.at) / 1000
            return WaitingReason("retry", f"{name} is retried in {seconds:g} s")
    return None


def _party_reason(turn: TurnContext, record: PartyRecord) -> WaitingReason | None:
    silence = turn.at - record.last_contact_at
    driver = str(record.driver)
    if record.stop is not None:
        why = f": {record.stop.reason}" if record.stop.reason else ""
        text = f"{record.stop.by} stopped it here{why}; waiting for the driver {driver} to confirm"
        return WaitingReason("peer", text, driver)
    if silence >= turn.tunables.peer_silence:
        return WaitingReason("peer", f"no message from the driver {driver} for {silence // 1000} s", driver)
    if record.shortage is not None:
        return shortage_reason(str(record.party), record.shortage)
    if record.directive.phase in (Phase.CREATE, Phase.RESERVE):
        return WaitingReason("party", f"the driver {driver} has not started it yet", driver)
    return None

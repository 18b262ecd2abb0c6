"""A job at its driver: from its creation at all parties to its end, and what its parties report meanwhile."""

from __future__ import annotations

from fateflow_tui.core.messages import Phase, Refusal, Report, StopWish, Want
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
from fateflow_tui.engine.components import judge_reports, renew_gone, reports_of, requeue_begun, schedule
from fateflow_tui.engine.context import Site
from fateflow_tui.engine.job import Job, move_component, move_job
from fateflow_tui.engine.outbox import is_answered, is_closed
from fateflow_tui.engine.queue import shortage_reason
from fateflow_tui.engine.reuse import judge_reuse


def model_parts(job: Job) -> dict[str, str]:
    """The digest of each party's part, also of one without files; {} when no party has any model."""
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
    site: Site, plan: JobPlan, refusals: dict[str, Refusal], adopted: dict[str, dict[str, Adopted]] | None = None
) -> Job:
    """A new job, to be created at all its parties."""
    driver = DriverRecord(
        plan.job_id,
        Status.READY,
        1,
        site.at,
        {component.name: ComponentRecord() for component in plan.components},
        {str(party): PartyView(heard_at=site.at) for party in plan.parties},
    )
    job = Job(JobState(plan.job_id, plan=plan, driver=driver))
    job.refusals = dict(refusals)
    job.adopted = dict(adopted or {})
    job.touch_driver()
    job.put_plan()
    job.tell(site.at, "JobSubmitted", text=f"by {plan.submitted_by}" if plan.submitted_by else "")
    return job


def observe(site: Site, job: Job, report: Report) -> None:
    """Takes in what a party says. Older or repeated reports only prove that it lives."""
    driver = job.driver
    key = str(report.party)
    view = driver.parties.get(key)
    if view is None or report.seen_epoch > driver.epoch:
        return
    view.heard_at, view.attempts = site.at, 0
    if view.lost or view.trouble:
        if view.lost:
            job.tell(site.at, "PeerReturned", party=key)
        view.lost, view.trouble = False, ""
        job.touch_driver()
    old, was_closed = view.report, is_closed(driver, view)
    if old is not None and report.seq <= old.seq:
        return
    view.report = report
    job.touch_driver()
    known = old.tasks if old is not None else {}
    job.stirred.update(
        name for name, task in report.tasks.items() if known.get(name) is not task and known.get(name) != task
    )
    if driver.status is Status.WAITING and queue.has_room_again(old, report):
        queue.hasten(site, job, near=site.hosts(report.party))
    if is_closed(driver, view) and not was_closed:
        job.tell(site.at, "EndAcknowledged", party=key)


def decide(site: Site, job: Job) -> None:
    """Draws the conclusions from what is known. Repeating it changes nothing."""
    driver = job.driver
    if driver.outcome is not None:
        return
    if _obey_parties(site, job):
        return
    _watch_peers(site, job)
    if driver.status is Status.READY:
        _create(site, job)
    if driver.status is Status.WAITING and driver.outcome is None:
        _wait(site, job)
    if driver.status is Status.RUNNING and driver.outcome is None:
        _run(site, job)


def end_job(site: Site, job: Job, status: Status, reason: str, tag: str = JOB_END) -> None:
    """Decides the job's outcome; it is final at once. The parties follow as they learn of it."""
    driver = job.driver
    driver.outcome, driver.reason, driver.tag = status, reason, tag
    driver.ended_at = site.at
    driver.waiting = None
    driver.reserve_until = driver.retry_at = driver.tries = 0
    driver.parts = model_parts(job) if status is Status.SUCCESS else {}
    for name, component in driver.components.items():
        component.not_before = 0
        if not component.status.ended:
            component.want = Want.STOP
            move_component(job, name, Status.CANCELED, site.at, reason)
    if status is Status.SUCCESS:
        driver.progress = 100
    move_job(job, status, site.at, reason)
    job.touch_driver()


def stop_job(site: Site, job: Job, wish: StopWish, party: str) -> None:
    job.driver.stop = wish
    reason = f"stopped by {wish.by} at {party}" + (f": {wish.reason}" if wish.reason else "")
    end_job(site, job, wish.status, reason)


def is_settled(job: Job) -> bool:
    """Whether the job has ended and all parties have acknowledged it."""
    driver = job.driver
    return driver.outcome is not None and all(is_closed(driver, view) for view in driver.parties.values())


def _obey_parties(site: Site, job: Job) -> bool:
    """Ends the job if a party has refused it or wants it stopped."""
    driver = job.driver
    for key, view in driver.parties.items():
        report = view.report
        if report is None or report.run != driver.reruns:
            continue
        if report.refusal is not None:
            tag = SUBMIT_FAILED if driver.status is Status.READY else JOB_END
            end_job(site, job, Status.FAILED, f"{key} refused: {report.refusal.message}", tag)
            return True
        if report.stop is not None:
            stop_job(site, job, report.stop, key)
            return True
    return False


def _create(site: Site, job: Job) -> None:
    driver = job.driver
    missing = [key for key, view in driver.parties.items() if not is_answered(driver, view, Phase.CREATE)]
    if not missing:
        judge_reuse(site, job)
        enter_queue(site, job)
    elif site.at >= driver.created_at + site.tunables.create_timeout:
        reason = queue.silence_reason(job, missing).text
        end_job(site, job, Status.FAILED, f"{reason}; the job was not created", SUBMIT_FAILED)
    else:
        names = ", ".join(missing)
        queue.explain(job, WaitingReason("confirmation", f"waiting for {names} to accept it", party=missing[0]))


def enter_queue(site: Site, job: Job, text: str = "") -> None:
    driver = job.driver
    driver.queued_at = site.at
    driver.waiting = None
    move_job(job, Status.WAITING, site.at, text)


def _wait(site: Site, job: Job) -> None:
    driver = job.driver
    limit = _plan(job).options.waiting_timeout
    if limit and site.at >= driver.queued_at + limit:
        why = f": {driver.waiting.text}" if driver.waiting else ""
        end_job(site, job, Status.TIMEOUT, f"it waited longer than {limit / 1000:g} s{why}")
    elif queue.reserve(site, job):
        driver.reserve_until = driver.retry_at = driver.tries = 0
        driver.started_at = site.at
        queue.explain(job, None)
        job.stirred.update(job.components)
        if driver.reruns:
            renew_gone(site, job)
        move_job(job, Status.RUNNING, site.at)


def _run(site: Site, job: Job) -> None:
    driver = job.driver
    limit = _plan(job).options.running_timeout
    if limit and site.at >= driver.started_at + limit:
        end_job(site, job, Status.TIMEOUT, f"it ran longer than {limit / 1000:g} s")
        return
    for key, view in driver.parties.items():
        if _is_remote(site, job, key) and site.at - view.heard_at >= site.tunables.peer_lost_timeout:
            end_job(site, job, Status.FAILED, f"{queue.silence_reason(job, [key]).text}; it is lost")
            return
        report = view.report
        if report and report.shortage and report.granted is None and is_answered(driver, view, Phase.RUN):
            _give_up_place(site, job, queue.shortage_reason(key, report.shortage))
            return
    judge_reports(site, job)
    verdict = schedule(site, job)
    if verdict is not None:
        end_job(site, job, verdict.status, verdict.reason)


def _give_up_place(site: Site, job: Job, reason: WaitingReason) -> None:
    """A party let go of what it held while it was cut off, and has no room now: back to the queue, so that what the
    others hold is of use meanwhile.
    """
    requeue_begun(site, job)
    queue.retreat(site, job, reason)
    move_job(job, Status.WAITING, site.at, reason.text)


def _watch_peers(site: Site, job: Job) -> None:
    """Marks parties that are silent as lost, for all to see."""
    driver = job.driver
    for key, view in driver.parties.items():
        silence = site.at - view.heard_at
        if not view.lost and silence >= site.tunables.peer_silence and _is_remote(site, job, key):
            view.lost = True
            job.touch_driver()
            job.tell(site.at, "PeerLost", party=key, text=f"silent for {silence / 1000:g} s")
    if driver.status is Status.RUNNING:
        lost = [key for key, view in driver.parties.items() if view.lost]
        queue.explain(job, queue.silence_reason(job, lost) if lost else None)


def _is_remote(site: Site, job: Job, key: str) -> bool:
    return not site.hosts(job.parties[key])


def _plan(job: Job) -> JobPlan:
    if job.state.plan is None:
        raise LookupError(f"job {job.id} has a driver but no plan")
    return job.state.plan


def waiting_reason(site: Site, job: Job) -> WaitingReason | None:
    if job.drives:
        return job.driver.waiting or _retry(site, job)
    asked = [_party_reason(site, record) for record in job.state.parties.values() if not record.status.ended]
    reasons = [reason for reason in asked if reason is not None]
    return next((reason for reason in reasons if reason.kind != "party"), reasons[0] if reasons else None)


def _retry(site: Site, job: Job) -> WaitingReason | None:
    for name, record in job.driver.components.items():
        if record.not_before > site.at:
            seconds = (record.not_before - site.at) / 1000
            return WaitingReason("retry", f"{name} is tried again in {seconds:g} s")
    return None


def _party_reason(site: Site, record: PartyRecord) -> WaitingReason | None:
    silence = site.at - record.heard_at
    driver = str(record.driver)
    if record.stop is not None:
        why = f": {record.stop.reason}" if record.stop.reason else ""
        text = f"{record.stop.by} stopped it here{why}; the driver {driver} is yet to answer"
        return WaitingReason("peer", text, driver)
    if silence >= site.tunables.peer_silence:
        return WaitingReason("peer", f"no word from the driver {driver} for {silence // 1000} s", driver)
    if record.shortage is not None:
        return shortage_reason(str(record.party), record.shortage)
    if record.directive.phase in (Phase.CREATE, Phase.RESERVE):
        return WaitingReason("party", f"the driver {driver} has not started it yet", driver)
    return None

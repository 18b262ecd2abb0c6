"""Messages sent at the end of a turn: directives to parties and reports to drivers; and the next deadline."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fateflow_tui.core.effects import SendDirective, SendReport
from fateflow_tui.core.messages import Directive, Phase
from fateflow_tui.core.records import DriverRecord, PartyRecord, PartyView
from fateflow_tui.core.status import Status
from fateflow_tui.engine import party
from fateflow_tui.engine.context import TurnContext
from fateflow_tui.engine.job import Job


def phase_of(driver: DriverRecord) -> Phase:
    if driver.outcome is not None:
        return Phase.FINISH
    if driver.status is Status.RUNNING:
        return Phase.RUN
    return Phase.RESERVE if driver.reserve_until else Phase.CREATE


def renew(job: Job, key: str) -> Directive | None:
    """Return the party's directive under a new revision if its content has changed, else None."""
    driver = job.driver
    view = driver.parties[key]
    if key not in job.directives and is_closed(driver, view):
        return None
    plan = job.state.plan
    if plan is None:
        raise LookupError(f"job {job.id} has a driver but no plan")
    phase = phase_of(driver)
    fresh = Directive(
        job.id,
        job.parties[key],
        plan.driver,
        driver.epoch,
        view.revision,
        driver.document_revision,
        phase,
        driver.outcome or driver.status,
        components={name: job.component_directives[name] for name in job.components_of[key]},
        reserve_until=driver.reserve_until,
        reason=driver.reason,
        progress=driver.progress,
        queued_at=driver.queued_at,
        run=driver.reruns,
        parts=driver.parts,
        failure=driver.failure,
        stop=driver.stop,
        refused_by=driver.refused_by,
    )
    if fresh == job.directives.get(key):
        return None
    view.revision += 1
    view.phase = phase
    view.attempts = 0
    job.touch_driver()
    job.directives[key] = msgspec.structs.replace(fresh, revision=view.revision)
    return job.directives[key]


def with_document(job: Job, directive: Directive) -> Directive:
    """The directive, with the document if the party does not have it yet."""
    view = job.driver.parties[str(directive.party)]
    plan = job.state.plan
    if plan is None or directive.phase is Phase.FINISH or _holds_document(job.driver, view):
        return directive
    document = next(document for document in plan.documents if document.party == directive.party)
    return msgspec.structs.replace(directive, document=document)


def is_answered(driver: DriverRecord, view: PartyView, phase: Phase) -> bool:
    """Whether the party has answered the newest directive, and that one asks for `phase`."""
    return view.phase is phase and _is_seen(view) and _holds_document(driver, view)


def is_closed(driver: DriverRecord, view: PartyView) -> bool:
    """Whether the party has ended the job as directed; nothing more is sent to it then."""
    return (
        view.phase is Phase.FINISH
        and driver.outcome is not None
        and view.report is not None
        and view.report.ended is not None
        and _is_seen(view)
    )


def due_at(turn: TurnContext, driver: DriverRecord, view: PartyView) -> int | None:
    """When to send the newest directive (again): with back-off if unanswered, else as a heartbeat."""
    if is_closed(driver, view):
        return None
    if _is_seen(view) and (driver.outcome is not None or _holds_document(driver, view)):
        return view.sent_at + turn.tunables.heartbeat
    limit = turn.tunables.resend_away if driver.status.ended else turn.tunables.resend_max
    return view.sent_at + turn.backoff(max(view.attempts - 1, 0), limit)


def _is_seen(view: PartyView) -> bool:
    # Revisions keep growing across takeovers, so the epoch does not matter here.
    return view.report is not None and view.report.seen_revision == view.revision


def _holds_document(driver: DriverRecord, view: PartyView) -> bool:
    return view.report is not None and view.report.document_revision == driver.document_revision


def flush(turn: TurnContext, job: Job) -> None:
    """Send the messages that are new or due. Of several in one turn, only the last is sent."""
    if job.drives:
        _send_directives(turn, job)
    else:
        _send_reports(turn, job)
    job.unsent.clear()


def next_deadline(turn: TurnContext, job: Job) -> int | None:
    return min(_deadlines(turn, job), default=None)


def _send_directives(turn: TurnContext, job: Job) -> None:
    driver = job.driver
    for key, view in driver.parties.items():
        if turn.hosts(job.parties[key]):
            continue
        fresh = renew(job, key)
        if fresh is None:
            due = due_at(turn, driver, view)
            if due is None or due > turn.at:
                continue
            fresh = job.directives[key]
        view.sent_at = turn.at
        view.attempts += 1
        acknowledged = view.report.seq if view.report is not None else 0
        whole = with_document(job, fresh)
        turn.emit(SendDirective(msgspec.structs.replace(whole, acknowledged=acknowledged)))


def _send_reports(turn: TurnContext, job: Job) -> None:
    for key, record in job.state.parties.items():
        due = _report_due_at(turn, record)
        if key in job.reports and (key in job.unsent or (due is not None and due <= turn.at)):
            record.reported_at = turn.at
            record.attempts += 1
            turn.emit(SendReport(record.driver, job.reports[key]))


def _report_due_at(turn: TurnContext, record: PartyRecord) -> int | None:
    if record.acknowledged >= record.seq:
        return None
    limit = turn.tunables.resend_away if record.status.ended else turn.tunables.resend_max
    return record.reported_at + turn.backoff(max(record.attempts - 1, 0), limit)


def _deadlines(turn: TurnContext, job: Job) -> Iterator[int]:
    if job.drives:
        yield from _driver_deadlines(turn, job, job.driver)
    for record in job.state.parties.values():
        yield from _party_deadlines(turn, job, record)


def _driver_deadlines(turn: TurnContext, job: Job, driver: DriverRecord) -> Iterator[int]:
    tunables = turn.tunables
    for key, view in driver.parties.items():
        if turn.hosts(job.parties[key]):
            continue
        due = due_at(turn, driver, view)
        if due is not None:
            yield due
        if driver.outcome is None:
            if not view.lost:
                yield view.last_contact_at + tunables.peer_silence
            elif driver.status is Status.RUNNING:
                yield view.last_contact_at + tunables.peer_lost_timeout
    plan = job.state.plan
    if driver.outcome is not None or plan is None:
        return
    if driver.status is Status.READY:
        yield driver.created_at + tunables.create_timeout
    elif driver.status is Status.WAITING:
        yield driver.reserve_until or driver.retry_at
        if plan.options.waiting_timeout:
            yield driver.queued_at + plan.options.waiting_timeout
    elif driver.status is Status.RUNNING:
        if plan.options.running_timeout:
            yield driver.started_at + plan.options.running_timeout
        yield from (record.not_before for record in driver.components.values() if record.not_before > turn.at)


def _party_deadlines(turn: TurnContext, job: Job, record: PartyRecord) -> Iterator[int]:
    key = str(record.party)
    for task_key, task in job.running.get(key, {}).items():
        kill = job.kills.get(task_key)
        limit = job.state.documents[key].options.task_timeout
        if kill is not None:
            yield kill.sent_at + turn.tunables.stop_timeout
        elif limit:
            yield task.started_at + limit
    if job.drives:
        return
    silent_at = record.last_contact_at + turn.tunables.peer_silence
    if not record.status.ended and silent_at > turn.at:
        yield silent_at  # so that the waiting reason is updated
    due = _report_due_at(turn, record)
    if due is not None:
        yield due
    if record.granted is not None and party.effective_phase(turn, job, record) is record.directive.phase:
        if record.directive.phase is Phase.RESERVE:
            yield record.last_contact_at + turn.tunables.reserve_ttl
        elif record.directive.phase is Phase.RUN:
            yield record.last_contact_at + turn.tunables.peer_lost_timeout

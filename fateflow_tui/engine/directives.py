"""What the driver tells each party, when it is due, and what counts as an answer."""

from __future__ import annotations

import msgspec

from fateflow_tui.core.messages import Directive, Phase
from fateflow_tui.core.records import DriverRecord, PartyView
from fateflow_tui.core.status import Status
from fateflow_tui.engine.job import Job
from fateflow_tui.engine.site import Site


def phase_of(driver: DriverRecord) -> Phase:
    if driver.outcome is not None:
        return Phase.FINISH
    if driver.status is Status.RUNNING:
        return Phase.RUN
    return Phase.RESERVE if driver.reserve_until else Phase.CREATE


def renew(job: Job, key: str) -> Directive | None:
    """The directive for a party under a new revision, if it says something new, else None."""
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
        components={name: job.orders[name] for name in job.components_of[key]},
        reserve_until=driver.reserve_until,
        reason=driver.reason,
        progress=driver.progress,
        queued_at=driver.queued_at,
        run=driver.reruns,
        parts=driver.parts,
        failure=driver.failure,
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
    """The directive with the party's document if the party does not hold it yet."""
    view = job.driver.parties[str(directive.party)]
    plan = job.state.plan
    if plan is None or directive.phase is Phase.FINISH or _holds_document(job.driver, view):
        return directive
    document = next(document for document in plan.documents if document.party == directive.party)
    return msgspec.structs.replace(directive, document=document)


def is_answered(driver: DriverRecord, view: PartyView, phase: Phase) -> bool:
    """Whether the party's report answers the newest directive, and this one asks for `phase`."""
    return view.phase is phase and _is_seen(view) and _holds_document(driver, view)


def is_closed(driver: DriverRecord, view: PartyView) -> bool:
    """Whether the party has ended the job as it was told; nothing more is to be said then."""
    return (
        view.phase is Phase.FINISH
        and driver.outcome is not None
        and view.report is not None
        and view.report.ended is not None
        and _is_seen(view)
    )


def due_at(site: Site, driver: DriverRecord, view: PartyView) -> int | None:
    """When the newest directive has to be sent (again): unanswered ones with back-off, others as a heartbeat."""
    if is_closed(driver, view):
        return None
    if _is_seen(view) and (driver.outcome is not None or _holds_document(driver, view)):
        return view.sent_at + site.tunables.heartbeat
    limit = site.tunables.resend_away if driver.status.ended else site.tunables.resend_max
    return view.sent_at + site.backoff(max(view.attempts - 1, 0), limit)


def _is_seen(view: PartyView) -> bool:
    # Revisions go on growing over takeovers, so that the epoch need not be looked at.
    return view.report is not None and view.report.seen_revision == view.revision


def _holds_document(driver: DriverRecord, view: PartyView) -> bool:
    return view.report is not None and view.report.document_revision == driver.document_revision

"""What leaves the site at the end of a turn, and when a job wants to be looked at again."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fateflow_tui.core.effects import SendDirective, SendReport
from fateflow_tui.core.messages import Phase
from fateflow_tui.core.records import DriverRecord, PartyRecord
from fateflow_tui.core.status import Status
from fateflow_tui.engine import directives, party
from fateflow_tui.engine.job import Job
from fateflow_tui.engine.site import Site


def flush(site: Site, job: Job) -> None:
    """Sends what is new or due. Only the last word of a turn goes out."""
    if job.drives:
        _send_directives(site, job)
    else:
        _send_reports(site, job)
    job.unsent.clear()


def next_deadline(site: Site, job: Job) -> int | None:
    return min(_deadlines(site, job), default=None)


def _send_directives(site: Site, job: Job) -> None:
    driver = job.driver
    for key, view in driver.parties.items():
        if site.hosts(job.parties[key]):
            continue
        fresh = directives.renew(job, key)
        if fresh is None:
            due = directives.due_at(site, driver, view)
            if due is None or due > site.at:
                continue
            fresh = job.directives[key]
        view.sent_at = site.at
        view.attempts += 1
        acknowledged = view.report.seq if view.report is not None else 0
        whole = directives.with_document(job, fresh)
        site.ask(SendDirective(msgspec.structs.replace(whole, acknowledged=acknowledged)))


def _send_reports(site: Site, job: Job) -> None:
    for key, record in job.state.parties.items():
        due = _report_due_at(site, record)
        if key in job.reports and (key in job.unsent or (due is not None and due <= site.at)):
            record.reported_at = site.at
            record.attempts += 1
            site.ask(SendReport(record.driver, job.reports[key]))


def _report_due_at(site: Site, record: PartyRecord) -> int | None:
    if record.acknowledged >= record.seq:
        return None
    limit = site.tunables.resend_away if record.status.ended else site.tunables.resend_max
    return record.reported_at + site.backoff(max(record.attempts - 1, 0), limit)


def _deadlines(site: Site, job: Job) -> Iterator[int]:
    if job.drives:
        yield from _driver_deadlines(site, job, job.driver)
    for record in job.state.parties.values():
        yield from _party_deadlines(site, job, record)


def _driver_deadlines(site: Site, job: Job, driver: DriverRecord) -> Iterator[int]:
    tunables = site.tunables
    for key, view in driver.parties.items():
        if site.hosts(job.parties[key]):
            continue
        due = directives.due_at(site, driver, view)
        if due is not None:
            yield due
        if driver.outcome is None:
            if not view.lost:
                yield view.heard_at + tunables.peer_silence
            elif driver.status is Status.RUNNING:
                yield view.heard_at + tunables.peer_lost_timeout
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
        yield from (record.not_before for record in driver.components.values() if record.not_before > site.at)


def _party_deadlines(site: Site, job: Job, record: PartyRecord) -> Iterator[int]:
    key = str(record.party)
    for task_key, task in job.running.get(key, {}).items():
        kill = job.kills.get(task_key)
        limit = job.state.documents[key].options.task_timeout
        if kill is not None:
            yield kill.sent_at + site.tunables.stop_timeout
        elif limit:
            yield task.started_at + limit
    if job.drives:
        return
    silent_at = record.heard_at + site.tunables.peer_silence
    if not record.status.ended and silent_at > site.at:
        yield silent_at  # for those who ask why the job does not go on
    due = _report_due_at(site, record)
    if due is not None:
        yield due
    if record.granted is not None and party.effective_phase(site, job, record) is record.directive.phase:
        if record.directive.phase is Phase.RESERVE:
            yield record.heard_at + site.tunables.reserve_ttl
        elif record.directive.phase is Phase.RUN:
            yield record.heard_at + site.tunables.peer_lost_timeout

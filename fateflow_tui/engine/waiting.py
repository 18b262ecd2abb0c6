"""Why a job does not go on, as its site can tell."""

from __future__ import annotations

from fateflow_tui.core.messages import Phase
from fateflow_tui.core.records import PartyRecord, WaitingReason
from fateflow_tui.engine.job import Job
from fateflow_tui.engine.queue import shortage_reason
from fateflow_tui.engine.site import Site


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

"""Explanations of waiting jobs, and of waiting components of a running job."""

from __future__ import annotations

import msgspec

from fateflow_tui.core.formatting import plural
from fateflow_tui.core.plan import Resources
from fateflow_tui.core.records import JobState, WaitingReason
from fateflow_tui.core.status import Status
from fateflow_tui.core.why import SiteContext, Why
from fateflow_tui.sdk.types.jobs import ComponentView
from fateflow_tui.server.explain.wording import duration_of, free_at, listed, span

_MEND = {
    "confirmation": "the job continues when they answer; check their sites: fateflow party ping PARTY",
    "peer": "the job continues when that site answers; check it: fateflow party ping {party}",
    "party": "the driver decides; ask there, or stop the job: fateflow job stop {job}",
    "retry": "the job retries by itself; stop it: fateflow job stop {job}",
}


def job_waits(state: JobState, context: SiteContext) -> Why:
    """Explain what a job as a whole waits for."""
    reason = (state.driver.waiting if state.driver else None) or context.waiting
    since = state.driver.queued_at or state.driver.created_at if state.driver else _created(state)
    if reason is None:
        text = "it is first in the queue and about to start"
        return Why(kind="waiting", cause="turn", text=text, since=since, estimate=_next_try(state))
    hint = _MEND.get(reason.kind, "").format(party=reason.party, job=state.job_id)
    why = Why(kind="waiting", cause=reason.kind, text=reason.text, party=reason.party, since=since, hint=hint)
    if reason.need is not None and reason.free is not None:
        return _shortage(state, reason, reason.need, reason.free, context, since)
    estimates = {"retry": _not_before(state), "peer": _next_try(state)}
    return msgspec.structs.replace(why, estimate=estimates.get(reason.kind, 0))


def component_waits(state: JobState, view: ComponentView, views: list[ComponentView], context: SiteContext) -> Why:
    """Explain why a component of a running job has not started."""
    record = state.driver.components.get(view.name) if state.driver else None
    if record is not None and record.not_before > context.now:
        wait = span(record.not_before - context.now)
        text = f"{view.name} failed {plural(record.retries, 'time')} and will be retried in {wait}"
        return Why(kind="waiting", cause="retry", text=text, component=view.name, estimate=record.not_before)
    open_needs = [other for other in views if other.name in view.needs and not other.status.succeeded]
    if open_needs:
        text = (
            f"{view.name} needs {listed([f'{other.name} ({other.status})' for other in open_needs])} to succeed first"
        )
        return Why(kind="waiting", cause="needs", text=text, component=view.name, estimate=_end_of(open_needs, context))
    busy = [other for other in views if other.status is Status.RUNNING]
    parallelism = next((document.options.task_parallelism for document in state.documents.values()), 1)
    if busy:
        text = (
            f"{view.name} is ready, but the job runs {plural(parallelism, 'component')} at a time; "
            f"now {listed([other.name for other in busy])}"
        )
        hint = "set task_parallelism in job_parameters to run more components at once"
        return Why(
            kind="waiting",
            cause="parallelism",
            text=text,
            component=view.name,
            hint=hint,
            estimate=_end_of(busy, context),
        )
    text = f"{view.name} is ready and about to start"
    return Why(kind="waiting", cause="turn", text=text, component=view.name)


def _shortage(
    state: JobState, reason: WaitingReason, need: Resources, free: Resources, context: SiteContext, since: int
) -> Why:
    here = reason.party in state.parties  # all parties of a site share its resources
    holders = [
        one
        for one in context.holders
        if one.job_id != state.job_id and (one.here if here else one.party == reason.party)
    ]
    counted = bool(reason.total and reason.total.memory)
    estimate = 0 if reason.kind == "behind" else free_at(need, free, holders, memory_counts=counted)
    text = reason.text
    if holders:
        unit = "cores" if reason.kind != "memory" else "MiB"
        held: dict[str, int] = {}
        for one in holders:
            held[one.job_id] = held.get(one.job_id, 0) + _amount(one.held, reason.kind)
        text += f"; held by {listed([f'{job_id} ({amount} {unit})' for job_id, amount in held.items()], 2)}"
    elif not here:
        text += "; its site does not publish which jobs hold the rest"
    named = reason.job_id or (holders[0].job_id if holders else "")
    if reason.kind == "behind":
        hint = f"it starts after {reason.job_id}; a higher priority in job_parameters puts it first"
    elif named:
        hint = f"it starts when they end; stop one: fateflow job stop {named}"
    else:
        hint = f"it starts when jobs at {reason.party} end; or request fewer cores with task_cores"
    return Why(
        kind="waiting",
        cause=reason.kind,
        text=text,
        party=reason.party,
        since=since,
        need=reason.need,
        free=reason.free,
        total=reason.total,
        job_id=reason.job_id,
        holders=holders,
        hint=hint,
        estimate=estimate,
        basis="earlier durations of the same modules at this site" if estimate else "",
    )


def _amount(resources: Resources, kind: str) -> int:
    return resources.memory if kind == "memory" else resources.cores


def _created(state: JobState) -> int:
    return min((record.created_at for record in state.parties.values()), default=0)


def _next_try(state: JobState) -> int:
    return state.driver.retry_at if state.driver else 0


def _not_before(state: JobState) -> int:
    records = state.driver.components.values() if state.driver else ()
    return min((record.not_before for record in records if record.not_before), default=0)


def _end_of(views: list[ComponentView], context: SiteContext) -> int:
    """Return when running components are expected to end."""
    ends = []
    for view in views:
        known = duration_of(context.usual, view.module, view.parties)
        if known is None or view.status is not Status.RUNNING:
            return 0
        ends.append(max(context.now, view.started_at + known.duration))
    return max(ends, default=0)

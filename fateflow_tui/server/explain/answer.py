"""The answer to `job why`: one main reason and, where there are several, the others."""

from __future__ import annotations

import msgspec

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import NotFound
from fateflow_tui.core.ids import session_id
from fateflow_tui.core.records import JobState, TaskRecord
from fateflow_tui.core.status import Status
from fateflow_tui.core.why import SiteContext, Why, WorkerHealth
from fateflow_tui.runtime.site import Site
from fateflow_tui.sdk.types.jobs import ComponentView, JobView, JobWhy
from fateflow_tui.server.explain import ended
from fateflow_tui.server.explain.running import component_runs, running_tasks
from fateflow_tui.server.explain.waiting import component_waits, job_waits
from fateflow_tui.server.explain.wording import expected_end
from fateflow_tui.server.job_views import job_view


def explain(state: JobState, context: SiteContext, component: str = "") -> JobWhy:
    """Explain the status of a job or of one of its components. Raises NotFound for an unknown component."""
    view = job_view(state)
    main, *further = _of_component(state, view, context, component) if component else _of_job(state, view, context)
    shown = next((one for one in view.components if one.name == component), None)
    return JobWhy(
        job_id=view.job_id,
        component=component,
        status=shown.status if shown else view.status,
        waiting=view.waiting,
        reason=view.reason,
        stop=view.stop,
        cards=view.cards,
        why=main,
        further=further,
    )


def _of_job(state: JobState, view: JobView, context: SiteContext) -> list[Why]:
    match view.status:
        case Status.READY | Status.WAITING:
            return [job_waits(state, context)]
        case Status.RUNNING:
            return _of_running(state, view, context)
        case Status.FAILED:
            others = [ended.refusal_why(*one, view.initiator) for one in ended.refusals(state)][1:]
            return [ended.job_failed(state, view), *others]
        case Status.CANCELED:
            return [ended.job_canceled(view)]
        case Status.TIMEOUT:
            return [ended.job_timed_out(state, view)]
    return [ended.job_succeeded(state, view)]


def _of_running(state: JobState, view: JobView, context: SiteContext) -> list[Why]:
    """What runs, silent workers first; what the job waits for, if nothing runs or a party is unreachable."""
    runs = [component_runs(state, one, context) for one in view.components if one.status is Status.RUNNING]
    runs.sort(key=lambda why: why.kind != "silent")
    waits = view.waiting or context.waiting
    if waits is not None and waits.kind in ("peer", "party"):
        return [job_waits(state, context), *runs]
    if runs:
        return runs
    ready = [one for one in view.components if one.status is Status.WAITING and _is_ready(one, view.components)]
    found = [component_waits(state, one, view.components, context) for one in ready]
    return found or [job_waits(state, context)]


def _of_component(state: JobState, view: JobView, context: SiteContext, component: str) -> list[Why]:
    shown = next((one for one in view.components if one.name == component), None)
    if shown is None:
        known = ", ".join(one.name for one in view.components)
        raise NotFound(f"job {view.job_id} has no component {component}", hint=f"it has {known}" if known else "")
    if shown.status is Status.RUNNING:
        return [component_runs(state, shown, context)]
    if shown.status.ended:
        return [ended.component_ended(state, shown, view, _of_job(state, view, context)[0])]
    if view.status is Status.RUNNING:
        return [component_waits(state, shown, view.components, context)]
    return [_inherited(why, component) for why in _of_job(state, view, context)]


def _inherited(why: Why, component: str) -> Why:
    """A component that has not started because its job is waiting."""
    return msgspec.structs.replace(why, component=component, text=f"{component} waits with its job: {why.text}")


def _is_ready(view: ComponentView, views: list[ComponentView]) -> bool:
    return all(other.status.succeeded for other in views if other.name in view.needs)


async def site_context(site: Site, state: JobState, component: str = "") -> SiteContext:
    """Collect what the site knows about a job or a component. Workers that are silent for too long show their stack."""
    usual = await site.task_durations.by_module()
    now = now_ms()
    silent_after = round(site.config.timeouts.silence * 1000)
    ends: dict[str, int] = {}
    for job_id in {one.job_id for one in site.jobs.holdings()}:
        holder = site.jobs.state(job_id)
        ends[job_id] = expected_end(holder, usual, now) if holder is not None else 0
    return SiteContext(
        now=now,
        waiting=site.jobs.waiting(state.job_id),
        holders=[msgspec.structs.replace(one, ends_at=ends.get(one.job_id, 0)) for one in site.jobs.holdings()],
        usual=usual,
        vitals={task.key: await _health(site, task, now - silent_after) for task in running_tasks(state, component)},
        silent_after=silent_after,
    )


async def _health(site: Site, task: TaskRecord, too_old: int) -> WorkerHealth:
    session = session_id(task.job_id, task.component, task.version, task.party)
    health = await site.workers.vital(session)
    if health is None or health.sign is None or health.sign.at > too_old or health.awaits is not None:
        return health or WorkerHealth()
    return msgspec.structs.replace(health, stack=await site.workers.stack(session))

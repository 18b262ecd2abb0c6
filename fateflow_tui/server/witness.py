"""What a site can say about a job beside the job's own state: holders, history, signs of life."""

from __future__ import annotations

import msgspec

from fateflow_tui.core.ids import session_id
from fateflow_tui.core.records import JobState, TaskRecord
from fateflow_tui.core.why import Surroundings, Vital
from fateflow_tui.runtime.clock import now_ms
from fateflow_tui.server.door import Site
from fateflow_tui.server.reasons import expected_end
from fateflow_tui.server.reasons.running import running_tasks


async def surroundings(site: Site, state: JobState, component: str = "") -> Surroundings:
    """Whatever bears on the job, or on one component. Workers that are silent for too long are asked where they are."""
    usual = await site.history.usual()
    now = now_ms()
    silent_after = round(site.config.timeouts.silence * 1000)
    ends: dict[str, int] = {}
    for job_id in {one.job_id for one in site.holdings()}:
        holder = site.jobs.state(job_id)
        ends[job_id] = expected_end(holder, usual, now) if holder is not None else 0
    return Surroundings(
        now=now,
        waiting=site.waiting(state.job_id),
        holders=[msgspec.structs.replace(one, ends_at=ends.get(one.job_id, 0)) for one in site.holdings()],
        usual=usual,
        vitals={task.key: await _vital(site, task, now - silent_after) for task in running_tasks(state, component)},
        silent_after=silent_after,
    )


async def _vital(site: Site, task: TaskRecord, too_old: int) -> Vital:
    session = session_id(task.job_id, task.component, task.version, task.party)
    vital = await site.workers.vital(session)
    if vital is None or vital.sign is None or vital.sign.at > too_old or vital.awaits is not None:
        return vital or Vital()
    return msgspec.structs.replace(vital, stack=await site.workers.stack(session))

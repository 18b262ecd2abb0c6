"""Explanations of running components, and of workers that have gone silent."""

from __future__ import annotations

from fateflow_tui.core.formatting import plural
from fateflow_tui.core.records import JobState, TaskRecord
from fateflow_tui.core.status import Status
from fateflow_tui.core.why import Heartbeat, SiteContext, Why, WorkerHealth
from fateflow_tui.sdk.types.jobs import ComponentView
from fateflow_tui.server.explain.wording import duration_of, listed, span

_HEARTBEATS = {
    "start": "its worker started",
    "progress": "progress",
    "metrics": "a metric",
    "value": "a value between parties",
    "log": "a line in its log",
}


def component_runs(state: JobState, view: ComponentView, context: SiteContext) -> Why:
    """Explain a running component; `silent` when a worker of this site has stopped sending heartbeats."""
    found = [(task, vital) for task, vital in _workers(state, view, context) if vital.sign is not None]
    silent = [pair for pair in found if _silence(pair[1], context.now) >= context.silent_after and not _waits(pair[1])]
    if silent:
        return _silent_worker(view, *min(silent, key=lambda pair: _at(pair[1])), context)
    usual = duration_of(context.usual, view.module, view.parties)
    busy = [party for party, status in view.parties.items() if status is Status.RUNNING]
    text = f"{view.name} has been running for {span(context.now - view.started_at)} at {listed(busy) or 'no party yet'}"
    if state.driver is None and view.parties and all(status.ended for status in view.parties.values()):
        how = listed(sorted({str(status) for status in view.parties.values()}))
        text = f"{view.name} has ended here ({how}); its driver has not confirmed that it has ended at all parties"
        return Why(kind="running", text=text, component=view.name, since=view.started_at)
    done = [party for party, status in view.parties.items() if status.succeeded]
    if done:
        text += f"; finished at {listed(done)}"
    estimate = 0
    if usual is not None:
        text += f"; it usually takes {span(usual.duration)}"
        estimate = max(context.now, view.started_at + usual.duration)
    waits = next((vital.awaits for _, vital in found if vital.awaits is not None and _waits(vital)), None)
    last = max((pair for pair in found), key=lambda pair: _at(pair[1]), default=None)
    if waits is not None and context.now - waits.since >= context.silent_after:
        text += f"; it has been waiting for {waits.name} from {waits.source} for {span(context.now - waits.since)}"
    elif last is not None and last[1].sign is not None:
        text += f"; last heartbeat {span(_silence(last[1], context.now))} ago: {heartbeat_text(last[1].sign)}"
    return Why(
        kind="running",
        text=text,
        component=view.name,
        party=str(last[0].party) if last else "",
        since=view.started_at,
        usual=usual.duration if usual else 0,
        estimate=estimate,
        basis=f"the median of {plural(usual.count, 'run')} of {view.module} at this site" if usual else "",
        sign=last[1].sign if last else None,
        awaits=waits,
    )


def running_tasks(state: JobState, component: str = "") -> list[TaskRecord]:
    """Return the runs whose workers are at this site."""
    return [
        task for task in state.tasks.values() if task.status is Status.RUNNING and component in ("", task.component)
    ]


def heartbeat_text(sign: Heartbeat) -> str:
    word = _HEARTBEATS.get(sign.what, sign.what)
    return f"{word} ({sign.text})" if sign.text else word


def _silent_worker(view: ComponentView, task: TaskRecord, vital: WorkerHealth, context: SiteContext) -> Why:
    sign = vital.sign or Heartbeat(view.started_at, "start")
    text = (
        f"{view.name} at {task.party} (process {task.pid}) has sent no heartbeat for "
        f"{span(context.now - sign.at)}; the last one was {heartbeat_text(sign)}"
    )
    usual = duration_of(context.usual, view.module, [str(task.party)])
    if usual is not None:
        text += f"; it usually takes {span(usual.duration)} in total"
    return Why(
        kind="silent",
        text=text,
        component=view.name,
        party=str(task.party),
        since=sign.at,
        usual=usual.duration if usual else 0,
        sign=sign,
        awaits=vital.awaits,
        stack=vital.stack,
        hint=f"check the stack; if it hangs, stop the job: fateflow job stop {task.job_id}",
    )


def _workers(state: JobState, view: ComponentView, context: SiteContext) -> list[tuple[TaskRecord, WorkerHealth]]:
    return [(task, context.vitals[task.key]) for task in running_tasks(state, view.name) if task.key in context.vitals]


def _at(vital: WorkerHealth) -> int:
    return vital.sign.at if vital.sign else 0


def _silence(vital: WorkerHealth, now: int) -> int:
    return now - _at(vital)


def _waits(vital: WorkerHealth) -> bool:
    """Whether it waits for another party, which is then the one to look at."""
    return vital.awaits is not None

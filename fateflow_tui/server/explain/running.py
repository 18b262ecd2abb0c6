"""What runs, and whether its workers show that they live."""

from __future__ import annotations

from fateflow_tui.core.formatting import plural
from fateflow_tui.core.records import JobState, TaskRecord
from fateflow_tui.core.status import Status
from fateflow_tui.core.why import Heartbeat, SiteContext, Why, WorkerHealth
from fateflow_tui.sdk.types.jobs import ComponentView
from fateflow_tui.server.explain.wording import listed, span, usual_of

_SIGNS = {
    "start": "its worker started",
    "progress": "progress",
    "metrics": "a metric",
    "value": "a value between parties",
    "log": "a line in its log",
}


def component_runs(state: JobState, view: ComponentView, around: SiteContext) -> Why:
    """What a running component does; `silent` when a worker of it at this site gives no sign of life."""
    found = [(task, vital) for task, vital in _workers(state, view, around) if vital.sign is not None]
    quiet = [pair for pair in found if _silence(pair[1], around.now) >= around.silent_after and not _waits(pair[1])]
    if quiet:
        return _silent(view, *min(quiet, key=lambda pair: _at(pair[1])), around)
    usual = usual_of(around.usual, view.module, view.parties)
    busy = [party for party, status in view.parties.items() if status is Status.RUNNING]
    text = f"{view.name} has run for {span(around.now - view.started_at)} at {listed(busy) or 'no party yet'}"
    if state.driver is None and view.parties and all(status.ended for status in view.parties.values()):
        how = listed(sorted({str(status) for status in view.parties.values()}))
        text = f"{view.name} has ended here ({how}), and its driver has not said that it has at all other parties"
        return Why(kind="running", text=text, component=view.name, since=view.started_at)
    done = [party for party, status in view.parties.items() if status.succeeded]
    if done:
        text += f", {listed(done)} {'has' if len(done) == 1 else 'have'} done its part"
    estimate = 0
    if usual is not None:
        text += f"; it usually takes {span(usual.duration)}"
        estimate = max(around.now, view.started_at + usual.duration)
    waits = next((vital.awaits for _, vital in found if vital.awaits is not None and _waits(vital)), None)
    last = max((pair for pair in found), key=lambda pair: _at(pair[1]), default=None)
    if waits is not None and around.now - waits.since >= around.silent_after:
        text += f"; it has waited for {waits.name} from {waits.source} for {span(around.now - waits.since)}"
    elif last is not None and last[1].sign is not None:
        text += f"; last sign of life {span(_silence(last[1], around.now))} ago: {said(last[1].sign)}"
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
    """The runs whose workers this site has."""
    return [
        task for task in state.tasks.values() if task.status is Status.RUNNING and component in ("", task.component)
    ]


def said(sign: Heartbeat) -> str:
    word = _SIGNS.get(sign.what, sign.what)
    return f"{word} ({sign.text})" if sign.text else word


def _silent(view: ComponentView, task: TaskRecord, vital: WorkerHealth, around: SiteContext) -> Why:
    sign = vital.sign or Heartbeat(view.started_at, "start")
    text = (
        f"{view.name} at {task.party} (process {task.pid}) has given no sign of life for "
        f"{span(around.now - sign.at)}; the last was {said(sign)}"
    )
    usual = usual_of(around.usual, view.module, [str(task.party)])
    if usual is not None:
        text += f"; it usually takes {span(usual.duration)} in all"
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
        hint=f"look where it is in the stack; if it hangs: fateflow job stop {task.job_id}",
    )


def _workers(state: JobState, view: ComponentView, around: SiteContext) -> list[tuple[TaskRecord, WorkerHealth]]:
    return [(task, around.vitals[task.key]) for task in running_tasks(state, view.name) if task.key in around.vitals]


def _at(vital: WorkerHealth) -> int:
    return vital.sign.at if vital.sign else 0


def _silence(vital: WorkerHealth, now: int) -> int:
    return now - _at(vital)


def _waits(vital: WorkerHealth) -> bool:
    """Whether another party keeps it waiting: then that one is to be looked at."""
    return vital.awaits is not None

"""Reuse: which components of a new job an earlier job has already run, and why the others must run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from fateflow_tui.core.messages import Want
from fateflow_tui.core.plan import (
    ComponentPlan,
    JobPlan,
    PartyDocument,
    ReuseAction,
    ReusePlan,
    ReuseStep,
    RunCause,
    RunReason,
    TaskPlan,
)
from fateflow_tui.core.records import Adopted, JobState, PartyRecord
from fateflow_tui.core.status import Status
from fateflow_tui.engine.components import new_version, reports_of
from fateflow_tui.engine.context import TurnContext
from fateflow_tui.engine.job import Job, move_component, move_task

_MAX_CHANGES: Final = 4  # changes described per component
_MAX_VALUE: Final = 40  # characters shown of a value

Changed = tuple[Any, Any]  # before and now; msgspec.UNSET where absent


def changes(old: Any, new: Any, path: str = "") -> dict[str, Changed]:
    """The values that differ, by path such as `init_param.init_method`; objects are compared by key."""
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return {} if old == new else {path: (old, new)}
    found: dict[str, Changed] = {}
    for name in dict.fromkeys([*old, *new]):
        below = f"{path}.{name}" if path else str(name)
        found |= changes(old.get(name, msgspec.UNSET), new.get(name, msgspec.UNSET), below)
    return found


def describe_changes(by_party: Mapping[str, Mapping[str, Changed]]) -> str:
    """`alpha 0.01 → 0.02`, with the parties concerned unless all are."""
    texts: dict[str, list[str]] = {}
    for party, found in by_party.items():
        for path, (old, new) in found.items():
            texts.setdefault(_change_text(path, old, new), []).append(party)
    pieces = [
        text if len(parties) == len(by_party) else f"{text} at {', '.join(parties)}" for text, parties in texts.items()
    ]
    more = [f"{len(pieces) - _MAX_CHANGES} more"] if len(pieces) > _MAX_CHANGES else []
    return ", ".join(pieces[:_MAX_CHANGES] + more)


def _change_text(path: str, old: Any, new: Any) -> str:
    if old is msgspec.UNSET:
        return f"{path} now {_value(new)}"
    if new is msgspec.UNSET:
        return f"{path} no longer {_value(old)}"
    return f"{path} {_value(old)} → {_value(new)}"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) and value else msgspec.json.encode(value).decode()
    return text if len(text) <= _MAX_VALUE else f"{text[: _MAX_VALUE - 1]}…"


def reusable_components(plan: JobPlan, source: JobState) -> list[str]:
    """The components of a new job that an earlier one has already run, as far as the driver can tell.

    They have the same module, parameters, inputs, outputs and parties, succeeded everywhere, and depend only on such
    components. Whether tables and module versions are the same is checked by each party.
    """
    return [step.component for step in compare(plan, source) if step.action is ReuseAction.REUSE]


def compare(plan: JobPlan, source: JobState, lost: Mapping[str, RunReason] | None = None) -> list[ReuseStep]:
    """One step per component, in topological order. lost: components whose outputs a party no longer has, and why."""
    steps: list[ReuseStep] = []
    reusable: set[str] = set()
    before, now = _Tasks(source.plan), _Tasks(plan)
    for component in plan.components:
        blocked = [need for need in component.needs if need not in reusable]
        reason = _difference(component, before, now, source)
        if reason is None and blocked:
            reason = RunReason(RunCause.UPSTREAM, f"needs {', '.join(blocked)}")
        reason = reason or _unfinished(component, source) or (lost or {}).get(component.name)
        if reason is None:
            reusable.add(component.name)
            steps.append(ReuseStep(component.name, ReuseAction.REUSE, "unchanged"))
        else:
            steps.append(ReuseStep(component.name, ReuseAction.RUN, reason.why, reason.change, reason.paths))
    return steps


def plan_reuse(plan: JobPlan, source: JobState | None, lost: Mapping[str, RunReason] | None = None) -> ReusePlan:
    """Plan a job against the earlier one that is most similar to it; None if there is none."""
    if source is None:
        return run_all(plan, RunReason(RunCause.NEW, "no earlier job has it"))
    steps = compare(plan, source, lost)
    names = {component.name for component in plan.components}
    removed = (
        [component.name for component in source.plan.components if component.name not in names] if source.plan else []
    )
    reuses = any(step.action is ReuseAction.REUSE for step in steps)
    return ReusePlan(source.job_id if reuses else None, source.job_id, steps, removed)


def run_all(plan: JobPlan, reason: RunReason) -> ReusePlan:
    """The plan of a job that reuses nothing."""
    steps = [ReuseStep(one.name, ReuseAction.RUN, reason.why, reason.change) for one in plan.components]
    return ReusePlan(None, None, steps)


def similarity(plan: JobPlan, source: JobState) -> int:
    """The number of components that a plan shares with an earlier job, by name and module."""
    if source.plan is None or source.driver is None:
        return 0
    known = {component.name: component.module for component in source.plan.components}
    return sum(known.get(component.name) == component.module for component in plan.components)


def other_model(document: PartyDocument) -> tuple[str, str, str] | None:
    """The model that a predict job uses; None for a job that trains its own."""
    if document.model_version == document.job_id:
        return None
    return document.model_id, document.model_version, document.model_part


def reads_model(task: TaskPlan) -> bool:
    """Whether the task has a model among its inputs."""
    return "model" in task.inputs or "isometric_model" in task.inputs


class _Tasks:
    """A plan by component and party."""

    def __init__(self, plan: JobPlan | None) -> None:
        self.models = {str(one.party): other_model(one) for one in plan.documents} if plan else {}
        self.by_component: dict[str, dict[str, TaskPlan]] = {}
        for document in plan.documents if plan else ():
            for task in document.tasks:
                self.by_component.setdefault(task.component, {})[str(document.party)] = task
        self.modules = {component.name: component.module for component in plan.components} if plan else {}


def _difference(component: ComponentPlan, before: _Tasks, now: _Tasks, source: JobState) -> RunReason | None:
    """How a component itself differs, apart from the components it needs."""
    name = component.name
    if source.plan is None or source.driver is None:
        return RunReason(RunCause.NEW, f"job {source.job_id} is driven by another site")
    if name not in before.modules:
        return RunReason(RunCause.NEW, "new")
    if before.modules[name] != component.module:
        return RunReason(RunCause.MODULE, f"module changed: {before.modules[name]} → {component.module}")
    old, new = before.by_component.get(name, {}), now.by_component.get(name, {})
    if old.keys() != new.keys() or not component.parties:
        return RunReason(RunCause.PARTIES, _other_parties(list(old), list(new)))
    if old != new:
        return _changed(old, new)
    if any(reads_model(task) and before.models[party] != now.models[party] for party, task in new.items()):
        return RunReason(RunCause.MODEL, "predicts with another model")
    return None


def _unfinished(component: ComponentPlan, source: JobState) -> RunReason | None:
    record = source.driver.components.get(component.name) if source.driver else None
    status = record.status if record else Status.WAITING
    if status.succeeded:
        return None
    did = "did not run" if status is Status.WAITING else f"ended as {status}"
    return RunReason(RunCause.UNFINISHED, f"{did} in job {source.job_id}")


def _changed(old: Mapping[str, TaskPlan], new: Mapping[str, TaskPlan]) -> RunReason:
    """How a component with the same parties differs."""
    found: list[RunReason] = []
    for change, of in (
        (RunCause.PARAMETERS, lambda task: task.parameters),
        (RunCause.INPUTS, lambda task: task.inputs),
        (RunCause.OUTPUTS, lambda task: {"data": task.data_ports, "model": task.model_port}),
    ):
        differing = {party: changes(of(old[party]), of(task)) for party, task in new.items()}
        if any(differing.values()):
            paths = list(dict.fromkeys(path for one in differing.values() for path in one))
            found.append(RunReason(change, f"{change} changed: {describe_changes(differing)}", paths))
    if not found:
        return RunReason(RunCause.UPSTREAM, "needs other components than before")
    return RunReason(
        found[0].change, "; ".join(one.why for one in found), [path for one in found for path in one.paths]
    )


def _other_parties(old: list[str], new: list[str]) -> str:
    added = [party for party in new if party not in old]
    missing = [party for party in old if party not in new]
    texts = [f"now at {', '.join(added)}" if added else "", f"no longer at {', '.join(missing)}" if missing else ""]
    return f"parties changed: {', '.join(filter(None, texts)) or 'no party runs it'}"


def take_over(turn: TurnContext, job: Job, record: PartyRecord, adopted: Mapping[str, Adopted]) -> None:
    """At a party: use what it has of the earlier job as the results of its tasks."""
    document = job.state.documents[str(record.party)]
    if document.reuse is None:
        return
    for name in document.reuse.components:
        task = job.newest.get(str(record.party), {}).get(name)
        if name not in adopted or task is None or task.status is not Status.WAITING:
            continue
        task.outputs, task.summary = list(adopted[name].outputs), adopted[name].summary
        task.reused_from, task.module_version = document.reuse.job_id, adopted[name].module_version
        task.started_at = turn.at
        move_task(job, task, Status.SUCCESS, turn.at, f"reused from job {document.reuse.job_id}")


def judge_reuse(turn: TurnContext, job: Job) -> None:
    """At the driver, once all parties have created the job: keep the components that all parties can reuse."""
    plan = job.state.plan
    reuse = plan.documents[0].reuse if plan is not None and plan.documents else None
    if reuse is None:
        return
    kept: set[str] = set()
    for name in reuse.components:
        component, reports = job.components[name], reports_of(job, name)
        missing = [
            str(party)
            for party in component.parties
            if str(party) not in reports or reports[str(party)].reused_from != reuse.job_id
        ]
        blocked = [need for need in component.needs if need not in kept]
        if not missing and not blocked:
            kept.add(name)
            record = job.driver.components[name]
            record.want, record.reused_from = Want.KEEP, reuse.job_id
            move_component(job, name, Status.SUCCESS, turn.at, f"reused from job {reuse.job_id}")
        elif len(missing) < len(component.parties):
            why = f"no longer available at {', '.join(missing)}" if missing else f"{blocked[0]} runs again"
            new_version(turn, job, name, f"job {reuse.job_id} cannot be reused: {why}")

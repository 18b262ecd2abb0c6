"""From a party's part of a job to the order that a worker gets: its inputs resolved to tables and models."""

from __future__ import annotations

from pathlib import Path

from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.ids import Party, party_model_id
from fateflow_tui.core.plan import PartyDocument, TaskPlan
from fateflow_tui.core.records import JobState, TaskRecord
from fateflow_tui.core.work import ModelRef, TableRef, TaskOrder


def task_order(state: JobState, party: Party, component: str, version: int, home: Path) -> TaskOrder:
    """The order for one task. Raises ComponentFailed when an input that must be there is not."""
    document = state.documents[str(party)]
    plan = task_plan(document, component)
    return TaskOrder(
        job_id=state.job_id,
        component=component,
        version=version,
        party=party,
        plan=plan,
        home=str(home),
        roles=document.roles,
        job_parameters=document.job_parameters,
        tables=_tables(state, document, plan),
        models=_models(document, plan),
        cores=document.task_need.cores,
        memory=document.task_need.memory,
        model_id=document.model_id,
        model_version=document.model_version,
    )


def task_plan(document: PartyDocument, component: str) -> TaskPlan:
    for plan in document.tasks:
        if plan.component == component:
            return plan
    raise ComponentFailed(f"{component} does not run at {document.party}")


def newest_success(state: JobState, party: Party, component: str) -> TaskRecord | None:
    """The run whose outputs count."""
    runs = [
        task
        for task in state.tasks.values()
        if task.component == component and task.party == party and task.status.succeeded
    ]
    return max(runs, key=lambda task: task.version, default=None)


def _tables(state: JobState, document: PartyDocument, plan: TaskPlan) -> dict[str, list[TableRef]]:
    outside = plan.inputs.get("tables", {})
    resolved: dict[str, list[TableRef]] = {}
    for key, references in plan.inputs.get("data", {}).items():
        tables = resolved.setdefault(key, [])
        for reference in references:
            source, _, port = reference.partition(".")
            if source == "args":
                if reference in outside:
                    table = outside[reference]
                    tables.append(TableRef(table["namespace"], table["name"], port=port))
                continue
            # A component that does not run at this party, or that left no table here, gives no input here: the
            # arbiter's Evaluation, or a host behind a model whose scores stay at the guest.
            run = newest_success(state, document.party, source)
            tables.extend(
                TableRef(output.namespace, output.table, source, port)
                for output in (run.outputs if run else [])
                if output.kind == "data" and output.name == port
            )
    return resolved


def _models(document: PartyDocument, plan: TaskPlan) -> dict[str, list[ModelRef]]:
    """Models of this job lie under its own model version; `pipeline.` ones under the version it predicts with."""
    modules = {task.component: task.module for task in document.tasks}
    owner = party_model_id(document.party, document.model_id)
    resolved: dict[str, list[ModelRef]] = {}
    for key in ("model", "isometric_model"):
        for reference in plan.inputs.get(key, []):
            component, _, alias = reference.removeprefix("pipeline.").partition(".")
            resolved.setdefault(key, []).append(
                ModelRef(owner, document.model_version, component, alias, modules.get(component, plan.module))
            )
    return resolved

"""The outputs of a job's tasks at this site's parties, and FATE's views of the job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party, task_id
from fateflow_tui.core.plan import PartyDocument, outside_tables
from fateflow_tui.core.ports import ModuleCatalog, loadable_facts
from fateflow_tui.core.records import JobState, TaskOutput, TaskRecord
from fateflow_tui.server.fate.records import Record, date, own_documents


def initiator_of(state: JobState) -> Party:
    """Return the party that submitted the job; the driver where the initiator is not known."""
    document = next(iter(own_documents(state).values()), None)
    return document.initiator if document else next(iter(state.parties.values())).driver


def components_of(state: JobState) -> list[str]:
    """Return the component names in the order of the DSL; none if no party of this site has it."""
    document = next(iter(own_documents(state).values()), None)
    return list(document.dsl.get("components", {})) if document else []


def check_component(state: JobState, component: str) -> None:
    if component not in components_of(state):
        raise BadRequest(
            f"Component {component} does not exist, please have a check",
            hint=f"job {state.job_id} has {', '.join(components_of(state))}",
        )


def output_tables(task: TaskRecord | None) -> list[TaskOutput]:
    return [output for output in task.outputs if output.kind == "data"] if task else []


def data_views(state: JobState) -> list[Record]:
    """Return the output tables of the newest runs."""
    return [
        {
            "f_job_id": state.job_id,
            "f_component_name": task.component,
            "f_task_id": task_id(state.job_id, task.component),
            "f_task_version": task.version,
            "f_data_name": output.name,
            "f_role": task.party.role,
            "f_party_id": task.party.party_id,
            "f_table_name": output.table,
            "f_table_namespace": output.namespace,
            "f_description": "",
            "f_create_time": task.ended_at or None,
            "f_create_date": date(task.ended_at),
            "f_update_time": None,
            "f_update_date": None,
        }
        for task in _newest_runs(state)
        for output in output_tables(task)
    ]


def data_view(state: JobState, document: PartyDocument, catalog: ModuleCatalog) -> dict[str, Any]:
    """Return the parties and their tables. Only the initiator, who named them all, sees the tables of other parties."""
    own = document.party
    sees_all = state.plan is not None and own == document.initiator
    documents = state.plan.documents if state.plan is not None and sees_all else [document]
    dataset: dict[str, dict[str, dict[str, str]]] = {}
    for each in documents:
        tables = dict(_outside_tables(each, catalog))
        if tables:
            dataset.setdefault(each.party.role, {})[each.party.party_id] = tables
    partner = {
        role: others
        for role, ids in document.roles.items()
        if (others := [number for number in ids if (role, str(number)) != (own.role, own.party_id)])
    }
    roles = document.roles if sees_all else {own.role: document.roles.get(own.role, [])}
    return {"partner": partner, "roles": roles, "dataset": dataset, "model_summary": {}}


def job_tables(state: JobState, party: Party, document: PartyDocument) -> dict[str, Any]:
    """Return the input and output tables of every component at one party."""
    outputs = {
        plan.component: {
            output.name: {"name": output.table, "namespace": output.namespace}
            for output in output_tables(state.newest_run(party, plan.component))
        }
        for plan in document.tasks
    }
    tables: dict[str, Any] = {}
    for plan in document.tasks:
        inputs: dict[str, Any] = {}
        for references in plan.inputs.get("data", {}).values():
            for reference in references:
                component, _, port = reference.rpartition(".")
                if port in outputs.get(component, {}):
                    inputs[reference] = outputs[component][port]
        if isinstance(plan.parameters.get("table"), dict):
            inputs["table"] = plan.parameters["table"]
        tables[plan.component] = {"input": inputs, "output": outputs[plan.component]}
    return tables


def _newest_runs(state: JobState) -> Iterator[TaskRecord]:
    for document in own_documents(state).values():
        for plan in document.tasks:
            task = state.newest_run(document.party, plan.component)
            if task is not None:
                yield task


def _outside_tables(document: PartyDocument, catalog: ModuleCatalog) -> Iterator[tuple[str, str]]:
    for plan in document.tasks:
        for table in outside_tables(plan, loadable_facts(catalog, plan.module)):
            yield table.reference or table.component, f"{table.namespace}.{table.name}"

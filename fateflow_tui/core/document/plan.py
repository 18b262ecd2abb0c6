"""The plan of a checked job: what the driver schedules, and one document per party."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fateflow_tui.core import ids
from fateflow_tui.core.document import job_parameters
from fateflow_tui.core.document.check import CheckedJob
from fateflow_tui.core.document.conf import conf_for
from fateflow_tui.core.document.dsl import Component
from fateflow_tui.core.ids import Party
from fateflow_tui.core.plan import ComponentPlan, JobOptions, JobPlan, PartyDocument, TaskPlan


def plan_job(
    checked: CheckedJob,
    job_id: str,
    driver: Party,
    *,
    submitted_by: str = "",
    name: str = "",
    description: str = "",
    model_parts: Mapping[str, str] | None = None,
) -> JobPlan:
    """Plan a checked job. The model of a training job gets the job id as its version.

    model_parts: for a predict job, the digest of each party's part of the model.
    """
    conf = checked.conf
    given = checked.job_parameters
    if checked.job_type == "predict":
        model_id, model_version = str(given["model_id"]), str(given["model_version"])
    else:
        model_id, model_version = ids.model_id(conf.roles), job_id
    complete = job_parameters.filled(given, model_id, model_version)
    options = job_parameters.options_of(given)
    document = _filled_document(checked, complete)
    needs = _needs_by_role(checked)
    documents = [
        _party_document(checked, job_id, party, complete, document, options, needs[party.role], model_parts or {})
        for party in conf.parties
    ]
    return JobPlan(
        job_id=job_id,
        initiator=checked.initiator,
        driver=driver,
        components=[
            ComponentPlan(component.name, component.module, component.needs, _runners(checked, component))
            for component in checked.dsl.components.values()
        ],
        documents=documents,
        options=options,
        dsl=checked.dsl_document,
        conf=document,
        name=name,
        description=description,
        submitted_by=submitted_by,
    )


def _filled_document(checked: CheckedJob, complete: dict[str, Any]) -> dict[str, Any]:
    submitted = checked.conf_document
    if checked.conf.version == 1:
        return {**submitted, "job_parameters": complete}
    return {**submitted, "job_parameters": {**submitted["job_parameters"], "common": complete}}


def _runners(checked: CheckedJob, component: Component) -> list[Party]:
    return list(checked.parameters[component.name])


def _needs_by_role(checked: CheckedJob) -> dict[str, dict[str, list[str]]]:
    """role -> component that runs there -> the nearest upstream components that also run there."""
    components = checked.dsl.components
    result: dict[str, dict[str, list[str]]] = {}
    for role in checked.conf.roles:
        reached: dict[str, list[str]] = {}  # the components to wait for instead of this one
        result[role] = {}
        for name, component in components.items():
            needs = list(dict.fromkeys(near for up in component.needs for near in reached[up]))
            runs = role in checked.modules[component.module].roles
            reached[name] = [name] if runs else needs
            if runs:
                result[role][name] = needs
    return result


def _party_document(
    checked: CheckedJob,
    job_id: str,
    party: Party,
    complete: Mapping[str, Any],
    document: Mapping[str, Any],
    options: JobOptions,
    needs: Mapping[str, list[str]],
    model_parts: Mapping[str, str],
) -> PartyDocument:
    own = checked.own_job_parameters.get(party, {})
    parameters, task_need = job_parameters.of_party(complete, own, party)
    return PartyDocument(
        job_id=job_id,
        party=party,
        initiator=checked.initiator,
        roles=checked.conf.roles,
        dsl=checked.dsl_document,
        conf=conf_for(document, party),
        job_parameters=parameters,
        tasks=[_task(checked, name, party, needs[name]) for name in needs],
        need=task_need.times(options.task_parallelism),
        task_need=task_need,
        options=options,
        model_id=complete["model_id"],
        model_version=complete["model_version"],
        train_conf=conf_for(checked.train_conf, party) if checked.train_conf else {},
        model_part=model_parts.get(str(party), ""),
    )


def _task(checked: CheckedJob, name: str, party: Party, needs: list[str]) -> TaskPlan:
    component = checked.dsl.components[name]
    inputs = component.inputs
    used = {f"args.{ref.port}" for ref in component.refs if ref.kind == "args"}
    if used:
        tables = checked.tables.get(party, {})
        inputs = {**inputs, "tables": {key: table for key, table in tables.items() if key in used}}
    return TaskPlan(
        component=name,
        module=component.module,
        needs=needs,
        parameters=checked.parameters[name][party],
        inputs=inputs,
        data_ports=component.data_ports,
        model_port=component.model_port or "default",
    )

"""A job's state as FATE-Flow's records: one job record per party of this site, one task record per run of a task."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from fateflow_tui.core.ids import ROLES, Party, task_id
from fateflow_tui.core.messages import TaskReport
from fateflow_tui.core.models import Pipeline
from fateflow_tui.core.plan import PartyDocument
from fateflow_tui.core.records import JobState, PartyRecord, TaskRecord
from fateflow_tui.core.status import Status
from fateflow_tui.registry import Part
from fateflow_tui.runtime.site import Site

Record = dict[str, Any]

# Clients only know the statuses of FATE-Flow 1.6, and fail on any other.
_JOB_STATUSES = {Status.READY: Status.WAITING, Status.PASS: Status.SUCCESS}
_TASK_STATUSES = {Status.READY: Status.WAITING}


def date(moment: int | None) -> str | None:
    """Format ms since the epoch as local `YYYY-MM-DD HH:MM:SS`."""
    return f"{datetime.fromtimestamp(moment / 1000):%Y-%m-%d %H:%M:%S}" if moment else None


def own_documents(state: JobState) -> dict[str, PartyDocument]:
    """Return the documents of the parties that this site plays, the initiator's first, then by role.

    The document of a party that refused the job, or only learned of its end, is known at the driver alone.
    """
    sent = {str(document.party): document for document in state.plan.documents} if state.plan else {}
    known = {**sent, **state.documents}
    rank = {role: place for place, role in enumerate(ROLES)}

    def order(key: str) -> tuple[bool, int, str]:
        return (str(known[key].initiator) != key, rank.get(known[key].party.role, len(rank)), key)

    return {key: known[key] for key in sorted(known.keys() & state.parties.keys(), key=order)}


def job_records(state: JobState) -> list[Record]:
    return [_job_record(state, state.parties[key], document) for key, document in own_documents(state).items()]


def task_records(state: JobState, *, only_latest: bool = True) -> list[Record]:
    """Return the tasks of this site's parties and, at the driver, those that other sites have reported."""
    records: list[Record] = []
    for document in own_documents(state).values():
        runs: dict[str, list[TaskRecord]] = {plan.component: [] for plan in document.tasks}
        for task in state.tasks.values():
            if task.party == document.party:
                runs.setdefault(task.component, []).append(task)
        for component, of_component in runs.items():
            of_component.sort(key=lambda task: task.version)
            shown = of_component[-1:] if only_latest else of_component
            records.extend(_own_task(state, document, task) for task in shown)
            if not of_component:
                records.append(_future_task(state, document, component))
    return records + list(_remote_tasks(state))


def job_status(state: JobState, key: str) -> Status:
    """Return the job's status at this party; at the driving party, the driver's own status."""
    party = state.parties[key]
    status = state.driver.status if state.driver and str(party.driver) == key else party.status
    return _JOB_STATUSES.get(status, status)


def component_status(state: JobState, document: PartyDocument, component: str) -> Status:
    """Return the status of a component over all parties, as far as it is known here."""
    if state.driver is not None and component in state.driver.components:
        return state.driver.components[component].status
    order = state.parties[str(document.party)].directive.components.get(component)
    return order.status if order else Status.WAITING


def _job_record(state: JobState, record: PartyRecord, document: PartyDocument) -> Record:
    key = str(record.party)
    status = job_status(state, key)
    is_initiator = record.party == document.initiator
    parameters = document.job_parameters
    stop = record.stop or (state.driver.stop if state.driver else None)
    driver = state.driver if state.driver and str(record.driver) == key else None
    conf = state.plan.conf if state.plan and is_initiator else document.conf
    busy = sum(task.status is Status.RUNNING for task in state.tasks.values() if task.party == record.party)
    tag = (state.driver.tag if state.driver else "") or ("job_end" if status.ended else "")
    times = {
        "create": record.created_at,
        "start": record.started_at or (driver.started_at if driver else 0),
        "end": (record.ended_at or (driver.ended_at if driver else 0)) if status.ended else 0,
        "update": record.updated_at or record.created_at,
    }
    return {
        "f_job_id": state.job_id,
        "f_role": record.party.role,
        "f_party_id": record.party.party_id,
        "f_name": state.plan.name if state.plan else "",
        "f_description": record.description,
        "f_tag": tag,
        "f_user_id": (state.plan.submitted_by if state.plan else "") or None,
        "f_dsl": document.dsl,
        "f_runtime_conf": conf,
        "f_runtime_conf_on_party": {**conf, "job_parameters": parameters},
        "f_train_runtime_conf": document.train_conf,
        "f_roles": document.roles,
        "f_work_mode": int(parameters.get("work_mode", 0)),
        "f_initiator_role": document.initiator.role,
        "f_initiator_party_id": document.initiator.party_id,
        "f_is_initiator": is_initiator,
        "f_status": status,
        "f_status_code": None,
        "f_progress": driver.progress if driver else record.progress,
        "f_ready_signal": False,
        "f_ready_time": None,
        "f_cancel_signal": stop is not None,
        "f_cancel_time": stop.at if stop else None,
        "f_rerun_signal": False,
        "f_end_scheduling_updates": int(status.ended),
        "f_engine_name": parameters.get("computing_engine", "STANDALONE"),
        "f_engine_type": "computing",
        "f_cores": document.need.cores,
        "f_memory": document.need.memory,
        "f_remaining_cores": max(0, document.need.cores - busy * document.task_need.cores),
        "f_remaining_memory": max(0, document.need.memory - busy * document.task_need.memory),
        "f_resource_in_use": record.granted is not None,
        "f_apply_resource_time": record.granted_at or None,
        "f_return_resource_time": record.returned_at or None,
        **_times(times),
    }


def _own_task(state: JobState, document: PartyDocument, task: TaskRecord) -> Record:
    is_newest = task is state.newest_run(task.party, task.component)
    over_all = component_status(state, document, task.component) if is_newest else task.status
    times = {
        "create": task.created_at or state.parties[str(task.party)].created_at,
        "start": task.started_at,
        "end": task.ended_at,
        "update": task.updated_at or task.created_at,
    }
    return {
        **_task_record(state, document, task.party, task.component, task.version, over_all, task.status, times),
        "f_run_on_this_party": True,
        "f_run_ip": "127.0.0.1" if task.pid else None,
        "f_run_pid": task.pid or None,
    }


def _future_task(state: JobState, document: PartyDocument, component: str) -> Record:
    """A task that has no record yet, because it was never started."""
    party = state.parties[str(document.party)]
    times = {"create": party.created_at, "start": 0, "end": 0, "update": party.created_at}
    over_all = component_status(state, document, component)
    return {
        **_task_record(state, document, document.party, component, 0, over_all, Status.WAITING, times),
        "f_run_on_this_party": True,
        "f_run_ip": None,
        "f_run_pid": None,
    }


def _remote_tasks(state: JobState) -> Iterator[Record]:
    if state.driver is None or state.plan is None:
        return
    for document in state.plan.documents:
        view = state.driver.parties.get(str(document.party))
        if view is None or str(document.party) in state.parties:
            continue
        reports = view.report.tasks if view.report else {}
        for plan in document.tasks:
            report = reports.get(plan.component) or TaskReport(0, Status.WAITING)
            over_all = state.driver.components[plan.component].status
            times = {
                "create": state.driver.created_at,
                "start": report.started_at,
                "end": report.ended_at,
                "update": max(report.started_at, report.ended_at, state.driver.created_at),
            }
            record = _task_record(
                state, document, document.party, plan.component, report.version, over_all, report.status, times
            )
            yield {**record, "f_run_on_this_party": False, "f_run_ip": None, "f_run_pid": None}


def _task_record(
    state: JobState,
    document: PartyDocument,
    party: Party,
    component: str,
    version: int,
    over_all: Status,
    at_party: Status,
    times: dict[str, int],
) -> Record:
    one_site = all(f"{role}:{number}" in state.parties for role, ids in document.roles.items() for number in ids)
    return {
        "f_job_id": state.job_id,
        "f_component_name": component,
        "f_task_id": task_id(state.job_id, component),
        "f_task_version": version,
        "f_initiator_role": document.initiator.role,
        "f_initiator_party_id": document.initiator.party_id,
        "f_federated_mode": document.job_parameters.get("federated_mode") or ("SINGLE" if one_site else "MULTIPLE"),
        "f_federated_status_collect_type": "PUSH",
        "f_status": _TASK_STATUSES.get(over_all, over_all),
        "f_status_code": None,
        "f_party_status": _TASK_STATUSES.get(at_party, at_party),
        "f_role": party.role,
        "f_party_id": party.party_id,
        **_times(times),
    }


def _times(times: dict[str, int]) -> Record:
    record: Record = {}
    for name, moment in times.items():
        record[f"f_{name}_time"] = moment or None
        record[f"f_{name}_date"] = date(moment)
    start, end = times["start"], times["end"]
    return {**record, "f_elapsed": end - start if start and end else None}


_COMPATIBLE = "1.6.0"


def model_record(site: Site, part: Part) -> dict[str, Any]:
    """Return a record of `model/query`."""
    pipeline, manifest = part.pipeline, part.manifest
    updated = manifest.registered_at or pipeline.created_at
    return {
        "f_create_time": pipeline.created_at,
        "f_create_date": date(pipeline.created_at),
        "f_update_time": updated,
        "f_update_date": date(updated),
        "f_role": pipeline.party.role,
        "f_party_id": pipeline.party.party_id,
        "f_roles": pipeline.roles,
        "f_job_id": pipeline.model_version,
        "f_model_id": pipeline.model_id,
        "f_model_version": pipeline.model_version,
        "f_loaded_times": site.models.loaded_times(part),
        "f_size": part.size,
        "f_description": "",
        "f_initiator_role": pipeline.initiator.role,
        "f_initiator_party_id": pipeline.initiator.party_id,
        "f_runtime_conf": pipeline.train_conf if pipeline.parent else {},
        "f_work_mode": _work_mode(pipeline),
        "f_train_dsl": pipeline.train_dsl,
        "f_train_runtime_conf": {} if pipeline.parent else pipeline.train_conf,
        "f_imported": int(manifest.imported),
        "f_job_status": "success" if pipeline.parent and not manifest.imported else None,
        "f_runtime_conf_on_party": pipeline.conf_on_party,
        "f_fate_version": _COMPATIBLE,
        "f_parent": pipeline.parent,
        "f_parent_info": pipeline.parent_info,
        "f_inference_dsl": pipeline.predict_dsl,
    }


def version_line(site: Site, parts: list[Part]) -> dict[str, Any]:
    """Return a model version as one line. parts: those of this site, at least one."""
    pipeline = parts[0].pipeline
    return {
        "model_id": pipeline.model_id,
        "model_version": pipeline.model_version,
        "roles": pipeline.roles,
        "initiator": str(pipeline.initiator),
        "job_id": pipeline.job_id,
        "created_at": pipeline.created_at,
        "parent": pipeline.parent,
        "parent_info": pipeline.parent_info,
        "deployed": pipeline.deployed,
        "imported": any(part.manifest.imported for part in parts),
        "components": _components(parts),
        "here": sorted(str(part.pipeline.party) for part in parts),
        "loaded": sorted(str(part.pipeline.party) for part in parts if site.models.is_loaded(part)),
        "tags": site.models.tags.of_version(pipeline.model_version),
        "aliases": site.models.tags.aliases_of(pipeline.model_version),
    }


def _components(parts: list[Part]) -> dict[str, str]:
    """The modules of the components that have a model at any of these parties, by component."""
    return {file.component: file.module for part in parts for file in part.manifest.files}


def _work_mode(pipeline: Pipeline) -> int:
    parameters = pipeline.conf_on_party.get("job_parameters", {})
    return int(parameters.get("work_mode") or 0)

"""The jobs behind FATE-Flow's recorded answers, rebuilt as this site's own state from those answers."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.metrics import MetricsWriter
from fateflow_tui.artifacts.models import ComponentModel, PartyModels
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.ids import Party, output_namespace, party_model_id
from fateflow_tui.core.messages import Directive, Phase, Report, StopRequest
from fateflow_tui.core.plan import ComponentPlan, JobOptions, JobPlan, PartyDocument, Resources, TaskPlan
from fateflow_tui.core.ports import JobCommit
from fateflow_tui.core.records import (
    ComponentRecord,
    DriverRecord,
    JobState,
    PartyRecord,
    PartyView,
    TaskOutput,
    TaskRecord,
)
from fateflow_tui.core.status import Status
from fateflow_tui.store.jobs import TinyJobStore
from tests.contract.wire_models import register_models

MAIN_JOB = "2026112401573683991213"

# job: recorded records of its parties, and of its tasks
_RECORDED = {
    MAIN_JOB: ("job_query_allparties", "job_task_query"),
    "2026112401565643531110": ("job_query_toy", None),
    "202611240156176862475": ("job_query_status_filter", None),
    "2026112402023127617734": ("job_query_after_stop_5s", "job_task_query_after_stop_5s"),
    "202611240204094163872": ("job_query_waiting_exhausted", "job_task_query_waiting"),
    "202611240206101626684": ("job_query_failed", "job_task_query_failed"),
    "202611240208121741436": ("solo_job_query_after_rerun_done", "solo_job_task_query_all_versions"),
    "202611240208416804748": ("job_query_stopped_waiting", "job_task_query_stopped_waiting"),
    "2026112402153414046221": ("job_query_executor_killed", "job_task_query_executor_killed"),
    "2026112402222620735112": (
        "job_query_executor_finished_while_server_down",
        "job_task_query_executor_finished_while_server_down",
    ),
    "202611240216458331811": ("job_query_after_server_restart", None),
    "2026112402145891998120": ("job_query_predict_done", "job_task_query_predict_done"),
}
# FATE runs an upload as a job of the party local:0; of these only the history was recorded.
_NOT_AT_ARBITERS = {"Reader", "DataIO", "Intersection", "Evaluation"}
_UPLOADS = {
    "202611240153457893041": "breast_hetero_guest",
    "202611240153532456782": "breast_hetero_host",
    "202611240156246685586": "t1",
}


class Wire:
    """The recorded answers."""

    def __init__(self, shared: Path) -> None:
        self.folder = shared / "fate" / "wire"
        self.data = shared / "fate" / "data"

    def answer(self, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads((self.folder / f"{name}.json").read_bytes())
        return answer

    def requests(self) -> Iterator[dict[str, Any]]:
        with (self.folder / "INDEX.jsonl").open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def fill_home(wire: Wire, home: Home) -> None:
    """Puts the recorded jobs, their tables and metrics into a home that no scheduler has open."""
    store = TinyJobStore(home.root)
    states = [
        state_of(wire.answer(jobs)["data"], wire.answer(tasks)["data"] if tasks else [])
        for jobs, tasks in _RECORDED.values()
    ]
    states += [_upload(job_id, table) for job_id, table in _UPLOADS.items()]
    for state in states:
        if state.job_id == MAIN_JOB:
            _add_outputs(wire, home, state)
        store.commit([_change(state)])
        home.job_logs(state.job_id).mkdir(parents=True)
        (home.job_logs(state.job_id) / "fate_flow_schedule.log").write_text("a line\n", encoding="utf-8")
    for table in _UPLOADS.values():
        _write_raw(wire, home, "experiment", table, table)
    register_models(home, *(wire.answer(name)["data"] for name in ("model_query", "model_query_deployed")))


def state_of(job_records: list[dict[str, Any]], task_records: list[dict[str, Any]]) -> JobState:
    """The state of which these are the records."""
    initiator = next(record for record in job_records if record["f_is_initiator"])
    state = JobState(initiator["f_job_id"])
    for record in job_records:
        party = Party(record["f_role"], record["f_party_id"])
        state.documents[str(party)] = _document(record, party)
        state.parties[str(party)] = _party(record, party)
    components: dict[str, ComponentRecord] = {}
    for task in task_records:
        record = TaskRecord(
            job_id=state.job_id,
            component=task["f_component_name"],
            module=initiator["f_dsl"]["components"][task["f_component_name"]]["module"],
            version=task["f_task_version"],
            party=Party(task["f_role"], task["f_party_id"]),
            status=Status(task["f_party_status"]),
            pid=task["f_run_pid"] or 0,
            created_at=task["f_create_time"],
            started_at=task["f_start_time"] or 0,
            ended_at=task["f_end_time"] or 0,
            updated_at=task["f_update_time"],
        )
        state.tasks[record.key] = record
        components[record.component] = ComponentRecord(version=record.version, status=Status(task["f_status"]))
    main = next(iter(state.documents.values()))
    state.plan = JobPlan(
        job_id=state.job_id,
        initiator=main.initiator,
        driver=main.initiator,
        components=[
            ComponentPlan(plan.component, plan.module, plan.needs, [document.party for document in _all(state)])
            for plan in main.tasks
        ],
        documents=_all(state),
        options=JobOptions(),
        dsl=initiator["f_dsl"],
        conf=initiator["f_runtime_conf"],
    )
    for plan in main.tasks:
        components.setdefault(plan.component, ComponentRecord(status=Status(initiator["f_status"])))
    state.driver = DriverRecord(
        job_id=state.job_id,
        status=Status(initiator["f_status"]),
        epoch=0,
        created_at=initiator["f_create_time"],
        started_at=initiator["f_start_time"] or 0,
        ended_at=initiator["f_end_time"] or 0,
        progress=initiator["f_progress"],
        components=components,
        parties={key: _view(state, key) for key in state.parties},
        tag=initiator["f_tag"],
    )
    return state


def _view(state: JobState, key: str) -> PartyView:
    record = state.parties[key]
    report = Report(
        job_id=state.job_id,
        party=record.party,
        seq=1,
        seen_epoch=1,
        seen_revision=1,
        document_revision=1,
        ended=record.status if record.status.ended else None,
    )
    return PartyView(revision=1, phase=record.directive.phase, report=report)


def _all(state: JobState) -> list[PartyDocument]:
    return list(state.documents.values())


def _document(record: dict[str, Any], party: Party) -> PartyDocument:
    parameters = record["f_runtime_conf_on_party"]["job_parameters"]
    own = record["f_runtime_conf"].get("component_parameters", {}).get("role", {}).get(party.role, {}).get("0", {})
    return PartyDocument(
        job_id=record["f_job_id"],
        party=party,
        initiator=Party(record["f_initiator_role"], record["f_initiator_party_id"]),
        roles=record["f_roles"],
        dsl=record["f_dsl"],
        conf=record["f_runtime_conf"],
        job_parameters=parameters,
        tasks=[
            TaskPlan(
                component=name,
                module=component["module"],
                needs=[],
                parameters=own.get(name, {}),
                inputs=component.get("input", {}),
                data_ports=component.get("output", {}).get("data", []),
            )
            for name, component in record["f_dsl"]["components"].items()
            if party.role != "arbiter" or component["module"] not in _NOT_AT_ARBITERS
        ],
        need=Resources(record["f_cores"]),
        task_need=Resources(record["f_cores"]),
        options=JobOptions(),
        model_id=parameters["model_id"],
        model_version=parameters["model_version"],
        train_conf=record["f_train_runtime_conf"],
    )


def _party(record: dict[str, Any], party: Party) -> PartyRecord:
    status = Status(record["f_status"])
    driver = Party(record["f_initiator_role"], record["f_initiator_party_id"])
    phase = Phase.FINISH if status.ended else Phase.RUN
    directive = Directive(record["f_job_id"], party, driver, 1, 1, 1, phase, status)
    stop = StopRequest(Status.CANCELED, "", record["f_cancel_time"] or 0) if record["f_cancel_signal"] else None
    return PartyRecord(
        job_id=record["f_job_id"],
        party=party,
        driver=driver,
        status=status,
        created_at=record["f_create_time"],
        directive=directive,
        granted=Resources(record["f_cores"]) if record["f_resource_in_use"] else None,
        granted_at=record["f_apply_resource_time"] or 0,
        returned_at=record["f_return_resource_time"] or 0,
        stop=stop,
        started_at=record["f_start_time"] or 0,
        ended_at=record["f_end_time"] or 0,
        updated_at=record["f_update_time"],
        progress=record["f_progress"],
        description=record["f_description"],
    )


def _upload(job_id: str, table: str) -> JobState:
    parameters = {"name": table, "namespace": "experiment", "partition": 4, "head": 1}
    job = {"model_id": "local-0#model", "model_version": job_id}
    record = {
        "f_job_id": job_id,
        "f_role": "local",
        "f_party_id": "0",
        "f_is_initiator": True,
        "f_initiator_role": "local",
        "f_initiator_party_id": "0",
        "f_roles": {"local": [0]},
        "f_dsl": {"components": {"upload_0": {"module": "Upload"}}},
        "f_runtime_conf": {"component_parameters": {"role": {"local": {"0": {"upload_0": parameters}}}}},
        "f_runtime_conf_on_party": {"job_parameters": job},
        "f_train_runtime_conf": {},
        "f_status": "success",
        "f_tag": "job_end",
        "f_progress": 100,
        "f_cores": 1,
        "f_resource_in_use": False,
        "f_cancel_signal": False,
        "f_description": "",
        **dict.fromkeys(("f_create_time", "f_start_time", "f_end_time", "f_update_time"), 1795485225000),
        **dict.fromkeys(("f_apply_resource_time", "f_return_resource_time"), None),
    }
    return state_of([record], [])


def _change(state: JobState) -> JobCommit:
    records: dict[str, dict[str, Any]] = {"job": dict(state.parties), "documents": dict(state.documents)}
    records["job"]["driver"] = state.driver
    records["documents"]["plan"] = state.plan
    records["tasks"] = dict(state.tasks)
    return JobCommit(state.job_id, 0, msgspec.to_builtins(records))


def _add_outputs(wire: Wire, home: Home, state: JobState) -> None:
    """The main job's tables, metrics, parameters and summaries, as they were recorded."""
    tables = Tables(home.tables)
    for key, task in state.tasks.items():
        name, role = task.component, task.party.role
        namespace = output_namespace(state.job_id, name, 0)
        if role == "guest":
            shown = wire.answer(f"tracking_component_parameters_{name}")["data"]
            parameters = next(value for member, value in shown.items() if member != "module")
            _replace_parameters(state, task.party, name, parameters)
            summary = wire.folder / f"tracking_component_summary_{name}.json"
            summary_data = json.loads(summary.read_bytes()).get("data")
            task = msgspec.structs.replace(task, summary=summary_data)
        if name != "evaluation_0" and role != "arbiter":
            table = f"{name}_{role}"
            if name == "reader_0":
                _write_raw(wire, home, namespace, table, f"breast_hetero_{role}")
            else:
                _write_numbers(wire, tables, namespace, table, name, role)
            task = msgspec.structs.replace(task, outputs=[TaskOutput("data", "data", namespace, table, 569)])
        state.tasks[key] = task
        _save_model(wire, home, state, task)
        recorded = "arbiter" if role == "arbiter" else name
        if role == "host":
            continue
        with MetricsWriter(home.metrics(state.job_id, task.party, name, 0)) as writer:
            for space, series in wire.answer(f"tracking_component_metric_all_{recorded}")["data"].items():
                for series_name, one in series.items():
                    writer.append(space, series_name, [tuple(point) for point in one["data"]], one["meta"])


def _save_model(wire: Wire, home: Home, state: JobState, task: TaskRecord) -> None:
    """The host's model of DataIO was not recorded."""
    name, role = task.component, task.party.role
    file = f"tracking_component_output_model_{'host' if role == 'host' else name}"
    recorded = wire.answer(file) if role == "guest" or (role, name) == ("host", "hetero_lr_0") else {}
    if recorded.get("data"):
        document = state.documents[str(task.party)]
        plan = next(plan for plan in document.tasks if plan.component == name)
        meta = recorded["meta"]
        model = ComponentModel(name, meta["module_name"], recorded["data"], meta["meta_data"], plan.model_port)
        PartyModels(home.models).save(party_model_id(task.party, document.model_id), document.model_version, model)


def _replace_parameters(state: JobState, party: Party, component: str, parameters: dict[str, Any]) -> None:
    document = state.documents[str(party)]
    tasks = [
        msgspec.structs.replace(plan, parameters=parameters) if plan.component == component else plan
        for plan in document.tasks
    ]
    state.documents[str(party)] = msgspec.structs.replace(document, tasks=tasks)


def _write_raw(wire: Wire, home: Home, namespace: str, table: str, file: str) -> None:
    header, rows = ["id", "y"], [["1", "0"]]
    if file != "t1":
        with (wire.data / f"{file}.csv").open(encoding="utf-8") as lines:
            header, *rows = csv.reader(lines)
    frame = pl.DataFrame(rows, schema=header, orient="row")
    with Tables(home.tables).create(namespace, table, sid=header[0], header=header[1:]) as writer:
        writer.write(frame)


def _write_numbers(wire: Wire, tables: Tables, namespace: str, table: str, component: str, role: str) -> None:
    recorded = "host" if role == "host" else component
    answer = wire.answer(f"tracking_component_output_data_{recorded}")
    header, rows = answer["meta"]["header"][0], answer["data"][0]
    kind = "scores" if "predict_detail" in header else "instances"
    if kind == "scores":
        rows = [[*row[:4], json.dumps(row[4]), row[5]] for row in rows]
    label = "y" if role == "guest" and kind == "instances" else ""
    frame = pl.DataFrame(rows, schema=header, orient="row")
    with tables.create(namespace, table, kind=kind, sid=header[0], header=header[1:], label=label) as writer:
        writer.write(frame)

"""Job calls that FATE-Flow 1.11 added, and the answer to a submission."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.core.document import generate_predict_dsl
from fateflow_tui.core.errors import BadDocument, BadRequest, FateFlowError, NotFound
from fateflow_tui.core.ids import Party
from fateflow_tui.core.records import JobState, task_key
from fateflow_tui.server.address import Address
from fateflow_tui.server.archives import json_file_answer
from fateflow_tui.server.context import Asker, ThisSite, known_job
from fateflow_tui.server.door import Site
from fateflow_tui.server.fate.envelope import answer, file_failure
from fateflow_tui.server.fate.filters import newest_first
from fateflow_tui.server.fate.records import Record, own_documents, task_records
from fateflow_tui.server.openapi import DOCUMENT, JOB, JSON_FILE, NUMBER, OBJECT, TEXT, TEXTS, described, members
from fateflow_tui.server.requests import JsonBody

_SHOWN = 20  # problems in one text

# Command line options that 1.x clients leave in the conf.
_CLIENT_WORDS = frozenset({"conf_path", "dsl_path", "output_path", "verbose", "local", "config", "dsl", "function"})


def client_free(conf: Any) -> Any:
    """The conf without client options; a text is the user's own and stays as it is."""
    if not isinstance(conf, dict):
        return conf
    return {name: value for name, value in conf.items() if name not in _CLIENT_WORDS}


def all_problems(error: BadDocument) -> str:
    """All errors of the documents in one text, for clients that get no list."""
    problems = [problem for problem in error.data or [] if problem["severity"] == "error"]
    lines = [f"{problem['document']} {problem['path']}: {problem['message']}" for problem in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        lines.append(f"and {len(problems) - _SHOWN} more")
    return "; ".join(lines) or error.message


def board_url(address: Address, job_id: str, party: Party) -> str:
    return f"{address.url}/index.html#/dashboard?job_id={job_id}&role={party.role}&party_id={party.party_id}"


def submission(site: Site, address: Address, state: JobState) -> dict[str, Any]:
    """`data` of job/submit, data/upload and data/download; clients need `board_url` and `model_info`."""
    document = next(iter(own_documents(state).values()))
    files = site.home.job_files(state.job_id)
    return {
        "job_id": state.job_id,
        "board_url": board_url(address, state.job_id, document.party),
        "model_info": {"model_id": document.model_id, "model_version": document.model_version},
        "logs_directory": str(site.home.job_logs(state.job_id)),
        "job_dsl_path": str(files / "job_dsl.json"),
        "job_runtime_conf_path": str(files / "job_runtime_conf.json"),
        "job_runtime_conf_on_party_path": str(files / document.party.role / "job_runtime_on_party_conf.json"),
        "train_runtime_conf_path": str(files / "train_runtime_conf.json"),
        "pipeline_dsl_path": str(files / "pipeline_dsl.json"),
    }


router = APIRouter(tags=["job (FATE-Flow 1.x)"])

_REPORTED = ("component_name", "role", "party_id", "task_version", "status", "party_status")
_TIMES = ("create_time", "start_time", "end_time", "elapsed")
_DSL = {"components": {"reader_0": {"module": "Reader", "output": {"data": ["data"]}}}}


@router.post(
    "/job/dsl/generate",
    **described(
        members("train_dsl", "cpn_str", train_dsl=DOCUMENT, cpn_str=TEXTS, version=TEXT, filename=TEXT),
        {"train_dsl": _DSL, "cpn_str": "reader_0"},
        _DSL,
        file=JSON_FILE,
    ),
)
async def generate_dsl(request: Request, body: JsonBody) -> Response:
    """The predict DSL of a training DSL, with the components `cpn_str`; as a file when `filename` is given. A failure
    has HTTP status 210.
    """
    try:
        body.require("train_dsl", "cpn_str")
        made = generate_predict_dsl(body.members["train_dsl"], body.members["cpn_str"], body.text("version", "2"))
        if body.text("filename"):
            return json_file_answer(made, body.text("filename"))
    except BadDocument as error:
        return file_failure(request, BadDocument(f"DSL generating failed: {all_problems(error)}", data=error.data))
    except FateFlowError as error:
        return file_failure(request, BadRequest(f"DSL generating failed: {error.message}", hint=error.hint))
    return answer(made)


@router.post(
    "/job/parameter/update",
    **described(
        members("job_id", job_parameters=OBJECT, component_parameters=OBJECT),
        {"job_id": JOB, "component_parameters": {"common": {"hetero_lr_0": {"max_iter": 5}}}},
        {"job_parameters": {}, "component_parameters": {"common": {"hetero_lr_0": {}}}, "components": ["hetero_lr_0"]},
    ),
)
async def update_parameters(site: ThisSite, body: JsonBody, asker: Asker) -> Response:
    """Changes parameters of an ended job for its next rerun, on top of what was changed before. Answers with all that
    is changed by now, and the components that will run again for it.
    """
    state = known_job(site, body)
    job, components = body.mapping("job_parameters"), body.mapping("component_parameters")
    if not (job or components):
        raise BadRequest("required parameters are missing: job_parameters or component_parameters;")
    changes, steps = await site.jobs.change_parameters(state.job_id, job, components, by=asker)
    named = [step.component for step in steps if step.action == "run"]
    return answer({**changes, "components": named})


@router.post(
    "/job/report",
    **described(
        members("job_id", role=TEXT, party_id=TEXT, component_name=TEXT, limit=NUMBER),
        {"job_id": JOB},
        [{"job_id": JOB, "component_name": "hetero_lr_0", "role": "guest", "party_id": "9999", "elapsed": 5120}],
    ),
)
async def report(site: ThisSite, body: JsonBody) -> Response:
    """When the tasks of a job began and ended at the parties that are known here, and how long they took (ms). Of the
    parties of this site also how their processes ended: `exit_code` and `peak_memory` (MiB).
    """
    body.require("job_id")
    job_id = body.text("job_id")
    found = await newest_first(site, task_records, {**body.members, "job_id": job_id})
    state = site.jobs.state(job_id)
    if not found or state is None:
        raise NotFound("find task failed")
    return answer([{**_times(record), **_end(record, state)} for record in found])


@router.post(
    "/job/log/path", **described(members("job_id"), {"job_id": JOB}, {"logs_directory": f"/home/site/logs/{JOB}"})
)
async def log_path(site: ThisSite, body: JsonBody) -> Response:
    """Where the logs of a job lie on the server."""
    body.require("job_id")
    directory = site.home.job_logs(body.text("job_id"))
    if not directory.is_dir():
        raise NotFound(f"Log file path: {directory} not found. Please check if the job id is valid.")
    return answer({"logs_directory": str(directory)})


def _times(record: Record) -> dict[str, Any]:
    times = {name: record[f"f_{name}"] for name in ("job_id", *_REPORTED, *_TIMES)}
    started = record["f_start_time"]
    return {**times, "waited": started - record["f_create_time"] if started and record["f_create_time"] else None}


def _end(record: Record, state: JobState) -> dict[str, Any]:
    party = Party(record["f_role"], str(record["f_party_id"]))
    task = state.tasks.get(task_key(party, record["f_component_name"], int(record["f_task_version"])))
    if task is None:
        return {"exit_code": None, "peak_memory": 0, "reused_from": ""}
    return {"exit_code": task.exit_code, "peak_memory": task.peak_memory, "reused_from": task.reused_from}

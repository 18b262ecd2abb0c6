"""FATE-Flow's `job` app: submit, query, stop, rerun, lists, configuration, reports, logs, notes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.core.document import generate_predict_dsl
from fateflow_tui.core.document.conf import CLIENT_KEYS
from fateflow_tui.core.errors import (
    BadDocument,
    BadRequest,
    Conflict,
    FateFlowError,
    NotFound,
    PartyRefused,
    PartyUnreachable,
)
from fateflow_tui.core.ids import Party
from fateflow_tui.core.records import JobState, task_key
from fateflow_tui.core.status import ENDED, Status
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.address import Address
from fateflow_tui.server.archives import json_file_answer, log_archive, tar_answer
from fateflow_tui.server.context import ClientName, ThisAddress, ThisSite, known_job
from fateflow_tui.server.fate.board import ListRequest, paged_jobs, paged_tasks
from fateflow_tui.server.fate.envelope import answer, failure, wants_detail
from fateflow_tui.server.fate.filters import fits, newest_first, ordered, usable
from fateflow_tui.server.fate.records import Record, job_records, own_documents, task_records
from fateflow_tui.server.job_views import job_line
from fateflow_tui.server.openapi import AT_GUEST, JOB, JSON_FILE, TAR, answers
from fateflow_tui.server.requests import (
    NO_MEMBERS,
    Document,
    Filter,
    Flag,
    JobId,
    Json,
    Object,
    Range,
    RequestBody,
    Reuse,
    Text,
    Texts,
    one_of,
)
from fateflow_tui.server.tracking import data_views

router = APIRouter(tags=["job (FATE-Flow 1.x)"])

_STOPPED: Final = "stop job on this party True;\nstop job on all party success"
_LISTED: Final = 10  # records of a list without a limit
_SHOWN_PROBLEMS: Final = 20  # in one message

_REPORTED: Final = ("component_name", "role", "party_id", "task_version", "status", "party_status")
_TIMES: Final = ("create_time", "start_time", "end_time", "elapsed")

_DSL: Final = {"components": {"reader_0": {"module": "Reader", "output": {"data": ["data"]}}}}
_SUBMITTED: Final = {"job_id": JOB, "model_info": {"model_id": "guest-9999#host-10000#model", "model_version": JOB}}
_JOB: Final = {"f_job_id": JOB, "f_role": "guest", "f_party_id": "9999", "f_status": "success"}
_TASK: Final = {**_JOB, "f_component_name": "dataio_0", "f_task_version": 0}
_VIEW: Final = {"f_component_name": "dataio_0", "f_table_name": "t", "f_table_namespace": "n", "f_data_name": "train"}

EndStatus = Annotated[str, one_of(*sorted(ENDED))]


class JobDocuments(
    RequestBody,
    has_documents=True,
    example={
        "job_dsl": {"components": {"secure_add_example_0": {"module": "SecureAddExample"}}},
        "job_runtime_conf": {
            "dsl_version": 2,
            "initiator": {"role": "guest", "party_id": 9999},
            "role": {"guest": [9999], "host": [10000]},
            "job_parameters": {"common": {}},
            "component_parameters": {"common": {"secure_add_example_0": {}}},
        },
    },
):
    """The documents of a job. Problems of documents sent as JSON text are reported with line and column."""

    job_dsl: Document = None
    job_runtime_conf: Document = None

    @property
    def dsl_document(self) -> Any:
        return {} if self.job_dsl is None else self.job_dsl

    @property
    def conf_document(self) -> Any:
        """The conf without client options; a text is the user's own and stays as it is."""
        conf = {} if self.job_runtime_conf is None else self.job_runtime_conf
        if not isinstance(conf, dict):
            return conf
        return {name: value for name, value in conf.items() if name not in CLIENT_KEYS}


class PlanRequest(JobDocuments):
    reuse: Reuse = False


class SubmitJobRequest(PlanRequest):
    """As later versions name them, the documents may be sent as `dsl` and `runtime_conf`."""

    dsl: Document = None
    runtime_conf: Document = None

    def __init__(self, members: Any = NO_MEMBERS) -> None:
        super().__init__(members)
        self.job_dsl = members.get("job_dsl", self.dsl)
        self.job_runtime_conf = members.get("job_runtime_conf", self.runtime_conf)


class OneJobRequest(RequestBody, example={"job_id": JOB}):
    job_id: Text


class OneJobAtPartyRequest(OneJobRequest, example=AT_GUEST):
    role: Text
    party_id: Text

    @property
    def party(self) -> Party:
        return Party(self.role, self.party_id)


class TaskFilters(RequestBody, example={"job_id": JOB}):
    """Records are chosen by any of their fields, named without `f_`; these are the ones that clients use."""

    job_id: Filter = None
    role: Filter = None
    party_id: Filter = None
    status: Filter = None
    order_by: Filter = None
    reverse: Flag = False


class JobFilters(TaskFilters):
    create_time: Range = None
    start_time: Range = None
    end_time: Range = None
    elapsed: Range = None


class TaskQuery(TaskFilters):
    component_name: Filter = None
    only_latest: Annotated[Flag, "only the newest version of each task"] = True


class StopJobRequest(RequestBody, example={"job_id": JOB}):
    job_id: JobId
    stop_status: Annotated[EndStatus, "the status that the job ends with"] = Status.CANCELED
    reason: Text = ""


class RerunRequest(RequestBody, example={"job_id": JOB, "component_name": "dataio_0"}):
    job_id: JobId
    component_name: Annotated[Texts, "the components to begin with, or `pipeline` for the whole job"] = ()
    force: Annotated[Flag, "also run what succeeded"] = False
    job_parameters: Object = NO_MEMBERS
    component_parameters: Object = NO_MEMBERS

    @property
    def components(self) -> list[str]:
        return [name for name in self.component_name if name != "pipeline"]


class UpdateJobRequest(OneJobAtPartyRequest, example={**AT_GUEST, "notes": "first try"}):
    notes: Text = ""


class ParameterUpdate(
    RequestBody, example={"job_id": JOB, "component_parameters": {"common": {"hetero_lr_0": {"max_iter": 5}}}}
):
    job_id: JobId
    job_parameters: Object = NO_MEMBERS
    component_parameters: Object = NO_MEMBERS


class GenerateDslRequest(RequestBody, example={"train_dsl": _DSL, "cpn_str": "reader_0"}):
    train_dsl: Document
    cpn_str: Annotated[Texts, "the components to keep"]
    version: Text = "2"
    filename: Text = ""


class TasksOfJobRequest(OneJobRequest):
    role: Filter = None
    party_id: Filter = None
    component_name: Filter = None


@router.post("/job/submit", **answers(_SUBMITTED))
async def submit(
    request: Request, site: ThisSite, address: ThisAddress, body: Json[SubmitJobRequest], client: ClientName
) -> Response:
    """Submit a job. The documents are checked first, and all their problems are reported. With `reuse`, the results
    of unchanged components are taken from an earlier job.
    """
    try:
        submitted = await site.jobs.submit(body.dsl_document, body.conf_document, by=client, reuse=body.reuse)
    except (PartyRefused, PartyUnreachable, Conflict) as error:
        parties = error.data.get("parties") if isinstance(error.data, dict) else None
        return failure(request, error, retcode=100, data=parties)
    except BadDocument as error:
        return failure(request, error, retmsg=None if wants_detail(request) else all_problems(error))
    data = submission(site, address, submitted.state)
    if wants_detail(request):
        data["warnings"] = [problem.to_dict() for problem in submitted.warnings]
    return answer(data, job_id=submitted.state.job_id)


@router.post("/job/query", **answers([_JOB]))
async def query(site: ThisSite, body: Json[JobFilters]) -> Response:
    """List the job records whose fields have the given values."""
    found = ordered(await newest_first(site, job_records, body.members, need_filter=True), body.members)
    return answer(found, retmsg="success" if found else "no job could be found")


@router.post("/job/task/query", **answers([_TASK]))
async def query_tasks(site: ThisSite, body: Json[TaskQuery]) -> Response:
    """List the task records whose fields have the given values."""
    found = await newest_first(site, lambda state: task_records(state, only_latest=body.only_latest), body.members)
    if not found:
        return answer(retcode=101, retmsg="find task failed")
    return answer(ordered(found, body.members))


@router.post("/job/list/job", **answers([_JOB]))
async def list_jobs(site: ThisSite, body: Json[ListRequest]) -> Response:
    """List the newest job records. Any member besides `limit` selects the paged form of later versions."""
    if body.is_paged:
        return answer(await paged_jobs(site, body))
    found = await newest_first(site, job_records, {}, limit=_LISTED if body.limit is None else body.limit)
    return answer(found) if found else answer(retcode=101, retmsg="find job failed")


@router.post("/job/list/task", **answers([_TASK]))
async def list_tasks(site: ThisSite, body: Json[ListRequest]) -> Response:
    """List the newest task records. Any member besides `limit` selects the paged form of later versions."""
    if body.is_paged:
        return answer(await paged_tasks(site, body))

    def newest_tasks(state: JobState) -> list[Record]:
        return task_records(state)[::-1]

    found = await newest_first(site, newest_tasks, {}, limit=_LISTED if body.limit is None else body.limit)
    return answer(found) if found else answer(retcode=100, retmsg="find task failed")


@router.post("/job/stop", **answers())
async def stop(request: Request, site: ThisSite, body: Json[StopJobRequest], client: ClientName) -> Response:
    """Stop a job at all its parties."""
    state = known_job(site, body.job_id)
    if body.stop_status not in ENDED:
        raise BadRequest(f"invalid stop_status {body.stop_status!r}", hint=f"one of {', '.join(sorted(ENDED))}")
    if job_line(state).status.ended:
        return answer(retmsg=_STOPPED)
    outcome = await site.jobs.stop(state.job_id, by=client, status=Status(body.stop_status), reason=body.reason)
    late = {party: text for party, text in outcome.get("parties", {}).items() if text != "success"}
    details = outcome if late or wants_detail(request) else None
    if late:
        texts = "; ".join(f"{party} {text}" for party, text in late.items())
        return answer(
            details, retcode=103, retmsg=f"stop job on this party True;\nstop job on all party failed: {texts}"
        )
    return answer(details, retmsg=_STOPPED)


@router.post("/job/rerun", **answers())
async def rerun(request: Request, site: ThisSite, body: Json[RerunRequest], client: ClientName) -> Response:
    """Rerun what did not succeed in a job, optionally with changed parameters."""
    state = known_job(site, body.job_id)
    steps = await site.jobs.rerun(
        state.job_id,
        by=client,
        components=body.components,
        force=body.force,
        job_parameters=body.job_parameters,
        component_parameters=body.component_parameters,
    )
    return answer(list(steps) if wants_detail(request) else None, retmsg="rerun job success")


@router.post(
    "/job/parameter/update",
    **answers(
        {"job_parameters": {}, "component_parameters": {"common": {"hetero_lr_0": {}}}, "components": ["hetero_lr_0"]}
    ),
)
async def update_parameters(site: ThisSite, body: Json[ParameterUpdate], client: ClientName) -> Response:
    """Change parameters of an ended job for its next rerun, in addition to earlier changes. Returns all changes so far
    and the components that will run again because of them.
    """
    state = known_job(site, body.job_id)
    if not (body.job_parameters or body.component_parameters):
        raise BadRequest("required parameters are missing: job_parameters or component_parameters;")
    changes, steps = await site.jobs.change_parameters(
        state.job_id, body.job_parameters, body.component_parameters, by=client
    )
    return answer({**changes, "components": [step.component for step in steps if step.action == "run"]})


@router.post("/job/update", **answers())
async def update(site: ThisSite, body: Json[UpdateJobRequest]) -> Response:
    """Set the notes of a job at one party of this site."""
    if not await site.jobs.update_notes(body.job_id, body.party, body.notes):
        raise NotFound("find job failed")
    return answer()


@router.post("/job/config", **answers({"job_id": JOB, "dsl": {}, "runtime_conf": {}, "model_info": {}}))
async def config(site: ThisSite, body: Json[JobFilters]) -> Response:
    """Return the documents of the first job record whose fields have the given values."""
    found = ordered(await newest_first(site, job_records, body.members, need_filter=True), body.members)
    if not found:
        raise NotFound("find job failed")
    record = found[0]
    parameters = record["f_runtime_conf_on_party"]["job_parameters"]
    return answer(
        {
            "job_id": record["f_job_id"],
            "dsl": record["f_dsl"],
            "runtime_conf": record["f_runtime_conf"],
            "train_runtime_conf": record["f_train_runtime_conf"],
            "model_info": {name: parameters.get(name) for name in ("model_id", "model_version")},
        }
    )


@router.post("/job/dsl/generate", **answers(_DSL, file=JSON_FILE))
async def generate_dsl(body: Json[GenerateDslRequest]) -> Response:
    """Generate the predict DSL of a training DSL; as a file when `filename` is given."""
    try:
        dsl = generate_predict_dsl(body.train_dsl, body.members["cpn_str"], body.version)
    except BadDocument as error:
        raise BadDocument(f"DSL generating failed: {all_problems(error)}", data=error.data) from error
    except FateFlowError as error:
        raise BadRequest(f"DSL generating failed: {error.message}", hint=error.hint) from error
    return json_file_answer(dsl, body.filename) if body.filename else answer(dsl)


@router.post(
    "/job/report",
    **answers([{"job_id": JOB, "component_name": "hetero_lr_0", "role": "guest", "party_id": "9999", "elapsed": 5120}]),
)
async def report(site: ThisSite, body: Json[TasksOfJobRequest]) -> Response:
    """Report when the tasks of a job started and ended, and how long they took (ms), at all parties known here. For
    the parties of this site the report includes `exit_code` and `peak_memory` (MiB).
    """
    found = await newest_first(site, task_records, {**body.members, "job_id": body.job_id})
    state = site.jobs.state(body.job_id)
    if not found or state is None:
        raise NotFound("find task failed")
    return answer([{**_times(record), **_end(record, state)} for record in found])


@router.get("/job/log", **answers(file=TAR))
@router.post("/job/log/download", **answers(file=TAR))
async def log(site: ThisSite, body: Json[OneJobRequest]) -> Response:
    """Download all logs of a job as tar.gz."""
    directory = _log_directory(site, body.job_id)
    archive = await asyncio.to_thread(log_archive, directory)
    return tar_answer(archive, f"job_{directory.name}_log.tar.gz")


@router.post("/job/log/path", **answers({"logs_directory": f"/home/site/logs/{JOB}"}))
async def log_path(site: ThisSite, body: Json[OneJobRequest]) -> Response:
    """Return the directory of a job's logs on the server."""
    return answer({"logs_directory": str(_log_directory(site, body.job_id))})


@router.post("/job/data/view/query", **answers([_VIEW]))
async def data_view_query(site: ThisSite, body: Json[TasksOfJobRequest]) -> Response:
    """List the output tables of a job's tasks at this site's parties."""
    state = site.jobs.state(body.job_id)
    filters = {name: value for name, value in body.members.items() if name != "status"}
    views = data_views(state) if state else []
    found = [view for view in views if fits(view, usable(view, filters))]
    return answer(found) if found else answer(retcode=101, retmsg="find data view failed")


@router.post("/job/clean/queue", **answers({JOB: 0}))
async def clean_queue(site: ThisSite, client: ClientName) -> Response:
    """Cancel all waiting jobs that this site drives."""
    return answer(await site.jobs.clean_queue(by=client))


@router.post("/job/url/get", **answers({"board_url": ["http://127.0.0.1:9380/"]}))
async def url_get(site: ThisSite, address: ThisAddress, body: Json[OneJobAtPartyRequest]) -> Response:
    """Return the URL under which a board shows this job."""
    state = site.jobs.state(body.job_id)
    if state is None or str(body.party) not in state.parties:
        raise NotFound("no found job")
    return answer({"board_url": [board_url(address, state.job_id, body.party)]})


def all_problems(error: BadDocument) -> str:
    """Return all errors of the documents in one message, for clients that receive no list."""
    problems = [problem for problem in error.data or [] if problem["severity"] == "error"]
    lines = [f"{problem['document']} {problem['path']}: {problem['message']}" for problem in problems[:_SHOWN_PROBLEMS]]
    if len(problems) > _SHOWN_PROBLEMS:
        lines.append(f"and {len(problems) - _SHOWN_PROBLEMS} more")
    return "; ".join(lines) or error.message


def board_url(address: Address, job_id: str, party: Party) -> str:
    return f"{address.url}/index.html#/dashboard?job_id={job_id}&role={party.role}&party_id={party.party_id}"


def submission(site: Site, address: Address, state: JobState) -> dict[str, Any]:
    """Return `data` of job/submit, data/upload and data/download; clients need `board_url` and `model_info`."""
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


def _log_directory(site: Site, job_id: str) -> Path:
    directory = site.home.job_logs(job_id)
    if not directory.is_dir():
        raise NotFound(f"Log file path: {directory} not found. Please check if the job id is valid.")
    return directory


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

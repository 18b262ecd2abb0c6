"""FATE-Flow's `job` app: submit, query, stop, rerun, lists, configuration, reports, logs, notes."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.core.document import generate_predict_dsl
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
from fateflow_tui.server.fate.board import is_paged, paged_jobs, paged_tasks
from fateflow_tui.server.fate.envelope import answer, failure, file_failure, wants_detail
from fateflow_tui.server.fate.filters import fits, newest_first, ordered, usable
from fateflow_tui.server.fate.records import Record, job_records, own_documents, task_records
from fateflow_tui.server.job_views import job_line
from fateflow_tui.server.openapi import (
    AT_GUEST,
    DOCUMENT,
    FLAG,
    JOB,
    JSON_FILE,
    NUMBER,
    OBJECT,
    RANGE,
    RERUN,
    TAR,
    TEXT,
    TEXTS,
    described,
    members,
    one_of,
)
from fateflow_tui.server.requests import Body, DocumentBody, JsonBody
from fateflow_tui.server.tracking import data_views

router = APIRouter(tags=["job (FATE-Flow 1.x)"])

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
async def update_parameters(site: ThisSite, body: JsonBody, client: ClientName) -> Response:
    """Changes parameters of an ended job for its next rerun, on top of what was changed before. Answers with all that
    is changed by now, and the components that will run again for it.
    """
    state = known_job(site, body)
    job, components = body.mapping("job_parameters"), body.mapping("component_parameters")
    if not (job or components):
        raise BadRequest("required parameters are missing: job_parameters or component_parameters;")
    changes, steps = await site.jobs.change_parameters(state.job_id, job, components, by=client)
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


_STOPPED = "stop job on this party True;\nstop job on all party success"
_LISTED = 10  # records of a list without a limit

# Of the records' fields, by any of which one can choose, those that clients use.
_WISHES = {"job_id": TEXTS, "role": TEXTS, "party_id": TEXTS, "status": TEXTS, "order_by": TEXT, "reverse": FLAG}
_FILTERS = members(**_WISHES, create_time=RANGE, start_time=RANGE, end_time=RANGE, elapsed=RANGE)
_LIST = members(
    limit=NUMBER, page=NUMBER, order_by=TEXT, order=TEXT, role=TEXTS, status=TEXTS, partner=TEXT, description=TEXT
)
_DOCUMENTS = members(
    job_dsl=DOCUMENT,
    job_runtime_conf=DOCUMENT,
    dsl=DOCUMENT,
    runtime_conf=DOCUMENT,
    reuse={"type": ["boolean", "string"]},
)
_EXAMPLE = {
    "job_dsl": {"components": {"secure_add_example_0": {"module": "SecureAddExample"}}},
    "job_runtime_conf": {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": 9999},
        "role": {"guest": [9999], "host": [10000]},
        "job_parameters": {"common": {}},
        "component_parameters": {"common": {"secure_add_example_0": {}}},
    },
}
_SUBMITTED = {"job_id": JOB, "model_info": {"model_id": "guest-9999#host-10000#model", "model_version": JOB}}
_JOB = {"f_job_id": JOB, "f_role": "guest", "f_party_id": "9999", "f_status": "success"}
_TASK = {**_JOB, "f_component_name": "dataio_0", "f_task_version": 0}
_VIEW = {"f_component_name": "dataio_0", "f_table_name": "t", "f_table_namespace": "n", "f_data_name": "train"}
_LOGS = described(members("job_id"), {"job_id": JOB}, file=TAR)


@router.post("/job/submit", **described(_DOCUMENTS, _EXAMPLE, _SUBMITTED))
async def submit(
    request: Request, site: ThisSite, address: ThisAddress, body: DocumentBody, client: ClientName
) -> Response:
    """Checks and submits a job. `job_dsl` and `job_runtime_conf` (or `dsl`, `runtime_conf`): objects, or JSON texts,
    whose problems are then reported with line and column. `reuse`: the job of which all that is unchanged is taken
    over, or true for the newest one that fits.
    """
    dsl = body.members.get("job_dsl", body.members.get("dsl"))
    conf = body.members.get("job_runtime_conf", body.members.get("runtime_conf"))
    try:
        submitted = await site.jobs.submit(
            {} if dsl is None else dsl, client_free({} if conf is None else conf), by=client, reuse=_reuse(body)
        )
    except (PartyRefused, PartyUnreachable, Conflict) as error:
        parties = error.data.get("parties") if isinstance(error.data, dict) else None
        return failure(request, error, retcode=100, data=parties)
    except BadDocument as error:
        return failure(request, error, retmsg=None if wants_detail(request) else all_problems(error))
    warnings = [problem.to_dict() for problem in submitted.warnings]
    data = submission(site, address, submitted.state) | {"warnings": warnings}
    return answer(data, job_id=submitted.state.job_id)


@router.post("/job/query", **described(_FILTERS, {"job_id": JOB}, [_JOB]))
async def query(site: ThisSite, body: JsonBody) -> Response:
    """Job records whose fields (names without `f_`) have the given values."""
    found = ordered(await newest_first(site, job_records, body.members, need_wish=True), body.members)
    return answer(found, retmsg="success" if found else "no job could be found")


@router.post(
    "/job/task/query", **described(members(**_WISHES, component_name=TEXT, only_latest=FLAG), {"job_id": JOB}, [_TASK])
)
async def query_tasks(site: ThisSite, body: JsonBody) -> Response:
    """Task records whose fields have the given values, newest versions only unless `only_latest` is false."""
    latest = body.flag("only_latest", True)
    found = await newest_first(site, lambda state: task_records(state, only_latest=latest), body.members)
    if not found:
        return answer(retcode=101, retmsg="find task failed")
    return answer(ordered(found, body.members))


@router.post("/job/list/job", **described(_LIST, {"limit": 10}, [_JOB]))
async def list_jobs(site: ThisSite, body: JsonBody) -> Response:
    """The newest job records. `limit`: how many, 0 and less for all. With `page`, `order_by`, `order`, `role`,
    `status`, `partner` or `description` the paged form of later versions.
    """
    if is_paged(body):
        return answer(await paged_jobs(site, body))
    found = await newest_first(site, job_records, {}, limit=body.integer("limit", _LISTED))
    return answer(found) if found else answer(retcode=101, retmsg="find job failed")


@router.post("/job/list/task", **described(_LIST, {"limit": 10}, [_TASK]))
async def list_tasks(site: ThisSite, body: JsonBody) -> Response:
    """The newest task records; see `job/list/job`."""
    if is_paged(body):
        return answer(await paged_tasks(site, body))

    def newest_tasks(state: Any) -> list[Any]:
        return task_records(state)[::-1]

    found = await newest_first(site, newest_tasks, {}, limit=body.integer("limit", _LISTED))
    return answer(found) if found else answer(retcode=100, retmsg="find task failed")


@router.post(
    "/job/stop", **described(members("job_id", stop_status=one_of(*sorted(ENDED)), reason=TEXT), {"job_id": JOB})
)
async def stop(request: Request, site: ThisSite, body: JsonBody, client: ClientName) -> Response:
    """Stops a job at all parties. `stop_status`: what it ends with, canceled unless said otherwise."""
    state = known_job(site, body)
    status = _end_status(body.text("stop_status", Status.CANCELED))
    if job_line(state).status.ended:
        return answer(retmsg=_STOPPED)
    outcome = await site.jobs.stop(state.job_id, by=client, status=status, reason=body.text("reason"))
    parties = outcome.get("parties", {})
    late = {party: text for party, text in parties.items() if text != "success"}
    details = outcome if late or wants_detail(request) else None
    if late:
        told = "; ".join(f"{party} {text}" for party, text in late.items())
        text = f"stop job on this party True;\nstop job on all party failed: {told}"
        return answer(details, retcode=103, retmsg=text)
    return answer(details, retmsg=_STOPPED)


@router.post("/job/rerun", **described(RERUN, {"job_id": JOB, "component_name": "dataio_0"}))
async def rerun(request: Request, site: ThisSite, body: JsonBody, client: ClientName) -> Response:
    """Runs what did not succeed again. `component_name`: a component or several to begin from, or `pipeline` for the
    whole job; `force`: also what succeeded; `job_parameters`, `component_parameters`: changed ones.
    """
    state = known_job(site, body)
    names = [name for name in body.texts("component_name") if name != "pipeline"]
    steps = await site.jobs.rerun(
        state.job_id,
        by=client,
        components=names,
        force=body.flag("force"),
        job_parameters=body.mapping("job_parameters"),
        component_parameters=body.mapping("component_parameters"),
    )
    return answer(list(steps) if wants_detail(request) else None, retmsg="rerun job success")


@router.post(
    "/job/update", **described(members("job_id", "role", "party_id", notes=TEXT), {**AT_GUEST, "notes": "first try"})
)
async def update(site: ThisSite, body: JsonBody) -> Response:
    """Sets the notes of a job at one party of this site."""
    body.require("job_id", "role", "party_id")
    party = body.party()
    if party is None or not await site.jobs.update_notes(body.text("job_id"), party, body.text("notes")):
        raise NotFound("find job failed")
    return answer()


@router.post(
    "/job/config", **described(_FILTERS, AT_GUEST, {"job_id": JOB, "dsl": {}, "runtime_conf": {}, "model_info": {}})
)
async def config(site: ThisSite, body: JsonBody) -> Response:
    """The documents of the first job record that fits the given values."""
    found = ordered(await newest_first(site, job_records, body.members, need_wish=True), body.members)
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


@router.get("/job/log", **_LOGS)
@router.post("/job/log/download", **_LOGS)
async def log(request: Request, site: ThisSite, body: JsonBody) -> Response:
    """All logs of a job as tar.gz; a failure has HTTP status 210."""
    try:
        body.require("job_id")
        directory = site.home.job_logs(body.text("job_id"))
        if not directory.is_dir():
            raise NotFound(f"Log file path: {directory} not found. Please check if the job id is valid.")
        archive = await asyncio.to_thread(log_archive, directory)
    except FateFlowError as error:
        return file_failure(request, error)
    return tar_answer(archive, f"job_{directory.name}_log.tar.gz")


@router.post(
    "/job/data/view/query",
    **described(members("job_id", role=TEXT, party_id=TEXT, component_name=TEXT), {"job_id": JOB}, [_VIEW]),
)
async def data_view_query(site: ThisSite, body: JsonBody) -> Response:
    """The output tables of a job's tasks at this site's parties."""
    body.require("job_id")
    state = site.jobs.state(body.text("job_id"))
    wishes = {name: wish for name, wish in body.members.items() if name != "status"}
    views = data_views(state) if state else []
    found = [view for view in views if fits(view, usable(view, wishes))]
    return answer(found) if found else answer(retcode=101, retmsg="find data view failed")


@router.post("/job/clean/queue", **described(answer={JOB: 0}))
async def clean_queue(site: ThisSite, client: ClientName) -> Response:
    """Cancels all waiting jobs that this site drives."""
    return answer(await site.jobs.clean_queue(by=client))


@router.post(
    "/job/url/get",
    **described(members("job_id", "role", "party_id"), AT_GUEST, {"board_url": ["http://127.0.0.1:9380/"]}),
)
async def url_get(site: ThisSite, address: ThisAddress, body: JsonBody) -> Response:
    """Where a board shows this job."""
    body.require("job_id", "role", "party_id")
    party, state = body.party(), site.jobs.state(body.text("job_id"))
    if party is None or state is None or str(party) not in state.parties:
        raise NotFound("no found job")
    return answer({"board_url": [board_url(address, state.job_id, party)]})


def _reuse(body: Body) -> str | bool:
    value = body.text("reuse")
    return value if value.isdigit() and len(value) > 1 else body.flag("reuse")


def _end_status(word: str) -> Status:
    if word not in ENDED:
        raise BadRequest(f"stop_status is {word!r}", hint=f"one of {', '.join(sorted(ENDED))}")
    return Status(word)

"""FATE-Flow's `tracking` and `pipeline` apps: metrics, parameters, outputs, summaries, the DAG."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.artifacts import metrics
from fateflow_tui.artifacts.models import ComponentModel, PartyModels
from fateflow_tui.core.errors import BadRequest, FateFlowError, NotFound
from fateflow_tui.core.ids import Party, party_model_id
from fateflow_tui.core.plan import PartyDocument
from fateflow_tui.core.records import JobState, TaskRecord
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.archives import json_file_answer, tar_answer
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.fate.envelope import answer, file_failure
from fateflow_tui.server.fate.records import own_documents
from fateflow_tui.server.job_views import dependencies
from fateflow_tui.server.openapi import AT_GUEST, FLAG, JOB, JSON_FILE, NUMBER, OBJECT, TAR, TEXT, described, members
from fateflow_tui.server.requests import Body, JsonBody
from fateflow_tui.server.tables.reading import previews, table_archive
from fateflow_tui.server.tracking import (
    check_component,
    components_of,
    data_view,
    initiator_of,
    newest_run,
    output_tables,
)

router = APIRouter(tags=["tracking (FATE-Flow 1.x)"])

_JOB_HINT = "`fateflow job list` shows the jobs of this site"

_PLACE = {"role": TEXT, "party_id": TEXT}
_COMPONENT = members("job_id", "component_name", **_PLACE)
_AT_PARTY = members("job_id", "role", "party_id", "component_name")
_METRIC = members("job_id", "component_name", "metric_namespace", "metric_name", **_PLACE)
_SUMMARY = members("job_id", "role", "party_id", "component_name", filename=TEXT)
_DAG = members(job_id=TEXT, job_dsl=OBJECT, **_PLACE)
_EXAMPLE = {**AT_GUEST, "component_name": "dataio_0"}
_METRIC_EXAMPLE = {**_EXAMPLE, "metric_namespace": "train", "metric_name": "loss"}
_SERIES = {"data": [[0, 0.69]], "meta": {"name": "loss", "metric_type": "LOSS"}}
_ROWS = described(members("job_id", "component_name", **_PLACE, limit=NUMBER, head=FLAG), _EXAMPLE, file=TAR)


@router.post("/tracking/component/metrics", **described(_COMPONENT, _EXAMPLE, {"train": ["loss"]}))
async def component_metrics(site: ThisSite, body: JsonBody) -> Response:
    """The names of a component's series by namespace."""
    series = await _series(site, body)
    names = {namespace: list(of_namespace) for namespace, of_namespace in series.items()}
    return answer(names, retmsg="success" if names else "no data")


@router.post("/tracking/component/metric/all", **described(_COMPONENT, _EXAMPLE, {"train": {"loss": _SERIES}}))
async def metric_all(site: ThisSite, body: JsonBody) -> Response:
    """All series of a component with points and meta."""
    series = await _series(site, body)
    return answer(series, retmsg="success" if series else "no data")


@router.post(
    "/tracking/component/metric_data", **described(_METRIC, _METRIC_EXAMPLE, _SERIES["data"], meta=_SERIES["meta"])
)
async def metric_data(site: ThisSite, body: JsonBody) -> Response:
    """One series: its points as `data`, its meta beside it."""
    body.require("metric_namespace", "metric_name")
    series = await _series(site, body)
    one = series.get(body.text("metric_namespace"), {}).get(body.text("metric_name"))
    if one is None:
        return answer([], meta={"name": None, "metric_type": None})
    return answer(one["data"], meta=one["meta"])


@router.post(
    "/tracking/component/parameters",
    **described(_COMPONENT, _EXAMPLE, {"module": "DataIO", "DataIOParam": {"with_label": True}}),
)
async def parameters(site: ThisSite, body: JsonBody) -> Response:
    """A component's merged parameters at a party, and its module."""
    body.require("job_id", "component_name")
    state = site.jobs.state(body.text("job_id"))
    if state is None:
        raise NotFound("can not found this job", hint=_JOB_HINT)
    component = body.text("component_name")
    check_component(state, component)
    document = own_documents(state).get(str(body.party() or initiator_of(state)))
    plan = next((plan for plan in document.tasks if plan.component == component), None) if document else None
    if plan is None:
        return answer(retmsg="can not found this component parameters")
    facts = None
    with contextlib.suppress(FateFlowError):  # of an old job whose module cannot be loaded any more
        facts = site.catalog.facts(plan.module)
    name = facts.parameter_class if facts else "ComponentParam"
    return answer({"module": plan.module, name: plan.parameters})


@router.post(
    "/tracking/component/list",
    **described(members("job_id"), {"job_id": JOB}, {"components": ["reader_0", "dataio_0"]}),
)
async def component_list(site: ThisSite, body: JsonBody) -> Response:
    """The components of a job in the order of its DSL."""
    state = site.jobs.state(body.text("job_id"))
    if state is None:
        raise BadRequest("No job matched, please make sure the job id is valid.", hint=_JOB_HINT)
    return answer({"components": components_of(state)})


@router.post(
    "/tracking/component/output/data",
    **described(_COMPONENT, _EXAMPLE, [[["1", "0.5"]]], meta={"header": [["sid", "x0"]], "total": [1]}),
)
async def output_data(site: ThisSite, body: JsonBody) -> Response:
    """The first 100 rows of each output table; `meta` has their headers, row counts and names."""
    task = _task(site, body)
    tables = _tables(task)
    if not tables:
        return answer([], retmsg="no data")
    shown = await previews(site.tables.root, tables)
    return answer(shown["rows"], meta={name: shown[name] for name in ("header", "total", "names")})


@router.get("/tracking/component/output/data/download", **_ROWS)
@router.post("/tracking/component/output/data/download", **_ROWS)
async def output_data_download(request: Request, site: ThisSite, body: JsonBody) -> Response:
    """The output tables as tar.gz of CSV and meta files. `limit`: rows of each, -1 for all. `head`: a header line."""
    try:
        limit = body.integer("limit", -1)
        if limit == 0:
            raise BadRequest("limit is 0")
        task = _task(site, body)
        tables = _tables(task)
        archive = await table_archive(site.tables.root, tables, limit=limit, head=body.flag("head", True))
        if task is None or not archive.read(1):
            archive.close()
            raise NotFound("no data")
        archive.seek(0)
    except FateFlowError as error:
        return file_failure(request, error)
    party = f"{task.party.role}_{task.party.party_id}"
    return tar_answer(archive, f"job_{task.job_id}_{task.component}_{party}_output_data.tar.gz")


@router.post(
    "/tracking/component/output/data/table",
    **described(_AT_PARTY, _EXAMPLE, [{"table_name": "t", "table_namespace": "n"}]),
)
async def output_data_table(site: ThisSite, body: JsonBody) -> Response:
    """Names of the output tables of a component at a party of this site."""
    body.require("job_id", "role", "party_id", "component_name")
    if site.jobs.state(body.text("job_id")) is None:
        raise BadRequest("No found job", hint=_JOB_HINT)
    outputs = output_tables(_task(site, body))
    if not outputs:
        raise BadRequest("No found table, please check if the parameters are correct")
    return answer(
        [{"table_name": one.table, "table_namespace": one.namespace, "data_name": one.name} for one in outputs]
    )


@router.post(
    "/tracking/component/summary/download", **described(_SUMMARY, _EXAMPLE, {"best_iteration": 9}, file=JSON_FILE)
)
async def summary(request: Request, site: ThisSite, body: JsonBody) -> Response:
    """What a component says of its result; as a file when `filename` is given. A failure has HTTP status 210."""
    try:
        body.require("job_id", "component_name", "role", "party_id")
        state, party = site.jobs.state(body.text("job_id")), body.party()
        task = newest_run(state, party, body.text("component_name")) if state and party else None
        if task is None or not task.summary:
            raise NotFound("No component summary found, please check if arguments are specified correctly.")
        if body.text("filename"):
            return json_file_answer(task.summary, body.text("filename"))
    except FateFlowError as error:
        return file_failure(request, error)
    return answer(task.summary)


@router.post(
    "/tracking/job/data_view",
    **described(members("job_id", role=TEXT, party_id=TEXT), AT_GUEST, {"partner": {"host": [10000]}}),
)
async def job_data_view(site: ThisSite, body: JsonBody) -> Response:
    """Who takes part in a job and with which tables."""
    state = _job(site, body)
    document = own_documents(state).get(str(body.party() or initiator_of(state)))
    if document is None:
        raise NotFound(f"job {state.job_id} has no party {body.party()} at this site")
    return answer(data_view(state, document, site.catalog))


@router.post(
    "/pipeline/dag/dependency", **described(_DAG, AT_GUEST, {"component_list": ["reader_0"], "dependencies": {}})
)
async def dag_dependency(site: ThisSite, body: JsonBody) -> Response:
    """The DAG of a job, or of the DSL that the request brings as `job_dsl`."""
    if not body.text("job_id"):
        return answer(dependencies(body.mapping("job_dsl")))
    state = site.jobs.state(body.text("job_id"))
    if state is None:
        raise BadRequest(f"query job {body.text('job_id')} failed", hint=_JOB_HINT)
    documents = own_documents(state)
    document = documents.get(str(body.party())) or next(iter(documents.values()), None)
    return answer(dependencies(document.dsl if document else {}))


def _job(site: Site, body: Body) -> JobState:
    body.require("job_id")
    state = site.jobs.state(body.text("job_id"))
    if state is None:
        raise NotFound(f"can not found job {body.text('job_id')}", hint=_JOB_HINT)
    return state


def _party(state: JobState, body: Body) -> Party:
    return body.party() or initiator_of(state)


def _task(site: Site, body: Body) -> TaskRecord | None:
    """The newest run of the named component; None before it ran, or when its party is not here."""
    body.require("job_id", "component_name")
    state = site.jobs.state(body.text("job_id"))
    if state is None:
        raise BadRequest(f"can not found job {body.text('job_id')}", hint=_JOB_HINT)
    check_component(state, body.text("component_name"))
    return newest_run(state, _party(state, body), body.text("component_name"))


def _tables(task: TaskRecord | None) -> list[tuple[str, str, str]]:
    return [(output.name, output.namespace, output.table) for output in output_tables(task)]


async def _series(site: Site, body: Body) -> dict[str, Any]:
    body.require("job_id", "component_name")
    state = _job(site, body)
    task = newest_run(state, _party(state, body), body.text("component_name"))
    if task is None:
        return {}
    path = site.home.metrics(task.job_id, task.party, task.component, task.version)
    return await asyncio.to_thread(metrics.read, path)


@router.post(
    "/tracking/component/output/model",
    **described(
        members("job_id", "component_name", role=TEXT, party_id=TEXT),
        {**AT_GUEST, "component_name": "hetero_lr_0"},
        {"iters": 3, "intercept": 0.519, "weight": {"x0": -0.205}},
        meta={"meta_data": {"maxIter": "3"}, "module_name": "HeteroLR"},
    ),
)
async def output_model(site: ThisSite, body: JsonBody) -> Response:
    """What a component has learned at a party of this site; of a predict job, what it predicts with. `meta` has how
    it was trained and the module.
    """
    body.require("job_id", "component_name")
    state = site.jobs.state(body.text("job_id"))
    if state is None:
        raise BadRequest(
            f"can not found job {body.text('job_id')}", hint="`fateflow job list` shows the jobs of this site"
        )
    component = body.text("component_name")
    check_component(state, component)
    document = own_documents(state).get(str(body.party() or initiator_of(state)))
    model = await asyncio.to_thread(_model, site, document, component) if document else None
    if model is None:
        return answer({}, retmsg="no data")
    return answer(model.parameters, meta={"meta_data": model.meta, "module_name": model.module})


def _model(site: Site, document: PartyDocument, component: str) -> ComponentModel | None:
    """A predict job's document names the version that it uses, a training job's the one that it makes."""
    plan = next((plan for plan in document.tasks if plan.component == component), None)
    if plan is None:
        return None
    used = [reference.split(".") for reference in plan.inputs.get("model", [])]
    aliases = [parts[2] for parts in used if len(parts) == 3 and parts[1] == component]
    models = PartyModels(site.home.models)
    for alias in dict.fromkeys([plan.model_port, *aliases]):
        try:
            owner = party_model_id(document.party, document.model_id)
            return models.load(owner, document.model_version, component, alias)
        except NotFound:
            continue
    return None

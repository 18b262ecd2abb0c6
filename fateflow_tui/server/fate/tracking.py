"""FATE-Flow's `tracking` and `pipeline` apps: metrics, parameters, outputs, summaries, the DAG."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated, Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.artifacts import metrics
from fateflow_tui.artifacts.models import ComponentModel, PartyModels
from fateflow_tui.core.errors import BadRequest, FateFlowError, NotFound
from fateflow_tui.core.ids import Party, party_model_id
from fateflow_tui.core.plan import PartyDocument
from fateflow_tui.core.records import JobState, TaskRecord
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.archives import json_file_answer, tar_answer
from fateflow_tui.server.context import JOB_HINT, ThisSite
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.fate.records import own_documents
from fateflow_tui.server.job_views import dependencies
from fateflow_tui.server.openapi import AT_GUEST, JOB, JSON_FILE, TAR, answers
from fateflow_tui.server.requests import NO_MEMBERS, AtParty, Flag, Int, JobId, Json, Object, RequestBody, Text
from fateflow_tui.server.tables.reading import previews, table_archive
from fateflow_tui.server.tracking import (
    check_component,
    components_of,
    data_view,
    initiator_of,
    output_tables,
)

router = APIRouter(tags=["tracking (FATE-Flow 1.x)"])

_COMPONENT: Final = {**AT_GUEST, "component_name": "dataio_0"}
_SERIES: Final = {"data": [[0, 0.69]], "meta": {"name": "loss", "metric_type": "LOSS"}}


class JobAtPartyRequest(AtParty, example=AT_GUEST):
    """Without a party, the initiator."""

    job_id: Text

    def party(self, state: JobState) -> Party:
        return self.party_or_none() or initiator_of(state)


class ComponentRequest(JobAtPartyRequest, example=_COMPONENT):
    component_name: Text


class MetricRequest(ComponentRequest, example={**_COMPONENT, "metric_namespace": "train", "metric_name": "loss"}):
    metric_namespace: Text
    metric_name: Text


class ComponentAtPartyRequest(RequestBody, example=_COMPONENT):
    job_id: Text
    role: Text
    party_id: Text
    component_name: Text


class SummaryRequest(ComponentAtPartyRequest):
    filename: Annotated[Text, "answer with a file of this name"] = ""


class DownloadOutputRequest(ComponentRequest):
    limit: Annotated[Int, "rows of each table; -1 for all"] = -1
    head: Annotated[Flag, "with a header line"] = True


class ListComponentsRequest(RequestBody, example={"job_id": JOB}):
    job_id: JobId


class DagRequest(AtParty, example=AT_GUEST):
    job_id: Text = ""
    job_dsl: Annotated[Object, "a DSL in place of a job"] = NO_MEMBERS


@router.post("/tracking/component/metrics", **answers({"train": ["loss"]}))
async def component_metrics(site: ThisSite, body: Json[ComponentRequest]) -> Response:
    """List the metric series of a component by namespace."""
    series = await _series(site, body)
    names = {namespace: list(of_namespace) for namespace, of_namespace in series.items()}
    return answer(names, retmsg="success" if names else "no data")


@router.post("/tracking/component/metric/all", **answers({"train": {"loss": _SERIES}}))
async def metric_all(site: ThisSite, body: Json[ComponentRequest]) -> Response:
    """Return all metric series of a component with their points and meta."""
    series = await _series(site, body)
    return answer(series, retmsg="success" if series else "no data")


@router.post("/tracking/component/metric_data", **answers(_SERIES["data"], meta=_SERIES["meta"]))
async def metric_data(site: ThisSite, body: Json[MetricRequest]) -> Response:
    """Return one metric series: its points as `data`, its meta beside them."""
    series = await _series(site, body)
    one = series.get(body.metric_namespace, {}).get(body.metric_name)
    if one is None:
        return answer([], meta={"name": None, "metric_type": None})
    return answer(one["data"], meta=one["meta"])


@router.post("/tracking/component/parameters", **answers({"module": "DataIO", "DataIOParam": {"with_label": True}}))
async def parameters(site: ThisSite, body: Json[ComponentRequest]) -> Response:
    """Return the effective parameters of a component at a party, and its module."""
    state = site.jobs.state(body.job_id)
    if state is None:
        raise NotFound("can not found this job", hint=JOB_HINT)
    check_component(state, body.component_name)
    document = own_documents(state).get(str(body.party(state)))
    plan = next((plan for plan in document.tasks if plan.component == body.component_name), None) if document else None
    if plan is None:
        return answer(retmsg="can not found this component parameters")
    facts = None
    with contextlib.suppress(FateFlowError):  # an old job's module may no longer be loadable
        facts = site.catalog.facts(plan.module)
    name = facts.parameter_class if facts else "ComponentParam"
    return answer({"module": plan.module, name: plan.parameters})


@router.post("/tracking/component/list", **answers({"components": ["reader_0", "dataio_0"]}))
async def component_list(site: ThisSite, body: Json[ListComponentsRequest]) -> Response:
    """List the components of a job in the order of its DSL."""
    state = site.jobs.state(body.job_id)
    if state is None:
        raise BadRequest("No job matched, please make sure the job id is valid.", hint=JOB_HINT)
    return answer({"components": components_of(state)})


@router.post(
    "/tracking/component/output/data", **answers([[["1", "0.5"]]], meta={"header": [["sid", "x0"]], "total": [1]})
)
async def output_data(site: ThisSite, body: Json[ComponentRequest]) -> Response:
    """Return the first 100 rows of each output table; `meta` has their headers, row counts and names."""
    tables = _tables(_task(site, body))
    if not tables:
        return answer([], retmsg="no data")
    found = await previews(site.tables.root, tables)
    return answer(found["rows"], meta={name: found[name] for name in ("header", "total", "names")})


@router.get("/tracking/component/output/data/download", **answers(file=TAR))
@router.post("/tracking/component/output/data/download", **answers(file=TAR))
async def output_data_download(site: ThisSite, body: Json[DownloadOutputRequest]) -> Response:
    """Download the output tables as tar.gz of CSV and meta files."""
    if body.limit == 0:
        raise BadRequest("limit must not be 0")
    task = _task(site, body)
    archive = await table_archive(site.tables.root, _tables(task), limit=body.limit, head=body.head)
    if task is None or not archive.read(1):
        archive.close()
        raise NotFound("no data")
    archive.seek(0)
    party = f"{task.party.role}_{task.party.party_id}"
    return tar_answer(archive, f"job_{task.job_id}_{task.component}_{party}_output_data.tar.gz")


@router.post("/tracking/component/output/data/table", **answers([{"table_name": "t", "table_namespace": "n"}]))
async def output_data_table(site: ThisSite, body: Json[ComponentAtPartyRequest]) -> Response:
    """List the names of the output tables of a component at a party of this site."""
    state = site.jobs.state(body.job_id)
    if state is None:
        raise BadRequest("No found job", hint=JOB_HINT)
    check_component(state, body.component_name)
    outputs = output_tables(state.newest_run(Party(body.role, body.party_id), body.component_name))
    if not outputs:
        raise BadRequest("No found table, please check if the parameters are correct")
    return answer(
        [{"table_name": one.table, "table_namespace": one.namespace, "data_name": one.name} for one in outputs]
    )


@router.post("/tracking/component/summary/download", **answers({"best_iteration": 9}, file=JSON_FILE))
async def summary(site: ThisSite, body: Json[SummaryRequest]) -> Response:
    """Return the summary of a component's result."""
    state = site.jobs.state(body.job_id)
    task = state.newest_run(Party(body.role, body.party_id), body.component_name) if state else None
    if task is None or not task.summary:
        raise NotFound("No component summary found, please check if arguments are specified correctly.")
    return json_file_answer(task.summary, body.filename) if body.filename else answer(task.summary)


@router.post(
    "/tracking/component/output/model",
    **answers(
        {"iters": 3, "intercept": 0.519, "weight": {"x0": -0.205}},
        meta={"meta_data": {"maxIter": "3"}, "module_name": "HeteroLR"},
    ),
)
async def output_model(site: ThisSite, body: Json[ComponentRequest]) -> Response:
    """Return the model of a component at a party of this site; for a predict job, the model that it uses. `meta` has
    the training parameters and the module.
    """
    state = site.jobs.state(body.job_id)
    if state is None:
        raise BadRequest(f"can not found job {body.job_id}", hint=JOB_HINT)
    check_component(state, body.component_name)
    document = own_documents(state).get(str(body.party(state)))
    model = await asyncio.to_thread(_model, site, document, body.component_name) if document else None
    if model is None:
        return answer({}, retmsg="no data")
    return answer(model.parameters, meta={"meta_data": model.meta, "module_name": model.module})


@router.post("/tracking/job/data_view", **answers({"partner": {"host": [10000]}}))
async def job_data_view(site: ThisSite, body: Json[JobAtPartyRequest]) -> Response:
    """Show which parties take part in a job, and with which tables."""
    state = _job(site, body)
    document = own_documents(state).get(str(body.party(state)))
    if document is None:
        raise NotFound(f"job {state.job_id} has no party {body.party(state)} at this site")
    return answer(data_view(state, document, site.catalog))


@router.post("/pipeline/dag/dependency", **answers({"component_list": ["reader_0"], "dependencies": {}}))
async def dag_dependency(site: ThisSite, body: Json[DagRequest]) -> Response:
    """Return the DAG of a job, or of a DSL."""
    if not body.job_id:
        return answer(dependencies(body.job_dsl))
    state = site.jobs.state(body.job_id)
    if state is None:
        raise BadRequest(f"query job {body.job_id} failed", hint=JOB_HINT)
    documents = own_documents(state)
    document = documents.get(str(body.party_or_none())) or next(iter(documents.values()), None)
    return answer(dependencies(document.dsl if document else {}))


def _job(site: Site, body: JobAtPartyRequest) -> JobState:
    state = site.jobs.state(body.job_id)
    if state is None:
        raise NotFound(f"can not found job {body.job_id}", hint=JOB_HINT)
    return state


def _task(site: Site, body: ComponentRequest) -> TaskRecord | None:
    """The newest run of a component; None before it ran, or when its party is at another site."""
    state = site.jobs.state(body.job_id)
    if state is None:
        raise BadRequest(f"can not found job {body.job_id}", hint=JOB_HINT)
    check_component(state, body.component_name)
    return state.newest_run(body.party(state), body.component_name)


def _tables(task: TaskRecord | None) -> list[tuple[str, str, str]]:
    return [(output.name, output.namespace, output.table) for output in output_tables(task)]


async def _series(site: Site, body: ComponentRequest) -> dict[str, Any]:
    state = _job(site, body)
    task = state.newest_run(body.party(state), body.component_name)
    if task is None:
        return {}
    path = site.home.metrics(task.job_id, task.party, task.component, task.version)
    return await asyncio.to_thread(metrics.read, path)


def _model(site: Site, document: PartyDocument, component: str) -> ComponentModel | None:
    """Load a model: of the version that a predict job uses, or that a training job creates."""
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

"""The model that a component has learned, or predicts with, as FATE shows it."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.artifacts.models import ComponentModel, PartyModels
from fateflow_tui.core.errors import BadRequest, NotFound
from fateflow_tui.core.ids import party_model_id
from fateflow_tui.core.plan import PartyDocument
from fateflow_tui.server.body import JsonBody
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.described import AT_GUEST, TEXT, described, members
from fateflow_tui.server.door import Site
from fateflow_tui.server.envelope import answer
from fateflow_tui.server.records import own_documents
from fateflow_tui.server.tracked import check_component, initiator_of

router = APIRouter(tags=["tracking (FATE-Flow 1.x)"])


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

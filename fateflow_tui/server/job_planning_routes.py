"""Jobs before they are submitted, and beside each other."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.core.errors import BadRequest, JobNotFound
from fateflow_tui.core.records import JobState
from fateflow_tui.server.body import Body, DocumentBody, JsonBody
from fateflow_tui.server.comparing import compare
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.described import DOCUMENT, JOB, TEXT, described, members
from fateflow_tui.server.door import Site
from fateflow_tui.server.envelope import answer
from fateflow_tui.server.forecasting import forecast
from fateflow_tui.server.submission import client_free

router = APIRouter(tags=["job"])

_BODY = members(job_dsl=DOCUMENT, job_runtime_conf=DOCUMENT, reuse={"type": ["boolean", "string"]})
_EXAMPLE = {
    "job_dsl": {"components": {"sleep_0": {"module": "Sleep"}}},
    "job_runtime_conf": {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": 9999},
        "role": {"guest": [9999]},
        "job_parameters": {"common": {}},
        "component_parameters": {"common": {"sleep_0": {"seconds": 1}}},
    },
}
_FORECAST = {
    "initiator": "guest:9999",
    "job_type": "train",
    "components": ["sleep_0"],
    "expected": 1040,
    "parties": [{"party": "guest:9999", "here": True, "cores": 4, "memory": 0, "tasks": [], "leaves": []}],
}
_DIFF = {
    "a": {"job_id": JOB},
    "b": {"job_id": JOB},
    "same": False,
    "dsl": [],
    "conf": [],
    "parameters": {},
    "metrics": [],
}


@router.post("/job/plan", **described(_BODY, _EXAMPLE, _FORECAST))
async def job_plan(site: ThisSite, body: DocumentBody) -> Response:
    """What a job would do if it were submitted: for each party what runs there and for how long, what it holds, which
    tables it reads and writes, and which values may leave it. `reuse`: as in `job/submit`. Submits nothing.
    """
    dsl, conf = (_document(body, name) for name in ("job_dsl", "job_runtime_conf"))
    plan, refusals = site.jobs.draft(dsl, client_free(conf))
    here = [str(document.party) for document in plan.documents if site.config.plays(document.party)]
    source, reused = _reuse(site, body, dsl, client_free(conf))
    texts = {party: refusal.message for party, refusal in refusals.items()}
    return answer(forecast(plan, site.catalog, await site.history.usual(), here, reused, texts, source))


@router.post("/job/diff", **described(members("a", "b", party=TEXT), {"a": JOB, "b": JOB}, _DIFF))
async def job_diff(site: ThisSite, body: JsonBody) -> Response:
    """What differs between the jobs `a` and `b`: documents, effective parameters of each component, last values of
    metrics, and times. A change is {path, change, old, new, party}.
    """
    body.require("a", "b")
    one, other = _job(site, body, "a"), _job(site, body, "b")
    return answer(await asyncio.to_thread(compare, site.home, one, other))


def _document(body: Body, name: str) -> Any:
    given = body.members.get(name)
    return {} if given is None else given


def _reuse(site: Site, body: Body, dsl: Any, conf: Any) -> tuple[str, list[str]]:
    """The job that would be reused, and the components that it has done already."""
    wish = body.text("reuse")
    reuse = wish if wish.isdigit() and len(wish) > 1 else body.flag("reuse")
    if not reuse:
        return "", []
    found = site.jobs.reuse_plan(dsl, conf, reuse=reuse)
    return found.source or "", [step.component for step in found.components if str(step.action) == "reuse"]


def _job(site: Site, body: Body, name: str) -> JobState:
    job_id = body.text(name)
    if not job_id:
        raise BadRequest(f"{name} names no job")
    state = site.jobs.state(job_id)
    if state is None:
        raise JobNotFound(f"there is no job {job_id} at this site", hint="`fateflow job list` shows its jobs")
    return state

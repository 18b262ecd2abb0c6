"""What a job would take over from an earlier one, before it is submitted."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.server.body import DocumentBody
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.described import DOCUMENT, JOB, described, members
from fateflow_tui.server.envelope import answer
from fateflow_tui.server.submission import client_free

router = APIRouter(tags=["job"])

_BODY = members(job_dsl=DOCUMENT, job_runtime_conf=DOCUMENT, reuse={"type": ["boolean", "string"]})
_EXAMPLE = {
    "job_dsl": {"components": {"sleep_0": {"module": "Sleep"}}},
    "job_runtime_conf": {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": 9999},
        "role": {"guest": [9999]},
        "component_parameters": {"common": {"sleep_0": {"seconds": 1}}},
    },
}
_STEP = {
    "component": "sleep_0",
    "action": "run",
    "why": "parameters changed: seconds 0 → 1",
    "change": "parameters",
    "paths": ["seconds"],
}
_PLAN = {"source": None, "compared": JOB, "components": [_STEP], "removed": []}


@router.post("/job/reuse/plan", **described(_BODY, _EXAMPLE, _PLAN))
async def reuse_plan(site: ThisSite, body: DocumentBody) -> Response:
    """What `job/submit` with the same members would do: run each component or reuse it, and why. `reuse` is true if it
    is left out. `source`: the job that is reused, null for none; `compared`: the job that the reasons are about.
    """
    dsl = body.members.get("job_dsl")
    conf = body.members.get("job_runtime_conf")
    wish = body.text("reuse")
    reuse = wish if wish.isdigit() and len(wish) > 1 else body.flag("reuse", True)
    return answer(
        site.jobs.reuse_plan({} if dsl is None else dsl, client_free({} if conf is None else conf), reuse=reuse)
    )

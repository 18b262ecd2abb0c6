"""FATE-Flow 1.7's apps `resource` and `checkpoint`."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.core.errors import Conflict, NotFound
from fateflow_tui.server.context import ThisSite, known_job
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.openapi import JOB, NUMBER, TEXT, described, members
from fateflow_tui.server.requests import JsonBody

router = APIRouter(tags=["resource (FATE-Flow 1.7+)"])

_ENGINE = {
    "f_engine_type": "computing",
    "f_engine_name": "STANDALONE",
    "f_engine_entrance": "fateflow",
    "f_cores": 20,
    "f_memory": 0,
    "f_remaining_cores": 16,
    "f_remaining_memory": 0,
    "f_nodes": 1,
}
_IN_USE = {"job_id": JOB, "role": "guest", "party_id": "9999", "cores": 4, "memory": 0}
_MODEL = ("role", "party_id", "model_id", "model_version", "component_name")
_MODEL_EXAMPLE = {
    "role": "guest",
    "party_id": 9999,
    "model_id": "guest-9999#host-10000#model",
    "model_version": JOB,
    "component_name": "hetero_lr_0",
}


@router.post(
    "/resource/query",
    **described(answer={"computing_engine_resource": _ENGINE, "use_resource_job": [_IN_USE]}),
)
async def query(site: ThisSite) -> Response:
    """What the computing engine of this site has, what is left of it, and which jobs hold the rest. Memory in MiB,
    0 where it is not counted.
    """
    resources = site.resources()
    capacity, used = resources["capacity"], resources["used"]
    engine = {
        **_ENGINE,
        "f_cores": capacity["cores"],
        "f_memory": capacity["memory"],
        "f_remaining_cores": capacity["cores"] - used["cores"],
        "f_remaining_memory": max(0, capacity["memory"] - used["memory"]),
    }
    holders = [{"job_id": one["job_id"], **one["party"], **one["held"]} for one in resources["holders"]]
    return answer({"computing_engine_resource": engine, "use_resource_job": holders})


@router.post("/resource/return", **described(members("job_id"), {"job_id": JOB}, True))
async def give_back(site: ThisSite, body: JsonBody) -> Response:
    """Whether a job holds nothing any more. A job gives back by itself what it holds, when it ends; one that still
    runs must be stopped for that, so this is then refused.
    """
    body.require("job_id")
    job_id = known_job(site, body).job_id
    held = [one for one in site.resources()["holders"] if one["job_id"] == job_id]
    if held:
        raise Conflict(
            f"job {job_id} has not ended and holds {sum(one['held']['cores'] for one in held)} cores",
            hint=f"fateflow job stop {job_id} ends it, which gives them back",
        )
    return answer(True)


@router.post("/checkpoint/list", **described(members(*_MODEL), _MODEL_EXAMPLE, []))
async def checkpoints(body: JsonBody) -> Response:
    """The checkpoints of a component's model: none, as no module of this version writes any."""
    body.require(*_MODEL)
    return answer([])


@router.post(
    "/checkpoint/get",
    **described(members(*_MODEL, step_index=NUMBER, step_name=TEXT), {**_MODEL_EXAMPLE, "step_index": 1}),
)
async def checkpoint(body: JsonBody) -> Response:
    """One checkpoint by `step_index` or `step_name`: always a failure, as no module of this version writes any."""
    body.require(*_MODEL)
    step = body.text("step_index") or body.text("step_name")
    name = body.text("component_name")
    raise NotFound(f"component {name} has no checkpoint {step}: the modules of this version write none")

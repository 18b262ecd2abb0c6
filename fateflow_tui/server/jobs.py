"""Our own job routes: list, show, why, history, graph, plan, diff, reuse, lint."""

from __future__ import annotations

import asyncio
import re
from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.core.document import examine_job
from fateflow_tui.core.errors import BadRequest, Conflict, JobNotFound
from fateflow_tui.core.records import JobState
from fateflow_tui.runtime.site import Site
from fateflow_tui.sdk.types.jobs import JobLine
from fateflow_tui.server.context import ThisSite, known_job
from fateflow_tui.server.explain import explain
from fateflow_tui.server.explain.answer import surroundings
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.fate.filters import each
from fateflow_tui.server.fate.jobs import client_free
from fateflow_tui.server.forecast import forecast
from fateflow_tui.server.job_diff import compare
from fateflow_tui.server.job_views import job_line, job_view
from fateflow_tui.server.openapi import DOCUMENT, JOB, NUMBER, RERUN, TEXT, TEXTS, described, members
from fateflow_tui.server.requests import Body, DocumentBody, JsonBody

router = APIRouter(tags=["job"])

AnyLine = TypeVar("AnyLine", bound=JobLine)

_LISTED = 20
_PLACE = re.compile(r"[1-9][0-9]{0,8}")

_LINE = {"job_id": JOB, "status": "success"}
_WHY: dict[str, Any] = {
    **_LINE,
    "why": {"kind": "success", "text": "it succeeded in 4.2 s"},
    "further": [],
    "waiting": None,
    "cards": [],
}
_ENTRY = {"at": 1732413416000, "kind": "status", "component": "dataio_0", "text": "success"}
_STEP = {"component": "dataio_0", "action": "run", "why": "it failed"}


@router.post(
    "/job/list",
    **described(members(limit=NUMBER, status=TEXTS, role=TEXT, party_id=TEXT, before=TEXT), {"limit": 20}, [_LINE]),
)
async def job_list(site: ThisSite, body: JsonBody) -> Response:
    """Jobs in short, newest first. `limit` (20; 0 for all), `status` (one or several), `role` and `party_id`;
    `before`: the job after which the list is to go on.
    """
    limit, statuses, party = body.integer("limit", _LISTED), body.texts("status"), body.party()
    found: list[Any] = []
    async for state in each(site.jobs.states(before=body.text("before"))):
        line = _waiting_here(site, job_line(state))
        if (not statuses or line.status in statuses) and (party is None or str(party) in line.parties):
            found.append(line)
        if 0 < limit <= len(found):
            break
    return answer(found)


@router.post("/job/resolve", **described(members("word"), {"word": "@last"}, {"job_id": JOB}))
async def job_resolve(site: ThisSite, body: JsonBody) -> Response:
    """The whole id of the job that `word` means: an id, its unique beginning, `@last`, or `@1` for the newest, `@2`
    for the one before.
    """
    body.require("word")
    word = body.text("word")
    if word.startswith("@"):
        return answer({"job_id": _by_age(site, word)})
    if site.jobs.state(word) is not None:
        return answer({"job_id": word})
    matches = [state.job_id async for state in each(site.jobs.states()) if state.job_id.startswith(word)]
    if not matches:
        raise JobNotFound(f"there is no job {word} at this site", hint="`fateflow job list` shows its jobs")
    if len(matches) > 1:
        shown = ", ".join(matches[:5])
        raise Conflict(f"{word} is the beginning of {len(matches)} jobs: {shown}", hint="give more digits")
    return answer({"job_id": matches[0]})


@router.post("/job/show", **described(members("job_id"), {"job_id": JOB}, {**_LINE, "components": [], "cards": []}))
async def job_show(site: ThisSite, body: JsonBody) -> Response:
    """One job whole: parties, components, failure cards, what it waits for."""
    return answer(_waiting_here(site, job_view(known_job(site, body))))


@router.post("/job/why", **described(members("job_id", component_name=TEXT), {"job_id": JOB}, _WHY))
async def job_why(site: ThisSite, body: JsonBody) -> Response:
    """Why a job is as it is, or with `component_name` one of its components: `why` is the chief reason (kind, cause,
    text, mend, and the facts that belong to it), `further` what else there is to say.
    """
    state, component = known_job(site, body), body.text("component_name")
    return answer(explain(state, await surroundings(site, state, component), component))


@router.post(
    "/job/story",
    **described(members("job_id", component_name=TEXT, role=TEXT, party_id=TEXT), {"job_id": JOB}, [_ENTRY]),
)
async def job_story(site: ThisSite, body: JsonBody) -> Response:
    """All that happened to a job, in order; `component_name` for one component's part, `role` and `party_id` for one
    party's.
    """
    story, component, party = known_job(site, body).story, body.text("component_name"), body.party()
    return answer(
        [
            entry
            for entry in story
            if component in ("", entry.component) and (party is None or entry.party == str(party))
        ]
    )


@router.post("/job/rerun/plan", **described(RERUN, {"job_id": JOB}, [_STEP]))
async def rerun_plan(site: ThisSite, body: JsonBody) -> Response:
    """What `job/rerun` would do with the same members: `component`, `action` (run, reuse, skip) and `why` of each."""
    state = known_job(site, body)
    names = [name for name in body.texts("component_name") if name != "pipeline"]
    steps = site.jobs.rerun_plan(
        state.job_id,
        names,
        body.flag("force"),
        body.mapping("job_parameters"),
        body.mapping("component_parameters"),
    )
    return answer(list(steps))


@router.post("/job/graph", **described(members("job_id"), {"job_id": JOB}, {**_LINE, "components": []}))
async def job_graph(site: ThisSite, body: JsonBody) -> Response:
    """The components in topological order with what each needs and how it stands."""
    view = job_view(known_job(site, body))
    return answer({"job_id": view.job_id, "status": view.status, "components": view.components})


@router.post(
    "/dsl/lint", **described(members(job_dsl=DOCUMENT, job_runtime_conf=DOCUMENT), {"job_dsl": {"components": {}}}, [])
)
async def dsl_lint(site: ThisSite, body: DocumentBody) -> Response:
    """All problems of `job_dsl` and `job_runtime_conf` (objects or JSON texts), warnings included; runs nothing."""
    dsl = body.members.get("job_dsl")
    conf = body.members.get("job_runtime_conf")
    _, problems = examine_job({} if dsl is None else dsl, client_free({} if conf is None else conf), site.catalog)
    return answer([problem.to_dict() for problem in problems])


def _by_age(site: Site, word: str) -> str:
    place = "1" if word == "@last" else word[1:]
    if not _PLACE.fullmatch(place):
        raise BadRequest(f"{word} means no job", hint="write @last, or @1 for the newest, @2 for the one before")
    states = list(site.jobs.states(int(place)))
    if len(states) < int(place):
        raise JobNotFound(f"there is no {word}: this site has {len(states)} jobs")
    return str(states[-1].job_id)


def _waiting_here(site: Site, line: AnyLine) -> AnyLine:
    """With what a job of another site's driver waits for as far as this site can tell: the driver's word, or room."""
    if line.waiting is not None or line.status.ended:
        return line
    return msgspec.structs.replace(line, waiting=site.waiting(line.job_id))


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
    wish = body.text("reuse")
    reuse = wish if wish.isdigit() and len(wish) > 1 else body.flag("reuse")
    draft = site.jobs.draft(dsl, client_free(conf), reuse=reuse)
    here = [str(document.party) for document in draft.plan.documents if site.config.plays(document.party)]
    durations = await site.task_durations.by_module()
    texts = {party: refusal.text for party, refusal in draft.refusals.items()}
    steps = draft.reuse.components if draft.reuse else []
    reused = [step.component for step in steps if str(step.action) == "reuse"]
    source = (draft.reuse.source if draft.reuse else None) or ""
    return answer(forecast(draft.plan, site.catalog, durations, here, reused, texts, source))


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


def _job(site: Site, body: Body, name: str) -> JobState:
    job_id = body.text(name)
    if not job_id:
        raise BadRequest(f"{name} names no job")
    state = site.jobs.state(job_id)
    if state is None:
        raise JobNotFound(f"there is no job {job_id} at this site", hint="`fateflow job list` shows its jobs")
    return state


_REUSE_EXAMPLE = {
    "job_dsl": {"components": {"sleep_0": {"module": "Sleep"}}},
    "job_runtime_conf": {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": 9999},
        "role": {"guest": [9999]},
        "component_parameters": {"common": {"sleep_0": {"seconds": 1}}},
    },
}
_REUSE_STEP = {
    "component": "sleep_0",
    "action": "run",
    "why": "parameters changed: seconds 0 → 1",
    "change": "parameters",
    "paths": ["seconds"],
}
_PLAN = {"source": None, "compared": JOB, "components": [_REUSE_STEP], "removed": []}


@router.post("/job/reuse/plan", **described(_BODY, _REUSE_EXAMPLE, _PLAN))
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

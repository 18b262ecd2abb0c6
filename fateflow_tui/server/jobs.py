"""Routes of our own about jobs: list, show, explain, history, graph, plan, diff, reuse, lint."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Any, Final, TypeVar

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.core.document import examine_job
from fateflow_tui.core.errors import BadRequest, Conflict, JobNotFound
from fateflow_tui.core.ids import ids_matching
from fateflow_tui.core.records import JobState
from fateflow_tui.runtime.site import Site
from fateflow_tui.sdk.types.jobs import JobLine
from fateflow_tui.server.context import JOB_HINT, ThisSite, known_job
from fateflow_tui.server.explain import explain
from fateflow_tui.server.explain.answer import site_context
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.fate.filters import each
from fateflow_tui.server.fate.jobs import JobDocuments, PlanRequest, RerunRequest
from fateflow_tui.server.forecast import forecast
from fateflow_tui.server.job_diff import diff_jobs
from fateflow_tui.server.job_views import job_line, job_view, with_module_facts
from fateflow_tui.server.openapi import JOB, answers
from fateflow_tui.server.requests import AtParty, Int, JobId, Json, RequestBody, Reuse, Text, Texts

router = APIRouter(tags=["job"])

AnyLine = TypeVar("AnyLine", bound=JobLine)

_INDEX: Final = re.compile(r"[1-9][0-9]{0,8}")

_LINE: Final = {"job_id": JOB, "status": "success"}
_WHY: Final[dict[str, Any]] = {
    **_LINE,
    "why": {"kind": "success", "text": "the job succeeded in 4.2 s"},
    "further": [],
    "waiting": None,
    "cards": [],
}
_ENTRY: Final = {"at": 1732413416000, "kind": "status", "component": "dataio_0", "text": "success"}
_STEP: Final = {"component": "dataio_0", "action": "run", "why": "it failed"}
_FORECAST: Final = {
    "initiator": "guest:9999",
    "job_type": "train",
    "components": ["sleep_0"],
    "expected": 1040,
    "parties": [{"party": "guest:9999", "here": True, "cores": 4, "memory": 0, "tasks": [], "leaves": []}],
}
_DIFF: Final = {
    "a": {"job_id": JOB},
    "b": {"job_id": JOB},
    "same": False,
    "dsl": [],
    "conf": [],
    "parameters": {},
    "metrics": [],
}
_REUSE_STEP: Final = {
    "component": "sleep_0",
    "action": "run",
    "why": "parameters changed: seconds 0 → 1",
    "change": "parameters",
    "paths": ["seconds"],
}
_REUSE_PLAN: Final = {"source": None, "compared": JOB, "components": [_REUSE_STEP], "removed": []}


class JobRequest(RequestBody, example={"job_id": JOB}):
    job_id: JobId


class ListJobsRequest(AtParty, example={"limit": 20}):
    limit: Annotated[Int, "the number of jobs; 0 for all"] = 20
    status: Texts = ()
    before: Annotated[Text, "the job after which the list continues"] = ""


class ResolveJobRequest(RequestBody, example={"word": "@last"}):
    word: Annotated[Text, "an id, its unique beginning or end, @last, or @1 for the newest job, @2 for the one before"]


class ExplainRequest(JobRequest):
    component_name: Text = ""


class HistoryRequest(AtParty, example={"job_id": JOB}):
    job_id: JobId
    component_name: Text = ""


class DiffJobsRequest(RequestBody, example={"a": JOB, "b": JOB}):
    a: Text
    b: Text
    party: Text = ""


class ReuseRequest(JobDocuments):
    reuse: Reuse = True


@router.post("/job/list", **answers([_LINE]))
async def job_list(site: ThisSite, body: Json[ListJobsRequest]) -> Response:
    """List jobs, newest first."""
    party = body.party_or_none()
    found: list[Any] = []
    async for state in each(site.jobs.states(before=body.before)):
        line = _with_waiting(site, job_line(state))
        if (not body.status or line.status in body.status) and (party is None or str(party) in line.parties):
            found.append(line)
        if 0 < body.limit <= len(found):
            break
    return answer(found)


@router.post("/job/resolve", **answers({"job_id": JOB}))
async def job_resolve(site: ThisSite, body: Json[ResolveJobRequest]) -> Response:
    """Return the full id of the job that a word refers to."""
    word = body.word
    if word.startswith("@"):
        return answer({"job_id": _by_age(site, word)})
    if site.jobs.state(word) is not None:
        return answer({"job_id": word})
    matches = ids_matching(word, [state.job_id async for state in each(site.jobs.states())])
    if not matches:
        raise JobNotFound(f"there is no job {word} at this site", hint=JOB_HINT)
    if len(matches) > 1:
        shown = ", ".join(matches[:5])
        raise Conflict(f"{len(matches)} jobs begin or end with {word}: {shown}", hint="give more digits")
    return answer({"job_id": matches[0]})


@router.post("/job/show", **answers({**_LINE, "components": [], "cards": []}))
async def job_show(site: ThisSite, body: Json[JobRequest]) -> Response:
    """Show a job with its parties, components, failure cards and what it waits for."""
    view = with_module_facts(job_view(known_job(site, body.job_id)), site.catalog)
    return answer(with_hints(_with_waiting(site, view)))


@router.post("/job/why", **answers(_WHY))
async def job_why(site: ThisSite, body: Json[ExplainRequest]) -> Response:
    """Explain the status of a job, or of one of its components. `why` is the main reason (kind, cause, text, hint and
    the facts that belong to it), `further` lists the others.
    """
    state, component = known_job(site, body.job_id), body.component_name
    return answer(with_hints(explain(state, await site_context(site, state, component), component)))


@router.post("/job/story", **answers([_ENTRY]))
async def job_history(site: ThisSite, body: Json[HistoryRequest]) -> Response:
    """List the history of a job in order, optionally of one component or one party only."""
    component, party = body.component_name, body.party_or_none()
    return answer(
        [
            entry
            for entry in known_job(site, body.job_id).story
            if component in ("", entry.component) and (party is None or entry.party == str(party))
        ]
    )


@router.post("/job/rerun/plan", **answers([_STEP]))
async def rerun_plan(site: ThisSite, body: Json[RerunRequest]) -> Response:
    """Preview a rerun with the same members: `component`, `action` (run, reuse, skip) and `why` of each component."""
    state = known_job(site, body.job_id)
    steps = site.jobs.rerun_plan(
        state.job_id, body.components, body.force, body.job_parameters, body.component_parameters
    )
    return answer(list(steps))


@router.post("/job/graph", **answers({**_LINE, "components": []}))
async def job_graph(site: ThisSite, body: Json[JobRequest]) -> Response:
    """List the components in topological order, each with its dependencies and its status."""
    view = with_module_facts(job_view(known_job(site, body.job_id)), site.catalog)
    return answer({"job_id": view.job_id, "status": view.status, "components": view.components})


@router.post("/dsl/lint", **answers([]))
async def dsl_lint(site: ThisSite, body: Json[JobDocuments]) -> Response:
    """List all problems of a DSL and a conf, including warnings. Nothing is run."""
    _, problems = examine_job(body.dsl_document, body.conf_document, site.catalog)
    return answer([problem.to_dict() for problem in problems])


@router.post("/job/plan", **answers(_FORECAST))
async def job_plan(site: ThisSite, body: Json[PlanRequest]) -> Response:
    """Forecast what a job would do: for each party, which tasks run there and for how long, what they reserve, which
    tables they read and write, and which values may leave the party. All parties are asked whether they would accept
    it; nothing is submitted.
    """
    draft = await site.jobs.draft(body.dsl_document, body.conf_document, reuse=body.reuse)
    here = [str(document.party) for document in draft.plan.documents if site.config.plays(document.party)]
    durations = await site.task_durations.by_module()
    steps = draft.reuse.components if draft.reuse else []
    reused = [step.component for step in steps if str(step.action) == "reuse"]
    source = (draft.reuse.source if draft.reuse else None) or ""
    return answer(forecast(draft.plan, site.catalog, durations, here, reused, draft.refusals, source))


@router.post("/job/diff", **answers(_DIFF))
async def job_diff(site: ThisSite, body: Json[DiffJobsRequest]) -> Response:
    """Compare two jobs: documents, effective parameters of each component, last values of metrics, and durations. A
    difference is {path, change, old, new, party}.
    """
    one, other = _job(site, "a", body.a), _job(site, "b", body.b)
    return answer(await asyncio.to_thread(diff_jobs, site.home, one, other))


@router.post("/job/reuse/plan", **answers(_REUSE_PLAN))
async def reuse_plan(site: ThisSite, body: Json[ReuseRequest]) -> Response:
    """Preview a submission that reuses earlier results: which components would run, which would be reused, and why.
    `source` is the job that is reused (null for none), `compared` the job that the reasons refer to.
    """
    return answer(site.jobs.reuse_plan(body.dsl_document, body.conf_document, reuse=body.reuse))


def _by_age(site: Site, word: str) -> str:
    index = "1" if word == "@last" else word[1:]
    if not _INDEX.fullmatch(index):
        raise BadRequest(f"invalid job reference {word}", hint="use @last, or @1 for the newest job, @2 for the next")
    states = list(site.jobs.states(int(index)))
    if len(states) < int(index):
        raise JobNotFound(f"there is no job {word}: this site has {len(states)} jobs")
    return str(states[-1].job_id)


def _with_waiting(site: Site, line: AnyLine) -> AnyLine:
    """Add what a job waits for that another site drives: the driver's word, or a local shortage of resources."""
    if line.waiting is not None or line.status.ended:
        return line
    return msgspec.structs.replace(line, waiting=site.jobs.waiting(line.job_id))


def with_hints(answered: Any) -> Any:
    """Add `hint` to explanations and failure cards, whose JSON has it under the earlier names `mend` and `fix`."""

    def added(value: Any) -> Any:
        if isinstance(value, list):
            return [added(one) for one in value]
        if not isinstance(value, dict):
            return value
        members = {name: added(one) for name, one in value.items()}
        hint = members.get("mend") or members.get("fix")
        return {**members, "hint": hint} if hint else members

    return added(msgspec.to_builtins(answered, enc_hook=str))


def _job(site: Site, name: str, job_id: str) -> JobState:
    if not job_id:
        raise BadRequest(f"{name} must be a job id")
    state = site.jobs.state(job_id)
    if state is None:
        raise JobNotFound(f"there is no job {job_id} at this site", hint=JOB_HINT)
    return state

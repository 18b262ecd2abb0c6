"""Jobs: submitting, following, stopping and rerunning them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fateflow_tui.core.records import StoryEntry
from fateflow_tui.core.status import Status
from fateflow_tui.sdk.answers import Envelope
from fateflow_tui.sdk.operations.call import (
    Call,
    Document,
    PartyLike,
    as_,
    document,
    fetch,
    given,
    list_of,
    member,
    nothing,
    party_members,
)
from fateflow_tui.sdk.types import (
    Lineage,
    OutputInfo,
    ParameterChange,
    Problem,
    RerunStep,
    ReusePlan,
    StopOutcome,
    TaskTimes,
)
from fateflow_tui.sdk.types.jobs import JobGraph, JobLine, JobView, JobWhy, Submission
from fateflow_tui.sdk.types.plans import JobDiff, JobForecast

_PENDING = 103  # the stop is recorded, and not every party has answered


def submit(dsl: Document, conf: Document, reuse: str | bool = False) -> Call[Submission]:
    """Submits a job: documents as objects, JSON texts or paths. Raises BadDocument with all problems.

    reuse: the job of which all that is unchanged is taken over, True for the newest one that fits.
    """
    body = {"job_dsl": document(dsl), "job_runtime_conf": document(conf), **({"reuse": reuse} if reuse else {})}
    return Call("/v1/job/submit", body, as_(Submission), patience=60)


def reuse_plan(dsl: Document, conf: Document, reuse: str | bool = True) -> Call[ReusePlan]:
    """What `submit` with the same arguments would do to each component: run or reuse it, and why."""
    body = {"job_dsl": document(dsl), "job_runtime_conf": document(conf), "reuse": reuse}
    return Call("/v1/job/reuse/plan", body, as_(ReusePlan), patience=60)


def lint(dsl: Document, conf: Document) -> Call[list[Problem]]:
    """All problems of two job documents, warnings included."""
    body = {"job_dsl": document(dsl), "job_runtime_conf": document(conf)}
    return Call("/v1/dsl/lint", body, list_of(Problem))


def listed(
    limit: int = 20, status: Sequence[str] | str = (), party: PartyLike | None = None, before: str = ""
) -> Call[list[JobLine]]:
    """Jobs, newest first; limit 0 for all. before: the job after which the list is to go on."""
    statuses = [status] if isinstance(status, str) else list(status)
    body = {"limit": limit, "status": statuses, "before": before, **party_members(party)}
    return Call("/v1/job/list", given(body), list_of(JobLine))


def show(job_id: str) -> Call[JobView]:
    """One job whole: parties, components, failure cards, what it waits for."""
    return Call("/v1/job/show", {"job_id": job_id}, as_(JobView))


def resolve(word: str) -> Call[str]:
    """The whole id for a unique beginning of one, `@last`, or `@2` for the newest but one."""
    return Call("/v1/job/resolve", {"word": word}, member("job_id", str))


def wait(job_id: str, seconds: float) -> Call[JobLine]:
    """The job when it has ended, or as it is after so many seconds (at most 60)."""
    return Call("/v1/job/wait", {"job_id": job_id, "timeout": seconds}, as_(JobLine), patience=seconds)


def why(job_id: str, component: str = "") -> Call[JobWhy]:
    """Why a job, or one of its components, is as it is: see `core.why`."""
    return Call("/v1/job/why", given({"job_id": job_id, "component_name": component}), as_(JobWhy))


def story(job_id: str, component: str = "", party: PartyLike | None = None) -> Call[list[StoryEntry]]:
    """All that happened to a job, or to one of its components, or at one party, in order."""
    body = given({"job_id": job_id, "component_name": component, **party_members(party)})
    return Call("/v1/job/story", body, list_of(StoryEntry))


def graph(job_id: str) -> Call[JobGraph]:
    """The components in topological order, with what each needs and how it stands."""
    return Call("/v1/job/graph", {"job_id": job_id}, as_(JobGraph))


def stop(job_id: str, status: Status | str = Status.CANCELED, reason: str = "") -> Call[StopOutcome]:
    """Stops a job at all its parties; a party that is away learns of it later."""

    def read(envelope: Envelope) -> StopOutcome:
        if not isinstance(envelope.data, dict):
            envelope.raise_failure()
        return msgspec.convert(envelope.data or {}, StopOutcome)

    body = given({"job_id": job_id, "stop_status": str(status), "reason": reason})
    return Call("/v1/job/stop", body, read, tolerated=frozenset({_PENDING}), patience=30)


def rerun(
    job_id: str,
    components: Sequence[str] = (),
    force: bool = False,
    job_parameters: Mapping[str, Any] | None = None,
    component_parameters: Mapping[str, Any] | None = None,
    plan: bool = False,
) -> Call[list[RerunStep]]:
    """Runs a job once more; with `plan`, only says what that would do to each component.

    components: from which on; none for what has not succeeded. force: also what has.
    """
    body = {
        "job_id": job_id,
        "component_name": list(components),
        "force": force,
        "job_parameters": dict(job_parameters or {}),
        "component_parameters": dict(component_parameters or {}),
    }
    return Call("/v1/job/rerun/plan" if plan else "/v1/job/rerun", given(body), list_of(RerunStep), patience=30)


def plan(job_id: str, components: Sequence[str] = (), force: bool = False) -> Call[list[RerunStep]]:
    """What a rerun would do to each component: run, reuse or skip it, and why."""
    return rerun(job_id, components, force, plan=True)


def forecast(dsl: Document, conf: Document, reuse: str | bool = False) -> Call[JobForecast]:
    """What a job would do at each party if it were submitted: components, cores, memory, tables, times, and what would
    leave. reuse: as in `submit`. Raises BadDocument with all problems.
    """
    body = {"job_dsl": document(dsl), "job_runtime_conf": document(conf), "reuse": reuse}
    return Call("/v1/job/plan", body, as_(JobForecast), patience=60)


def diff(a: str, b: str) -> Call[JobDiff]:
    """What differs between two jobs: documents, parameters, last metrics, times."""
    return Call("/v1/job/diff", {"a": a, "b": b}, as_(JobDiff), patience=30)


def update_notes(job_id: str, party: PartyLike, notes: str) -> Call[None]:
    """Writes a party's notes on a job: its `description`."""
    return Call("/v1/job/update", {"job_id": job_id, **party_members(party), "notes": notes}, nothing)


def config(job_id: str, party: PartyLike | None = None) -> Call[dict[str, Any]]:
    """{job_id, dsl, runtime_conf, train_runtime_conf, model_info} as a party holds them."""
    return Call("/v1/job/config", {"job_id": job_id, **party_members(party)}, as_(dict[str, Any]))


def query(**filters: Any) -> Call[list[dict[str, Any]]]:
    """FATE's records of jobs (`f_job_id`, ...) by equality of their fields, written without `f_`."""
    return Call("/v1/job/query", filters, list_of(dict[str, Any]))


def records(limit: int = 10) -> Call[list[dict[str, Any]]]:
    """FATE's records of the newest jobs; limit 0 for all."""
    return Call("/v1/job/list/job", {"limit": limit}, list_of(dict[str, Any]), tolerated=frozenset({101}))


def outputs(job_id: str, party: PartyLike | None = None, component: str = "") -> Call[list[OutputInfo]]:
    """The output tables of a job's tasks at parties of the asked site."""
    body = given({"job_id": job_id, "component_name": component, **party_members(party)})
    return Call("/v1/job/data/view/query", body, list_of(OutputInfo), tolerated=frozenset({101}))


def lineage(job_id: str) -> Call[Lineage]:
    """The tables that a job has read and made, and its model."""
    return Call("/v1/job/lineage", {"job_id": job_id}, as_(Lineage))


def change_parameters(
    job_id: str,
    job_parameters: Mapping[str, Any] | None = None,
    component_parameters: Mapping[str, Any] | None = None,
) -> Call[ParameterChange]:
    """Changes parameters of an ended job for its next rerun, on top of what was changed before."""
    changes = {"job_parameters": dict(job_parameters or {}), "component_parameters": dict(component_parameters or {})}
    return Call("/v1/job/parameter/update", {"job_id": job_id, **given(changes)}, as_(ParameterChange))


def report(job_id: str, party: PartyLike | None = None, component: str = "") -> Call[list[TaskTimes]]:
    """When the tasks of a job began and ended, and how long they took."""
    body = given({"job_id": job_id, "component_name": component, **party_members(party)})
    return Call("/v1/job/report", body, list_of(TaskTimes))


def log_directory(job_id: str) -> Call[str]:
    """Where the logs of a job lie on the scheduler's machine."""
    return Call("/v1/job/log/path", {"job_id": job_id}, member("logs_directory", str))


def log_archive(job_id: str, target: Path | str) -> Call[Path]:
    """All logs of a job as tar.gz, written to `target`."""
    return fetch("job/log/download", {"job_id": job_id}, target, "POST")


def clean_queue() -> Call[dict[str, int]]:
    """Cancels all waiting jobs that the site drives: 0 for each that is done, 1 where a party is yet to learn of it."""
    return Call("/v1/job/clean/queue", {}, as_(dict[str, int]))


def clean(job_id: str, party: PartyLike | None = None, component: str = "") -> Call[None]:
    """Drops the output tables and metrics of a job's tasks."""
    body = given({"job_id": job_id, "component_name": component, **party_members(party)})
    return Call("/v1/job/clean", body, nothing, patience=60)


def board_url(job_id: str, party: PartyLike) -> Call[list[str]]:
    """Where a board shows a job."""
    return Call("/v1/job/url/get", {"job_id": job_id, **party_members(party)}, member("board_url", list[str]))


def predict_dsl(train_dsl: Document, components: Sequence[str] = ()) -> Call[dict[str, Any]]:
    """The DSL with which the listed components of a training DSL predict; none for all."""
    source = document(train_dsl)
    text = source if isinstance(source, str) else msgspec.json.encode(source).decode()
    body = {"train_dsl": text, "cpn_str": list(components), "version": "2"}
    return Call("/v1/job/dsl/generate", body, as_(dict[str, Any]))

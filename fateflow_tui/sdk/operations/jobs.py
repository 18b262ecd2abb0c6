"""Jobs: submit, inspect, stop and rerun them; and their tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fateflow_tui.core.document.problems import Problem
from fateflow_tui.core.plan import RerunStep, ReusePlan
from fateflow_tui.core.records import StoryEntry
from fateflow_tui.core.status import Status
from fateflow_tui.sdk.answers import Envelope
from fateflow_tui.sdk.operations.call import (
    Call,
    Document,
    Mode,
    Namespace,
    PartyLike,
    as_,
    document,
    given,
    list_of,
    member,
    nothing,
    operation,
    party_members,
    save,
)
from fateflow_tui.sdk.types.jobs import (
    JobDiff,
    JobForecast,
    JobGraph,
    JobLine,
    JobView,
    JobWhy,
    Lineage,
    OutputInfo,
    ParameterChange,
    StopOutcome,
    Submission,
    Task,
    TaskTimes,
)

_NOT_FOUND = frozenset({101})  # the retcode of FATE for an empty list
_NO_RECORDS = frozenset({100, 101})  # the same, where some versions answer 100
_STOP_PENDING = frozenset({103})  # the stop request is stored, and some party has not answered yet


class Jobs(Namespace[Mode]):
    """Submit, inspect, stop and rerun jobs. Called directly, it lists them."""

    @operation
    def __call__(
        self, limit: int = 20, status: Sequence[str] | str = (), party: PartyLike | None = None, before: str = ""
    ) -> Call[list[JobLine]]:
        """List jobs, newest first.

        limit: 0 for all. status: only jobs with one of these. party: only jobs of this party. before: only jobs older
        than this one.
        """
        statuses = [status] if isinstance(status, str) else list(status)
        body = {"limit": limit, "status": statuses, "before": before, **party_members(party)}
        return Call("/v1/job/list", given(body), list_of(JobLine))

    @operation
    def submit(self, dsl: Document, conf: Document, reuse: str | bool = False) -> Call[Submission]:
        """Submit a job. The documents are objects, JSON texts or paths.

        reuse: take over results of unchanged components from this job; True for the newest matching job. Raises
        BadDocument with all problems of the documents.
        """
        return Call("/v1/job/submit", _documents(dsl, conf, reuse), as_(Submission), patience=60)

    @operation
    def reuse_plan(self, dsl: Document, conf: Document, reuse: str | bool = True) -> Call[ReusePlan]:
        """Return which components `submit` with the same arguments would run or reuse, and why."""
        body = {**_documents(dsl, conf), "reuse": reuse}
        return Call("/v1/job/reuse/plan", body, as_(ReusePlan), patience=60)

    @operation
    def forecast(self, dsl: Document, conf: Document, reuse: str | bool = False) -> Call[JobForecast]:
        """Return what a job would do at each party: components, cores, memory, tables, durations, and the values that
        would leave the party. Nothing is submitted.

        reuse: as in `submit`. Raises BadDocument with all problems of the documents.
        """
        body = {**_documents(dsl, conf), "reuse": reuse}
        return Call("/v1/job/plan", body, as_(JobForecast), patience=60)

    @operation
    def lint(self, dsl: Document, conf: Document) -> Call[list[Problem]]:
        """Return all problems of two job documents, warnings included."""
        return Call("/v1/dsl/lint", _documents(dsl, conf), list_of(Problem))

    @operation
    def show(self, job_id: str) -> Call[JobView]:
        """Return a job with its parties, components, failure cards and what it waits for. Raises JobNotFound."""
        return Call("/v1/job/show", {"job_id": job_id}, as_(JobView))

    @operation
    def resolve(self, word: str) -> Call[str]:
        """Return the job id for a unique prefix or suffix, `@last`, or `@2`. Raises JobNotFound, Conflict."""
        return Call("/v1/job/resolve", {"word": word}, member("job_id", str))

    @operation
    def poll(self, job_id: str, seconds: float = 0) -> Call[JobLine]:
        """Return the job as soon as it has ended, or as it is after `seconds` (at most 60)."""
        return Call("/v1/job/wait", {"job_id": job_id, "timeout": seconds}, as_(JobLine), patience=seconds)

    @operation
    def why(self, job_id: str, component: str = "") -> Call[JobWhy]:
        """Explain the current status of a job, or of one of its components: see `fateflow_tui.core.why`."""
        return Call("/v1/job/why", given({"job_id": job_id, "component_name": component}), as_(JobWhy))

    @operation
    def history(self, job_id: str, component: str = "", party: PartyLike | None = None) -> Call[list[StoryEntry]]:
        """Return what happened to a job in order. component, party: only entries about these."""
        body = given({"job_id": job_id, "component_name": component, **party_members(party)})
        return Call("/v1/job/story", body, list_of(StoryEntry))

    story = history  # the name of earlier versions

    @operation
    def graph(self, job_id: str) -> Call[JobGraph]:
        """Return the components in topological order, with their dependencies and status."""
        return Call("/v1/job/graph", {"job_id": job_id}, as_(JobGraph))

    @operation
    def stop(self, job_id: str, status: Status | str = Status.CANCELED, reason: str = "") -> Call[StopOutcome]:
        """Stop a job at all its parties. For a party that is offline the request is stored and retried."""

        def read(envelope: Envelope) -> StopOutcome:
            if not isinstance(envelope.data, dict):
                envelope.raise_failure()
            return msgspec.convert(envelope.data or {}, StopOutcome)

        body = given({"job_id": job_id, "stop_status": str(status), "reason": reason})
        return Call("/v1/job/stop", body, read, tolerated=_STOP_PENDING, patience=30)

    @operation
    def rerun(
        self,
        job_id: str,
        components: Sequence[str] = (),
        force: bool = False,
        job_parameters: Mapping[str, Any] | None = None,
        component_parameters: Mapping[str, Any] | None = None,
        plan: bool = False,
    ) -> Call[list[RerunStep]]:
        """Run a job again, and return what that does to each component.

        components: run from these on; empty for everything that has not succeeded. force: also run what succeeded.
        job_parameters, component_parameters: changes for this run. plan: only return the steps.
        """
        body = {
            "job_id": job_id,
            "component_name": list(components),
            "force": force,
            "job_parameters": dict(job_parameters or {}),
            "component_parameters": dict(component_parameters or {}),
        }
        return Call("/v1/job/rerun/plan" if plan else "/v1/job/rerun", given(body), list_of(RerunStep), patience=30)

    @operation
    def plan(self, job_id: str, components: Sequence[str] = (), force: bool = False) -> Call[list[RerunStep]]:
        """Return what a rerun would do to each component: run, reuse or skip it, and why."""
        return Jobs.rerun.call(job_id, components, force, plan=True)

    @operation
    def diff(self, a: str, b: str) -> Call[JobDiff]:
        """Compare two jobs: documents, parameters, last metrics, durations."""
        return Call("/v1/job/diff", {"a": a, "b": b}, as_(JobDiff), patience=30)

    @operation
    def update_notes(self, job_id: str, party: PartyLike, notes: str) -> Call[None]:
        """Set a party's notes on a job: its `description`."""
        return Call("/v1/job/update", {"job_id": job_id, **party_members(party), "notes": notes}, nothing)

    @operation
    def config(self, job_id: str, party: PartyLike | None = None) -> Call[dict[str, Any]]:
        """Return {job_id, dsl, runtime_conf, train_runtime_conf, model_info} as stored at a party."""
        return Call("/v1/job/config", {"job_id": job_id, **party_members(party)}, as_(dict[str, Any]))

    @operation
    def query(self, /, **filters: Any) -> Call[list[dict[str, Any]]]:
        """Return FATE's job records (`f_job_id`, ...) whose fields equal the filters, named without `f_`."""
        return Call("/v1/job/query", filters, list_of(dict[str, Any]))

    @operation
    def records(self, limit: int = 10) -> Call[list[dict[str, Any]]]:
        """Return FATE's records of the newest jobs. limit: 0 for all."""
        return Call("/v1/job/list/job", {"limit": limit}, list_of(dict[str, Any]), tolerated=_NOT_FOUND)

    @operation
    def outputs(self, job_id: str, party: PartyLike | None = None, component: str = "") -> Call[list[OutputInfo]]:
        """List the output tables of a job's tasks at this site's parties."""
        body = _selection(job_id, party, component)
        return Call("/v1/job/data/view/query", body, list_of(OutputInfo), tolerated=_NOT_FOUND)

    @operation
    def lineage(self, job_id: str) -> Call[Lineage]:
        """Return the tables that a job read and wrote, and its model."""
        return Call("/v1/job/lineage", {"job_id": job_id}, as_(Lineage))

    @operation
    def change_parameters(
        self,
        job_id: str,
        job_parameters: Mapping[str, Any] | None = None,
        component_parameters: Mapping[str, Any] | None = None,
    ) -> Call[ParameterChange]:
        """Change parameters of an ended job for its next rerun, in addition to earlier changes."""
        changes = {
            "job_parameters": dict(job_parameters or {}),
            "component_parameters": dict(component_parameters or {}),
        }
        return Call("/v1/job/parameter/update", {"job_id": job_id, **given(changes)}, as_(ParameterChange))

    @operation
    def report(self, job_id: str, party: PartyLike | None = None, component: str = "") -> Call[list[TaskTimes]]:
        """Return start, end and duration of a job's tasks."""
        return Call("/v1/job/report", _selection(job_id, party, component), list_of(TaskTimes))

    @operation
    def log_directory(self, job_id: str) -> Call[str]:
        """Return the directory of a job's logs on the scheduler's machine."""
        return Call("/v1/job/log/path", {"job_id": job_id}, member("logs_directory", str))

    @operation
    def log_archive(self, job_id: str, target: Path | str) -> Call[Path]:
        """Download all logs of a job as tar.gz to `target`."""
        return save("job/log/download", {"job_id": job_id}, target, "POST")

    @operation
    def clean_queue(self) -> Call[dict[str, int]]:
        """Cancel all waiting jobs that this site drives. Returns job id -> 0 when canceled, 1 while a party has not
        answered yet.
        """
        return Call("/v1/job/clean/queue", {}, as_(dict[str, int]))

    @operation
    def clean(self, job_id: str, party: PartyLike | None = None, component: str = "") -> Call[None]:
        """Delete the output tables and metrics of a job's tasks."""
        return Call("/v1/job/clean", _selection(job_id, party, component), nothing, patience=60)

    @operation
    def board_url(self, job_id: str, party: PartyLike) -> Call[list[str]]:
        """Return the URLs of a job in FATE-Board."""
        return Call("/v1/job/url/get", {"job_id": job_id, **party_members(party)}, member("board_url", list[str]))

    @operation
    def predict_dsl(self, train_dsl: Document, components: Sequence[str] = ()) -> Call[dict[str, Any]]:
        """Return the prediction DSL for components of a training DSL; all of them by default."""
        source = document(train_dsl)
        text = source if isinstance(source, str) else msgspec.json.encode(source).decode()
        body = {"train_dsl": text, "cpn_str": list(components), "version": "2"}
        return Call("/v1/job/dsl/generate", body, as_(dict[str, Any]))


class Tasks(Namespace[Mode]):
    """Tasks: one component at one party. Called directly, it lists those of a job."""

    @operation
    def __call__(
        self,
        job_id: str,
        party: PartyLike | None = None,
        component: str = "",
        status: str = "",
        all_versions: bool = False,
    ) -> Call[list[Task]]:
        """List the tasks of a job. all_versions: also those of earlier runs."""
        body = {**_selection(job_id, party, component), **given({"status": status}), "only_latest": not all_versions}
        return Call("/v1/job/task/query", body, list_of(Task), tolerated=_NOT_FOUND)

    @operation
    def records(self, limit: int = 10) -> Call[list[dict[str, Any]]]:
        """Return FATE's records of the newest tasks of all jobs. limit: 0 for all."""
        return Call("/v1/job/list/task", {"limit": limit}, list_of(dict[str, Any]), tolerated=_NO_RECORDS)


def _documents(dsl: Document, conf: Document, reuse: str | bool = False) -> dict[str, Any]:
    return {"job_dsl": document(dsl), "job_runtime_conf": document(conf), **({"reuse": reuse} if reuse else {})}


def _selection(job_id: str, party: PartyLike | None, component: str) -> dict[str, Any]:
    return given({"job_id": job_id, "component_name": component, **party_members(party)})

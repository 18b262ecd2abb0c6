"""Operations on this site's jobs: submit, stop, rerun, look up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.document import CheckedJob, changed_components, check_job, plan_job, with_changes
from fateflow_tui.core.document.json_text import JsonDocument, read_json
from fateflow_tui.core.document.predict import merge_confs
from fateflow_tui.core.document.problems import Problem
from fateflow_tui.core.errors import (
    BadRequest,
    Conflict,
    DamagedFile,
    FateFlowError,
    NotBuilt,
    NotFound,
)
from fateflow_tui.core.events import JobSubmitted, NotesWritten, RerunRequested, StopRequested
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Directive, Proposal, Refusal
from fateflow_tui.core.plan import JobPlan, PartyDocument
from fateflow_tui.core.ports import JobStore, ModuleCatalog, RecordCollection
from fateflow_tui.core.records import Adopted, JobState
from fateflow_tui.core.status import Status
from fateflow_tui.engine import Engine, RerunStep, ReusePlan, RunCause, RunReason, plan_reuse, run_all
from fateflow_tui.runtime.events import Observer
from fateflow_tui.runtime.jobs.admission import Admission, FileRules
from fateflow_tui.runtime.jobs.lookup import (
    JobLookup,
    has_ended_here,
    is_settled,
    refusal_text,
    status_of,
    stop_answers,
    submit_failed,
)
from fateflow_tui.runtime.jobs.prediction import Prediction
from fateflow_tui.runtime.jobs.reuse import Adoption, best_source, closest, with_reuse
from fateflow_tui.runtime.live_jobs import JobIds, LiveJobs, load_state
from fateflow_tui.runtime.peers.client import Peers
from fateflow_tui.runtime.scheduler import Scheduler

Changes = tuple[dict[str, Any], dict[str, Any]]  # of job parameters, and of component parameters


class RerunParameters:
    """Parameter changes for the next rerun of each job; see `core.document.with_changes` for their form."""

    def __init__(self, collection: RecordCollection) -> None:
        self._collection = collection

    def merged(
        self,
        job_id: str,
        job_parameters: Mapping[str, Any] | None = None,
        component_parameters: Mapping[str, Any] | None = None,
    ) -> Changes:
        """The stored changes of a job, merged with these."""
        found = self._collection.get(job_id)
        kept = found.record if found else {}
        return (
            merge_confs(kept.get("job_parameters", {}), job_parameters or {}),
            merge_confs(kept.get("component_parameters", {}), component_parameters or {}),
        )

    def keep(self, job_id: str, changes: Changes) -> None:
        """Store changes, replacing earlier ones."""
        self._collection.put(job_id, {"job_parameters": changes[0], "component_parameters": changes[1]})

    def forget(self, job_id: str) -> None:
        if self._collection.get(job_id) is not None:
            self._collection.delete(job_id)


logger = logging.getLogger(__name__)

_SEARCHED = 50  # newest jobs that are searched for one to reuse
_RELEASE_EVERY = 1.0  # seconds between searches for ended jobs that need nothing more
_ENDS_WITHIN = 3.0  # seconds to wait for the end of a job to arrive here
_ACKNOWLEDGED_WITHIN = 3.0  # seconds that `stop` waits for the parties before it reports pending ones


Document = Mapping[str, Any] | str  # a job document: parsed, or the user's own text


class SubmittedJob(NamedTuple):
    """A job that all parties have accepted, and what the check of its documents warns about."""

    state: JobState
    warnings: list[Problem]


class JobDraft(NamedTuple):
    """A job that was checked and planned but not submitted.

    refusals: why parties would not take part now, by `str(party)`. reuse: what would be reused, None if that was not
    asked.
    """

    plan: JobPlan
    refusals: dict[str, str]
    warnings: list[Problem]
    reuse: ReusePlan | None


class JobService(JobLookup):
    """Submits, plans, stops and reruns the jobs of a site. plays: whether a party is the site's own. ids: for new jobs.
    prediction: what a predict conf takes from its model, None for a training conf.
    """

    def __init__(
        self,
        engine: Engine,
        scheduler: Scheduler,
        store: JobStore,
        observer: Observer,
        live: LiveJobs,
        catalog: ModuleCatalog,
        plays: Callable[[Party], bool],
        ids: JobIds,
        prediction: Callable[[JsonDocument], Prediction | None],
        pending: RerunParameters,
        files: FileRules,
        admission: Admission,
        peers: Peers,
        adoption: Adoption,
    ) -> None:
        super().__init__(engine, store)
        self._scheduler = scheduler
        self._observer = observer
        self._live = live
        self._catalog = catalog
        self._plays = plays
        self._ids = ids
        self._prediction = prediction
        self._pending = pending
        self._files = files
        self._admission = admission
        self._peers = peers
        self._adoption = adoption

    async def submit(
        self,
        dsl: Document,
        conf: Document,
        *,
        by: str = "",
        reuse: str | bool = False,
    ) -> SubmittedJob:
        """Check a job, create it at all its parties and queue it. A predict job takes its DSL from its model.

        reuse: the id of the job whose unchanged results are reused; True for the newest job that shares most.

        Raises BadDocument with all problems, or PartyRefused / PartyUnreachable with every party's answer.
        """
        checked, plan = self._planned(dsl, conf, by)
        job_id = plan.job_id
        source = self._source(plan, reuse)
        if source is not None:
            plan = with_reuse(plan, source)
        self._live.add(job_id)
        own = [document for document in plan.documents if self._plays(document.party)]
        adopted = {str(document.party): self._adoption.adoptable(document, source) for document in own}
        await self._scheduler.turn(JobSubmitted(now_ms(), plan, self._refusals(plan.documents), adopted))
        state = await self._observer.until(job_id, self.state, _is_created)
        if state.driver is not None and state.driver.tag == "submit_failed":
            raise submit_failed(state, plan.driver)
        return SubmittedJob(state, checked.warnings)

    async def draft(self, dsl: Document, conf: Document, *, reuse: str | bool = False) -> JobDraft:
        """Plan a job as `submit` would, and ask all parties whether they would accept it. Raises as `submit` does."""
        checked, plan = self._planned(dsl, conf)
        reused = self._reuse_plan(plan, reuse) if reuse else None
        answers = await asyncio.gather(*(self._answer(document, plan.driver) for document in plan.documents))
        refusals = {str(document.party): text for document, text in zip(plan.documents, answers, strict=True) if text}
        return JobDraft(plan, refusals, checked.warnings, reused)

    async def _answer(self, document: PartyDocument, driver: Party) -> str:
        """Why a party would not accept its document, '' if it would."""
        if self._plays(document.party):
            refusal = self._refusal(document)
        else:
            try:
                refusal = (await self._peers.propose(driver, Proposal(document))).refusal
            except FateFlowError as error:
                return f"{error.message} ({error.hint})" if error.hint else error.message
        return refusal_text(refusal, driver) if refusal is not None else ""

    def adoptable(self, document: PartyDocument) -> dict[str, Adopted]:
        """The results that a party of this site has of the job that its document reuses."""
        if document.reuse is None:
            return {}
        return self._adoption.adoptable(document, self.state(document.reuse.job_id))

    def missing_outputs(self, directive: Directive) -> list[str]:
        """For a directive that starts a rerun: the components whose outputs the party no longer has here."""
        state = self.state(directive.job_id) if directive.run else None
        record = state.parties.get(str(directive.party)) if state is not None else None
        if state is None or record is None or directive.run <= record.directive.run:
            return []
        return list(self._adoption.missing_outputs(state))

    def reuse_plan(self, dsl: Document, conf: Document, *, reuse: str | bool = True) -> ReusePlan:
        """Say what `submit` would do with each component, and why, without submitting. Raises as `submit` does.

        Which results the parties of other sites still have is known only when the job is submitted.
        """
        _, plan = self._planned(dsl, conf)
        return self._reuse_plan(plan, reuse)

    def _reuse_plan(self, plan: JobPlan, reuse: str | bool) -> ReusePlan:
        if reuse is False:
            return run_all(plan, RunReason(RunCause.OFF, "reuse is off"))
        source = self.require(reuse) if isinstance(reuse, str) else closest(plan, self.states(_SEARCHED))
        if source is None:
            return plan_reuse(plan, None)
        own = [document for document in plan.documents if self._plays(document.party)]
        return plan_reuse(plan, source, self._adoption.obstacles(own, source))

    def _source(self, plan: JobPlan, reuse: str | bool) -> JobState | None:
        if isinstance(reuse, str):
            return self.require(reuse)
        return best_source(plan, self.states(_SEARCHED)) if reuse else None

    def _planned(self, dsl: Document, conf: Document, by: str = "") -> tuple[CheckedJob, JobPlan]:
        """Check a job and plan it under a new id. Raises BadDocument with all problems, BadRequest, NotBuilt."""
        checked, parts = self._checked(dsl, conf)
        initiator = checked.initiator
        if not self._plays(initiator):
            raise BadRequest(
                f"the initiator {initiator} does not belong to this site",
                hint=f"submit the job at the site of {initiator}",
            )
        _refuse_unbuilt(checked)
        return checked, plan_job(checked, self._ids.new(), driver=initiator, submitted_by=by, model_parts=parts)

    async def stop(self, job_id: str, *, by: str, status: Status = Status.CANCELED, reason: str = "") -> dict[str, Any]:
        """Stop a job at all parties, from any of them. Stopping an ended job has no effect."""
        state = self.require(job_id)
        if self._engine.job(job_id) is None:
            return {"status": status_of(state), "parties": {}}
        await self._scheduler.turn(StopRequested(now_ms(), job_id, by, status, reason))
        try:
            async with asyncio.timeout(_ACKNOWLEDGED_WITHIN):
                state = await self._observer.until(job_id, self.state, is_settled)
        except TimeoutError:
            state = self.require(job_id)
        return {"status": status_of(state), "parties": stop_answers(state)}

    async def rerun(
        self,
        job_id: str,
        *,
        by: str,
        components: list[str] | None = None,
        force: bool = False,
        job_parameters: Mapping[str, Any] | None = None,
        component_parameters: Mapping[str, Any] | None = None,
    ) -> list[RerunStep]:
        """Run the components that did not succeed again (see `rerun_plan`), with changed parameters if given."""
        state = self.require(job_id)
        self._scheduler.recall(job_id)
        changes = self._pending.merged(job_id, job_parameters, component_parameters)
        documents, conf = self._changed_documents(state, *changes)
        missing = self._adoption.missing_outputs(state)
        steps = self._engine.rerun_plan(job_id, components or [], force, documents, missing)
        self._live.add(job_id)
        refusals = self._refusals(documents)
        event = RerunRequested(now_ms(), job_id, by, components or [], force, documents, conf, refusals, missing)
        await self._scheduler.turn(event)
        self._pending.forget(job_id)
        return steps

    def rerun_plan(
        self,
        job_id: str,
        components: list[str] | None = None,
        force: bool = False,
        job_parameters: Mapping[str, Any] | None = None,
        component_parameters: Mapping[str, Any] | None = None,
    ) -> list[RerunStep]:
        """Say what a rerun would do to each component, and why."""
        state = self.require(job_id)
        self._scheduler.recall(job_id)
        changes = self._pending.merged(job_id, job_parameters, component_parameters)
        documents, _ = self._changed_documents(state, *changes)
        return self._engine.rerun_plan(
            job_id, components or [], force, documents, self._adoption.missing_outputs(state)
        )

    async def change_parameters(
        self, job_id: str, job_parameters: Mapping[str, Any], component_parameters: Mapping[str, Any], *, by: str
    ) -> tuple[dict[str, Any], list[RerunStep]]:
        """Store changed parameters of an ended job for its next rerun. Return all stored changes, and what a rerun
        would do. Raises as `rerun_plan` does, and then stores nothing.
        """
        steps = self.rerun_plan(job_id, None, False, job_parameters, component_parameters)
        _refuse_unknown(self.require(job_id), component_parameters)
        changes = self._pending.merged(job_id, job_parameters, component_parameters)
        self._pending.keep(job_id, changes)
        logger.info("%s changed parameters of job %s for its next rerun", by or "a user", job_id)
        return {"job_parameters": changes[0], "component_parameters": changes[1]}, steps

    async def clean_queue(self, *, by: str) -> dict[str, int]:
        """Cancel all jobs that wait here. Returns 0 for each, FATE-Flow's code for success."""
        waiting = [
            job_id
            for job_id, state in self._engine.jobs().items()
            if state.driver is not None and state.driver.status is Status.WAITING
        ]
        for job_id in waiting:
            await self._scheduler.turn(StopRequested(now_ms(), job_id, by))
        return dict.fromkeys(waiting, 0)

    async def update_notes(self, job_id: str, party: Party, notes: str) -> bool:
        """Set a party's notes. False if the job, or this party of it, is not here."""
        try:
            await self._scheduler.turn(NotesWritten(now_ms(), job_id, party, notes))
        except NotFound:
            return False
        return True

    async def run(self) -> None:
        """Release ended jobs from memory for as long as the site runs."""
        while True:
            await asyncio.sleep(_RELEASE_EVERY)
            try:
                self._release_settled()
            except OSError:
                logger.exception("ended jobs could not be released from memory; retrying in %g s", _RELEASE_EVERY)

    def unfinished(self) -> Iterator[JobState]:
        """Yield the jobs that an earlier process left unfinished, with a new driver epoch each."""
        for job_id in self._live.all():
            try:
                state = load_state(self._store, job_id)
            except DamagedFile as damage:
                logger.error("job %s cannot be resumed: %s", job_id, damage.message)
                state = None
            if state is None:
                self._live.remove(job_id)
                continue
            if state.driver is not None:
                state.driver.epoch = self._store.advance_epoch(job_id)
            yield state

    async def wait_until_ended(self, job_id: str) -> None:
        """Return when a job has ended at this site, is not live here, or takes too long to end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ENDS_WITHIN):
                if self._engine.job(job_id) is not None:
                    await self._observer.until(job_id, self.state, has_ended_here)

    def _release_settled(self) -> None:
        for job_id in list(self._engine.jobs()):
            if self._engine.is_settled(job_id):
                self._engine.forget(job_id)
                self._live.remove(job_id)
                self._observer.close_log(job_id)

    def _refusals(self, documents: list[PartyDocument]) -> dict[str, Refusal]:
        return {
            str(document.party): refusal
            for document in documents
            if self._plays(document.party) and (refusal := self._refusal(document))
        }

    def _refusal(self, document: PartyDocument) -> Refusal | None:
        return self._files.refusal(document) or self._admission.refusal(document)

    def _changed_documents(
        self,
        state: JobState,
        job_parameters: Mapping[str, Any] | None,
        component_parameters: Mapping[str, Any] | None,
    ) -> tuple[list[PartyDocument], dict[str, Any] | None]:
        """The documents of a rerun with changed parameters, and their conf; none if nothing has changed."""
        if not (job_parameters or component_parameters):
            return [], None
        if state.plan is None:
            raise Conflict(
                f"job {state.job_id} was submitted at another site",
                hint="change its parameters at the site of its initiator",
            )
        conf = with_changes(state.plan.conf, job_parameters, component_parameters)
        checked, parts = self._checked(state.plan.dsl, conf)
        plan = plan_job(checked, state.job_id, driver=state.plan.driver, model_parts=parts)
        return plan.documents, plan.conf

    def _checked(self, dsl: Document, conf: Document) -> tuple[CheckedJob, Mapping[str, str]]:
        """Parse and check both documents, each once. Also return the digests of a predict job's model parts."""
        parsed = read_json(conf)
        model = self._prediction(parsed)
        if model is None:
            return check_job(dsl, parsed, self._catalog), {}
        return check_job(model.predict_dsl, parsed, self._catalog, train_conf=model.train_conf), model.parts


def _refuse_unknown(state: JobState, component_parameters: Mapping[str, Any]) -> None:
    """Reject changes of unknown components; only a whole conf may have parameters of absent ones."""
    plan = state.plan
    known = [component.name for component in plan.components] if plan else []
    named = changed_components(plan.conf, component_parameters) if plan else []
    if unknown := [name for name in named if name not in known]:
        raise BadRequest(
            f"job {state.job_id} has no component {', '.join(unknown)}",
            hint=f"it has {', '.join(known)}",
        )


def _refuse_unbuilt(checked: CheckedJob) -> None:
    if checked.not_built:
        named = ", ".join(f"{component} ({module})" for component, module in checked.not_built.items())
        raise NotBuilt(
            f"this version cannot run these modules: {named}",
            hint="list the modules that can run: fateflow component list",
        )


def _is_created(state: JobState) -> bool:
    return state.driver is not None and state.driver.status is not Status.READY

"""What users do with jobs at this site: submit, stop, rerun, look."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.document import CheckedJob, changed_components, check_job, plan_job, with_changes
from fateflow_tui.core.errors import (
    BadRequest,
    Conflict,
    FateFlowError,
    JobNotFound,
    LeaseLost,
    NotBuilt,
    NotFound,
    PartyRefused,
    PartyUnreachable,
)
from fateflow_tui.core.events import JobSubmitted, NotesWritten, RerunRequested, StopRequested
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Refusal
from fateflow_tui.core.plan import JobPlan, PartyDocument
from fateflow_tui.core.ports import JobStore, ModuleCatalog
from fateflow_tui.core.records import Adopted, JobState
from fateflow_tui.core.status import Status
from fateflow_tui.engine import Engine, RerunStep
from fateflow_tui.registry import Registry
from fateflow_tui.runtime.admission import admit
from fateflow_tui.runtime.clock import now_ms
from fateflow_tui.runtime.data_jobs import download_job, model_job, upload_job, writer_job
from fateflow_tui.runtime.file_rules import FileRules
from fateflow_tui.runtime.job_ids import JobIds
from fateflow_tui.runtime.live_jobs import LiveJobs
from fateflow_tui.runtime.observer import Observer
from fateflow_tui.runtime.pending_changes import PendingChanges
from fateflow_tui.runtime.reuse import Adoption, best_source, with_reuse
from fateflow_tui.runtime.scheduler import Scheduler
from fateflow_tui.runtime.states import to_state

logger = logging.getLogger(__name__)

_LEASE_OWNER = "home"
_LEASE_TIME = 10 * 365 * 86_400_000
_SEARCHED = 50  # newest jobs among which one to be reused is looked for
_ACKNOWLEDGED_WITHIN = 3.0  # seconds that `stop` waits for the parties before it says who is still to answer


class Prediction(Protocol):
    """What a predict job takes from its model. parts: the digest of each party's part."""

    @property
    def predict_dsl(self) -> Mapping[str, Any]: ...
    @property
    def train_conf(self) -> Mapping[str, Any]: ...
    @property
    def parts(self) -> Mapping[str, str]: ...


class Jobs:
    """The job desk of a site. plays: which parties are this site's own. ids: for new jobs. prediction: the model that
    a submitted conf wants to predict with, None if it wants to train.
    """

    def __init__(
        self,
        engine: Engine,
        scheduler: Scheduler,
        store: JobStore,
        observer: Observer,
        live: LiveJobs,
        catalog: ModuleCatalog,
        tables: Tables,
        registry: Registry,
        plays: Callable[[Party], bool],
        ids: JobIds,
        prediction: Callable[[Mapping[str, Any] | str], Prediction | None],
        pending: PendingChanges,
        files: FileRules,
        adoption: Adoption,
    ) -> None:
        self._engine = engine
        self._scheduler = scheduler
        self._store = store
        self._observer = observer
        self._live = live
        self._catalog = catalog
        self._tables = tables
        self._registry = registry
        self._plays = plays
        self._ids = ids
        self._prediction = prediction
        self._pending = pending
        self._files = files
        self._adoption = adoption

    async def submit(
        self,
        dsl: Mapping[str, Any] | str,
        conf: Mapping[str, Any] | str,
        *,
        by: str = "",
        reuse: str | bool = False,
    ) -> JobState:
        """Checks a job, makes it known to all its parties and queues it. A predict job's DSL is that of its model.

        reuse: the job of which all that is unchanged is taken over; True for the newest that has most of it.

        Raises BadDocument with all problems, or PartyRefused / PartyUnreachable with every party's answer.
        """
        checked, parts = self._checked(dsl, conf)
        initiator = checked.initiator
        if not self._plays(initiator):
            raise BadRequest(
                f"{initiator} is the initiator, but this site does not play it",
                hint=f"submit the job at the site of {initiator}",
            )
        _refuse_unbuilt(checked)
        job_id = self._ids.new()
        plan = plan_job(checked, job_id, driver=initiator, submitted_by=by, model_parts=parts)
        source = self._source(plan, reuse)
        if source is not None:
            plan = with_reuse(plan, source)
        self._live.add(job_id)
        lease(self._store, job_id)
        own = [document for document in plan.documents if self._plays(document.party)]
        adopted = {str(document.party): self._adoption.adoptable(document, source) for document in own}
        await self._scheduler.turn(JobSubmitted(now_ms(), plan, self._refusals(plan.documents), adopted))
        state = await self._observer.until(job_id, self.state, _is_created)
        if state.driver is not None and state.driver.tag == "submit_failed":
            raise _submit_failed(state)
        return state

    def adoptable(self, document: PartyDocument) -> dict[str, Adopted]:
        """What a party of this site has of the job that its document wants to reuse."""
        if document.reuse is None:
            return {}
        return self._adoption.adoptable(document, self.state(document.reuse.job_id))

    def _source(self, plan: JobPlan, reuse: str | bool) -> JobState | None:
        if isinstance(reuse, str):
            return self.known(reuse)
        return best_source(plan, self.states(_SEARCHED)) if reuse else None

    async def stop(self, job_id: str, *, by: str, status: Status = Status.CANCELED, reason: str = "") -> dict[str, Any]:
        """Stops a job at all parties, from any of them. Stopping an ended job changes nothing."""
        state = self.known(job_id)
        if self._engine.job(job_id) is None:
            return {"status": _status(state), "parties": {}}
        await self._scheduler.turn(StopRequested(now_ms(), job_id, by, status, reason))
        try:
            async with asyncio.timeout(_ACKNOWLEDGED_WITHIN):
                state = await self._observer.until(job_id, self.state, _is_settled)
        except TimeoutError:
            state = self.known(job_id)
        return {"status": _status(state), "parties": _stop_answers(state)}

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
        """Runs what did not succeed once more (see `rerun_plan`), with changed parameters if given."""
        state = self.known(job_id)
        self._scheduler.recall(job_id)
        changes = self._pending.merged(job_id, job_parameters, component_parameters)
        documents, conf = self._changed_documents(state, *changes)
        steps = self._engine.rerun_plan(job_id, components or [], force, documents)
        self._live.add(job_id)
        refusals = self._refusals(documents)
        event = RerunRequested(now_ms(), job_id, by, components or [], force, documents, conf, refusals)
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
        """What a rerun would do to each component, and why."""
        state = self.known(job_id)
        self._scheduler.recall(job_id)
        changes = self._pending.merged(job_id, job_parameters, component_parameters)
        documents, _ = self._changed_documents(state, *changes)
        return self._engine.rerun_plan(job_id, components or [], force, documents)

    async def change_parameters(
        self, job_id: str, job_parameters: Mapping[str, Any], component_parameters: Mapping[str, Any], *, by: str
    ) -> tuple[dict[str, Any], list[RerunStep]]:
        """Keeps changed parameters of an ended job for its next rerun. Gives all that are kept by now, and what a
        rerun would do. Raises as `rerun_plan` does, and then keeps nothing.
        """
        steps = self.rerun_plan(job_id, None, False, job_parameters, component_parameters)
        _refuse_unknown(self.known(job_id), component_parameters)
        changes = self._pending.merged(job_id, job_parameters, component_parameters)
        self._pending.keep(job_id, changes)
        logger.info("%s changed parameters of job %s for its next rerun", by or "a user", job_id)
        return {"job_parameters": changes[0], "component_parameters": changes[1]}, steps

    async def upload(self, conf: Mapping[str, Any], file: Path, *, by: str = "") -> JobState:
        """Stores a file of this site as a table, by a job of the party local:0."""
        dsl, job_conf = upload_job(conf, str(file))
        namespace, name = str(conf["namespace"]), str(conf["table_name"])
        drops = bool(job_conf["component_parameters"]["role"]["local"]["0"]["upload_0"]["destroy"])
        if self._tables.meta(namespace, name) is not None and not drops:
            raise TableExists(
                f"table {namespace}.{name} exists already", hint="say drop=1 (--drop) to replace it, or choose a name"
            )
        return await self.submit(dsl, job_conf, by=by)

    async def download(self, conf: Mapping[str, Any], *, by: str = "") -> JobState:
        """Writes a table to a file of this site, by a job of the party local:0."""
        dsl, job_conf = download_job(conf)
        namespace, name = str(conf["namespace"]), str(conf["table_name"])
        self._tables.usable(namespace, name)
        return await self.submit(dsl, job_conf, by=by)

    async def write(self, parameters: Mapping[str, Any], conf: Mapping[str, Any], *, by: str = "") -> JobState:
        """Writes a table to another one or to a file of this site, by a job of the party local:0."""
        self._tables.usable(str(parameters["namespace"]), str(parameters["table_name"]))
        return await self.submit(*writer_job(parameters, conf), by=by)

    async def store_model(self, conf: Mapping[str, Any], directory: str, *, by: str = "") -> JobState:
        """Copies a party's part of a model to the second location, by a job of the party local:0."""
        return await self.submit(*model_job("ModelStore", conf, directory), by=by)

    async def restore_model(self, conf: Mapping[str, Any], directory: str, *, by: str = "") -> JobState:
        """Brings a party's part of a model back from the second location, by a job of the party local:0."""
        return await self.submit(*model_job("ModelRestore", conf, directory), by=by)

    async def clean_queue(self, *, by: str) -> dict[str, int]:
        """Cancels all jobs that wait here. Gives 0 for each, FATE-Flow's word for done."""
        waiting = [
            job_id
            for job_id, state in self._engine.jobs().items()
            if state.driver is not None and state.driver.status is Status.WAITING
        ]
        for job_id in waiting:
            await self._scheduler.turn(StopRequested(now_ms(), job_id, by))
        return dict.fromkeys(waiting, 0)

    async def update_notes(self, job_id: str, party: Party, notes: str) -> bool:
        """False when the job, or this party of it, is not here."""
        try:
            await self._scheduler.turn(NotesWritten(now_ms(), job_id, party, notes))
        except NotFound:
            return False
        return True

    def state(self, job_id: str) -> JobState | None:
        """A job as it is now, or as it was saved when it ended."""
        if (live := self._engine.job(job_id)) is not None:
            return live
        stored = self._store.load(job_id)
        return to_state(stored) if stored is not None else None

    def states(self, limit: int | None = None, before: str = "") -> Iterator[JobState]:
        """Jobs, newest first; reads no more files than are taken. before: only those that come after this one in that
        order.
        """
        ids = self._store.job_ids()
        if before in ids:
            ids = ids[ids.index(before) + 1 :]
        for job_id in ids[:limit]:
            if (state := self.state(job_id)) is not None:
                yield state

    def known(self, job_id: str) -> JobState:
        """Raises JobNotFound."""
        state = self.state(job_id)
        if state is None:
            raise JobNotFound(f"there is no job {job_id} at this site", hint="see: fateflow job list")
        return state

    def settle(self) -> None:
        """Lets go of ended jobs that need nothing more; they are read from disk from now on."""
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
        return self._files.refusal(document) or admit(document, self._catalog, self._tables, self._registry)

    def _changed_documents(
        self,
        state: JobState,
        job_parameters: Mapping[str, Any] | None,
        component_parameters: Mapping[str, Any] | None,
    ) -> tuple[list[PartyDocument], dict[str, Any] | None]:
        """The documents of a rerun with changed parameters, and their conf; none when nothing is changed."""
        if not (job_parameters or component_parameters):
            return [], None
        if state.plan is None:
            raise Conflict(
                f"job {state.job_id} is driven elsewhere; its parameters are changed at the site of its initiator"
            )
        conf = with_changes(state.plan.conf, job_parameters, component_parameters)
        checked, parts = self._checked(state.plan.dsl, conf)
        plan = plan_job(checked, state.job_id, driver=state.plan.driver, model_parts=parts)
        return plan.documents, plan.conf

    def _checked(
        self, dsl: Mapping[str, Any] | str, conf: Mapping[str, Any] | str
    ) -> tuple[CheckedJob, Mapping[str, str]]:
        """The checked job, and of a predict job the digests of its model's parts."""
        model = self._prediction(conf)
        if model is None:
            return check_job(dsl, conf, self._catalog), {}
        return check_job(model.predict_dsl, conf, self._catalog, train_conf=model.train_conf), model.parts


def lease(store: JobStore, job_id: str) -> int:
    """Takes the right to drive a job and gives its epoch. The lock on the home keeps other schedulers out, so that a
    lease found here is a dead process's; taking it anew raises the epoch, which fences that process's late messages.
    """
    store.release(job_id, _LEASE_OWNER)
    taken = store.acquire(job_id, _LEASE_OWNER, _LEASE_TIME, now_ms())
    if taken is None:
        raise LeaseLost(f"job {job_id} is driven by a scheduler of another home")
    return taken.epoch


class TableExists(Conflict):
    """An upload would replace a table without having been told to. FATE-Flow answers 100 here."""

    code, retcode = "table_exists", 100


def _refuse_unknown(state: JobState, component_parameters: Mapping[str, Any]) -> None:
    """A whole conf may speak of components that its DSL does not have, changes of one are meant for it."""
    plan = state.plan
    known = [component.name for component in plan.components] if plan else []
    named = changed_components(plan.conf, component_parameters) if plan else []
    if unknown := [name for name in named if name not in known]:
        raise BadRequest(
            f"job {state.job_id} has no component {', '.join(unknown)} whose parameters could change",
            hint=f"it has {', '.join(known)}",
        )


def _refuse_unbuilt(checked: CheckedJob) -> None:
    if checked.not_built:
        named = ", ".join(f"{component} ({module})" for component, module in checked.not_built.items())
        raise NotBuilt(
            f"this version knows these modules by name only and cannot run them: {named}",
            hint="see what it can run: fateflow component list",
        )


def _is_created(state: JobState) -> bool:
    return state.driver is not None and state.driver.status is not Status.READY


def _is_settled(state: JobState) -> bool:
    ended = all(party.ended_at and party.status.ended for party in state.parties.values())
    return ended and (state.driver is None or all(answer == "success" for answer in _stop_answers(state).values()))


def _status(state: JobState) -> Status:
    if state.driver is not None:
        return state.driver.status
    return next(iter(state.parties.values())).status


def _stop_answers(state: JobState) -> dict[str, str]:
    if state.driver is None:
        return {
            key: "success" if party.status.ended else "pending: the driver has not answered yet"
            for key, party in state.parties.items()
        }
    return {
        key: "success"
        if view.report is not None and view.report.ended is not None
        else f"pending: {view.trouble or 'not acknowledged yet'}; it is told again until it answers"
        for key, view in state.driver.parties.items()
    }


def _submit_failed(state: JobState) -> FateFlowError:
    """Every party's answer in FATE-Flow's form: role -> party id -> {retcode, retmsg}."""
    answers: dict[str, dict[str, dict[str, Any]]] = {}
    refusals: list[str] = []
    silent: list[str] = []
    if state.driver is not None:
        for key, view in state.driver.parties.items():
            party = Party.parse(key)
            refusal = view.report.refusal if view.report else None
            if refusal is not None:
                answer = {"retcode": refusal.retcode, "retmsg": refusal.message}
                refusals.append(refusal.message)
            elif view.report is None:
                trouble = f"{key} did not answer: {view.trouble or 'no answer in time'}"
                answer = {"retcode": PartyUnreachable.retcode, "retmsg": trouble}
                silent.append(trouble)
            else:
                answer = {"retcode": 0, "retmsg": "success"}
            answers.setdefault(party.role, {})[party.party_id] = answer
    kind = PartyRefused if refusals else PartyUnreachable
    return kind(
        f"create job failed: {'; '.join(refusals + silent)}",
        hint="nothing was left behind at the other parties; mend the cause and submit again",
        data={"job_id": state.job_id, "parties": answers},
    )

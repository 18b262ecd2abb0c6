"""Performs the engine's effects and posts their results as events."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.effects import (
    AnnounceJobEnd,
    Effect,
    ForgetRuns,
    KillTask,
    SendAcknowledgement,
    SendDirective,
    SendReport,
    StartTask,
)
from fateflow_tui.core.errors import ComponentFailed, FateFlowError
from fateflow_tui.core.events import (
    Event,
    PeerFailed,
    ReportAcknowledged,
    ReportReceived,
    TaskEnded,
    TaskStarted,
)
from fateflow_tui.core.ids import Party, party_model_id, session_id
from fateflow_tui.core.messages import FailureCard, Report
from fateflow_tui.core.plan import PartyDocument, TaskPlan
from fateflow_tui.core.records import JobState, TaskRecord
from fateflow_tui.core.status import Status
from fateflow_tui.core.work import ModelRef, TableRef, TaskOutcome, TaskSpec
from fateflow_tui.runtime.messages.bus import MessageBus
from fateflow_tui.runtime.peers.client import Peers
from fateflow_tui.runtime.workers.workers import Workers


def task_spec(state: JobState, party: Party, component: str, version: int, home: Path) -> TaskSpec:
    """Build the spec of one task. Raises ComponentFailed if a required input is missing."""
    document = state.documents[str(party)]
    plan = task_plan(document, component)
    return TaskSpec(
        job_id=state.job_id,
        component=component,
        version=version,
        party=party,
        plan=plan,
        home=str(home),
        roles=document.roles,
        job_parameters=document.job_parameters,
        tables=_tables(state, document, plan),
        models=_models(document, plan),
        cores=document.task_need.cores,
        memory=document.task_need.memory,
        model_id=document.model_id,
        model_version=document.model_version,
    )


def task_plan(document: PartyDocument, component: str) -> TaskPlan:
    for plan in document.tasks:
        if plan.component == component:
            return plan
    raise ComponentFailed(f"{component} does not run at {document.party}")


def newest_success(state: JobState, party: Party, component: str) -> TaskRecord | None:
    """The newest successful run, whose outputs are used."""
    runs = [
        task
        for task in state.tasks.values()
        if task.component == component and task.party == party and task.status.succeeded
    ]
    return max(runs, key=lambda task: task.version, default=None)


def _tables(state: JobState, document: PartyDocument, plan: TaskPlan) -> dict[str, list[TableRef]]:
    outside = plan.inputs.get("tables", {})
    resolved: dict[str, list[TableRef]] = {}
    for key, references in plan.inputs.get("data", {}).items():
        tables = resolved.setdefault(key, [])
        for reference in references:
            source, _, port = reference.partition(".")
            if source == "args":
                if reference in outside:
                    table = outside[reference]
                    tables.append(TableRef(table["namespace"], table["name"], port=port))
                continue
            # A component that does not run at this party, or has no table here, gives no input: the arbiter's
            # Evaluation, or a host whose model's scores stay at the guest.
            run = newest_success(state, document.party, source)
            tables.extend(
                TableRef(output.namespace, output.table, source, port)
                for output in (run.outputs if run else [])
                if output.kind == "data" and output.name == port
            )
    return resolved


def _models(document: PartyDocument, plan: TaskPlan) -> dict[str, list[ModelRef]]:
    """References of the task's input models; in a predict job (`pipeline.`) those of the model that it uses."""
    modules = {task.component: task.module for task in document.tasks}
    owner = party_model_id(document.party, document.model_id)
    resolved: dict[str, list[ModelRef]] = {}
    for key in ("model", "isometric_model"):
        for reference in plan.inputs.get(key, []):
            component, _, alias = reference.removeprefix("pipeline.").partition(".")
            resolved.setdefault(key, []).append(
                ModelRef(owner, document.model_version, component, alias, modules.get(component, plan.module))
            )
    return resolved


logger = logging.getLogger(__name__)


class PendingAnswer:
    """The content of the answer to a peer's call. calls: the number of such calls under way."""

    def __init__(self) -> None:
        self.calls = 0
        self.report: Report | None = None


class EffectRunner:
    """Perform effects without blocking the turn that produced them."""

    def __init__(
        self,
        home: Path,
        workers: Workers,
        peers: Peers,
        bus: MessageBus,
        state_of: Callable[[str], JobState | None],
        post: Callable[[Event], None],
        job_ended: Callable[[AnnounceJobEnd], None],
    ) -> None:
        self._home = home
        self._workers = workers
        self._peers = peers
        self._bus = bus
        self._state_of = state_of
        self._post = post
        self._job_ended = job_ended
        self._running: set[asyncio.Task[None]] = set()
        self._answers: dict[tuple[str, Party], PendingAnswer] = {}

    def perform(self, effect: Effect) -> None:
        match effect:
            case StartTask():
                self._in_background(self._start(effect))
            case KillTask():
                self._in_background(self._kill(effect))
            case SendDirective():
                self._in_background(self._send_directive(effect))
            case SendReport():
                answer = self._answers.get((effect.report.job_id, effect.report.party))
                if answer is not None:
                    answer.report = effect.report
                else:
                    self._in_background(self._send_report(effect))
            case SendAcknowledgement():
                pass  # it is part of the answer to the report, or of the next directive
            case ForgetRuns():
                self._bus.forget(effect.job_id, effect.component, effect.version)
            case AnnounceJobEnd():
                self._job_ended(effect)

    @contextlib.contextmanager
    def answering(self, job_id: str, party: Party) -> Iterator[PendingAnswer]:
        """While a peer's call about this party is answered, put a report into the answer instead of sending it."""
        answer = self._answers.setdefault((job_id, party), PendingAnswer())
        answer.calls += 1
        try:
            yield answer
        finally:
            answer.calls -= 1
            if not answer.calls:
                del self._answers[job_id, party]

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("effect failed", exc_info=error)

    async def _start(self, effect: StartTask) -> None:
        state = self._state_of(effect.job_id)
        try:
            if state is None:
                raise FateFlowError(f"job {effect.job_id} is no longer known here")
            spec = task_spec(state, effect.party, effect.component, effect.version, self._home)
            await self._workers.start(spec)
        except (FateFlowError, OSError) as error:
            cause = f"{type(error).__name__}: {error}"
            self._post(_never_started(effect, cause, getattr(error, "hint", "")))
        except Exception as bug:
            # Report any error, or the task would never end.
            logger.exception("%s of %s could not be started", effect.component, effect.party)
            self._post(_never_started(effect, f"{type(bug).__name__}: {bug}", "see the site's log"))

    async def _kill(self, effect: KillTask) -> None:
        session = session_id(effect.job_id, effect.component, effect.version, effect.party)
        if not await self._workers.kill(session, effect.status, effect.reason):
            self._post(_ended(effect, TaskOutcome(effect.status)))

    async def _send_directive(self, effect: SendDirective) -> None:
        directive = effect.directive
        try:
            report = await self._peers.send_directive(directive)
        except FateFlowError as error:
            self._post(PeerFailed(now_ms(), directive.job_id, directive.party, error.message))
        else:
            self._post(ReportReceived(now_ms(), report))

    async def _send_report(self, effect: SendReport) -> None:
        try:
            acknowledgement = await self._peers.send_report(effect.driver, effect.report)
        except FateFlowError as error:
            self._post(PeerFailed(now_ms(), effect.report.job_id, effect.driver, error.message))
        else:
            self._post(ReportAcknowledged(now_ms(), acknowledgement))


def started(spec: TaskSpec, pid: int) -> TaskStarted:
    return TaskStarted(now_ms(), spec.job_id, spec.component, spec.version, spec.party, pid)


def ended(spec: TaskSpec, outcome: TaskOutcome) -> TaskEnded:
    return TaskEnded(now_ms(), spec.job_id, spec.component, spec.version, spec.party, outcome)


def _never_started(effect: StartTask, cause: str, hint: str) -> TaskEnded:
    card = FailureCard(effect.party, effect.component, effect.version, kind="exception", cause=cause, hint=hint)
    return _ended(effect, TaskOutcome(Status.FAILED, card=card))


def _ended(effect: StartTask | KillTask, outcome: TaskOutcome) -> TaskEnded:
    return TaskEnded(now_ms(), effect.job_id, effect.component, effect.version, effect.party, outcome)

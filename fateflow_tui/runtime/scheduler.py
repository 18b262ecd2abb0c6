"""The engine's turns: take events, decide, save, and only then act."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from fateflow_tui.core.effects import Effect
from fateflow_tui.core.errors import FateFlowError, LeaseLost, StaleVersion
from fateflow_tui.core.events import (
    DirectiveReceived,
    Event,
    NotesWritten,
    ReportAcknowledged,
    ReportReceived,
    RerunRequested,
    StopRequested,
    TimePassed,
)
from fateflow_tui.core.ports import Change, JobStore
from fateflow_tui.core.records import JobState
from fateflow_tui.engine import Engine
from fateflow_tui.runtime.clock import now_ms
from fateflow_tui.runtime.states import to_state

_SAFETY_TICK = 5.0  # seconds; deadlines and events do the work, the tick only guards against a lost one
_AFTER_FAILURE = 1_000  # ms before the next turn when one could not be saved

logger = logging.getLogger(__name__)


class Scheduler:
    """Runs turns one after the other. All events that have come meanwhile share one turn and so one save per job.

    perform: does an effect; must not block. observe: is told what was saved, before the effects are performed.
    complain: is told of a job that cannot be scheduled, and why.
    """

    def __init__(
        self,
        engine: Engine,
        store: JobStore,
        perform: Callable[[Effect], None],
        observe: Callable[[list[Change]], None],
        complain: Callable[[str, str], None],
    ) -> None:
        self.engine = engine
        self._store = store
        self._perform = perform
        self._observe = observe
        self._complain = complain
        self._pending: list[tuple[Event, asyncio.Future[None] | None]] = []
        self._wake = asyncio.Event()
        self._resume_at = 0
        self._carried: list[Effect] = []
        self._stopping = False

    def post(self, event: Event) -> None:
        """Hands an event in; what comes of it shows in the state."""
        self._pending.append((event, None))
        self._wake.set()

    async def turn(self, event: Event) -> None:
        """Hands an event in and returns once its consequences are durable. Raises what the engine refuses with."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending.append((event, done))
        self._wake.set()
        await done

    def restore(self, states: Iterable[JobState]) -> None:
        """Takes up the jobs that an earlier process left, before `run`."""
        self._finish_turn(self.engine.restore(states, now_ms()), [])

    async def run(self) -> None:
        """Turns until `stop`."""
        while not self._stopping:
            try:
                await asyncio.wait_for(self._wake.wait(), self._patience())
            except TimeoutError:
                self._pending.append((TimePassed(now_ms()), None))
            self._wake.clear()
            if self._pending and not self._stopping and now_ms() >= self._resume_at:
                self._take_turn()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    def _patience(self) -> float:
        if self._pending:
            return max(0.0, (self._resume_at - now_ms()) / 1000.0)
        deadline = self.engine.deadline()
        if deadline is None:
            return _SAFETY_TICK
        return min(_SAFETY_TICK, max(0.0, (deadline - now_ms()) / 1000.0))

    def recall(self, job_id: str) -> None:
        """Makes a job that was let go of the engine's again, if the store has it."""
        if self.engine.job(job_id) is not None:
            return
        stored = self._store.load(job_id)
        if stored is not None:
            self._finish_turn(self.engine.reload(to_state(stored), job_id, now_ms()), [])

    def _take_turn(self) -> None:
        batch, self._pending = self._pending, []
        effects: list[Effect] = []
        settled: list[_Settled] = []
        for event, done in batch:
            error: Exception | None = None
            job_id = _job_of(event)
            try:
                if job_id is not None:
                    self.recall(job_id)
                effects.extend(self.engine.handle(event))
            except FateFlowError as refused:
                error = refused
            except Exception as bug:
                # One event that cannot be handled must not stop all jobs of the site; what it has half done is undone.
                logger.exception("the scheduler could not handle %s", type(event).__name__)
                error = bug
                if job_id is not None:
                    self._reload(job_id)
            if done is not None:
                settled.append((done, error))
        if not self._finish_turn(effects, settled):
            # Callers were told; what happened by itself must not be lost, and comes again once saving works.
            self._pending = [entry for entry in batch if entry[1] is None] + self._pending
            self._resume_at = now_ms() + _AFTER_FAILURE

    def _finish_turn(self, effects: list[Effect], settled: list[_Settled]) -> bool:
        """Saves, answers, acts. False: it could not be saved; all is as it was saved last."""
        for job_id, bug in self.engine.take_faults().items():
            logger.error("job %s cannot be scheduled", job_id, exc_info=bug)
            self._complain(job_id, f"the scheduler cannot go on with this job: {type(bug).__name__}: {bug}")
        changes = self.engine.take_changes()
        failure = self._commit(changes)
        for done, error in settled:
            if not done.done():
                outcome = error or failure
                done.set_exception(outcome) if outcome else done.set_result(None)
        if failure is not None:
            # Nothing may be acted on that is not saved: take the last durable state and decide again from there.
            # What it decides then is saved, and acted on, with the next turn.
            for change in changes:
                self._reload(change.job_id)
            return False
        if changes:
            self._observe(changes)
        carried, self._carried = self._carried, []
        for effect in [*carried, *effects]:
            self._perform(effect)
        return True

    def _reload(self, job_id: str) -> None:
        stored = self._store.load(job_id)
        state = to_state(stored) if stored else None
        self._carried += self.engine.reload(state, job_id, now_ms())

    def _commit(self, changes: list[Change]) -> FateFlowError | None:
        try:
            if changes:
                self.engine.committed(self._store.commit(changes))
        except (StaleVersion, LeaseLost) as overtaken:
            logger.warning("a turn was overtaken: %s", overtaken.message)
            return overtaken
        except OSError as error:
            logger.exception("a turn could not be saved")
            return FateFlowError(
                f"the state of {len(changes)} job(s) cannot be saved: {error}",
                hint="free disk space or mend the permissions of the home directory",
            )
        return None


_Settled = tuple[asyncio.Future[None], Exception | None]


def _job_of(event: Event) -> str | None:
    """The job that must be in the engine's memory before it can handle this event, if it exists."""
    match event:
        case StopRequested() | RerunRequested() | NotesWritten():
            return event.job_id
        case DirectiveReceived():
            return event.directive.job_id
        case ReportReceived():
            return event.report.job_id
        case ReportAcknowledged():
            return event.acknowledgement.job_id
    return None

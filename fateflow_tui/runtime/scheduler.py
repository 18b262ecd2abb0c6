"""The engine's turns: take events, decide, save, and only then act."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.effects import Effect, KillTask
from fateflow_tui.core.errors import DamagedFile, FateFlowError, LeaseLost, StaleVersion
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
from fateflow_tui.core.ports import JobCommit, JobStore
from fateflow_tui.core.records import JobState
from fateflow_tui.core.status import Status
from fateflow_tui.engine import Engine
from fateflow_tui.runtime.live_jobs import load_state

_SAFETY_TICK = 5.0  # seconds; deadlines and events do the work, the tick only guards against a lost one
_AFTER_FAILURE = 1.0  # seconds before the next turn when one could not be saved

logger = logging.getLogger(__name__)

_What = TypeVar("_What")


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
        observe: Callable[[list[JobCommit]], None],
        complain: Callable[[str, str], None],
    ) -> None:
        self.engine = engine
        self._store = store
        self._perform = perform
        self._observe = observe
        self._complain = complain
        self._pending: list[tuple[Event, asyncio.Future[None] | None]] = []
        self._wake = asyncio.Event()
        self._resume_at = 0.0  # of the monotonic clock: the other one may be set back
        self._unsure: set[str] = set()  # jobs that are not in memory as they were saved, and could not be read
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
            if self._pending and not self._stopping and time.monotonic() >= self._resume_at:
                self._take_turn()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    def _patience(self) -> float:
        if self._pending:
            return max(0.0, self._resume_at - time.monotonic())
        deadline = self.engine.deadline()
        if deadline is None:
            return _SAFETY_TICK
        return min(_SAFETY_TICK, max(0.0, (deadline - now_ms()) / 1000.0))

    def recall(self, job_id: str) -> None:
        """Makes a job that was let go of the engine's again, if the store has it."""
        self._finish_turn(self._recalled(job_id), [])

    def _recalled(self, job_id: str) -> list[Effect]:
        """As `recall`, but nothing is saved yet: in the midst of a turn that would be what others have just asked for,
        and if it failed, they would not be told.
        """
        if self.engine.job(job_id) is not None:
            return []
        state = load_state(self._store, job_id)
        return [] if state is None else self.engine.reload(state, job_id, now_ms())

    def _take_turn(self) -> None:
        for unsure in list(self._unsure):
            self._reload(unsure)
        if self._unsure:
            self._resume_at = time.monotonic() + _AFTER_FAILURE
            return
        batch, self._pending = self._pending, []
        effects: list[Effect] = []
        settled: list[_Settled] = []
        for event, done in batch:
            error: Exception | None = None
            job_id = _job_of(event)
            try:
                if job_id is not None:
                    effects.extend(self._recalled(job_id))
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
        failure = self._finish_turn(effects, settled)
        if isinstance(failure, DamagedFile):
            # The job is gone, its file set aside; all others have their turn at once, as if it had not been there.
            self._pending = batch + self._pending
        elif failure is not None:
            # Callers were told; what happened by itself must not be lost, and comes again once saving works.
            self._pending = [entry for entry in batch if entry[1] is None] + self._pending
            self._resume_at = time.monotonic() + _AFTER_FAILURE

    def _finish_turn(self, effects: list[Effect], settled: list[_Settled]) -> FateFlowError | None:
        """Saves, answers, acts. Gives why it could not be saved: all is as it was saved last then. Nobody is answered
        when a file turned out to be damaged, since that is no affair of the other jobs.
        """
        for job_id, bug in self.engine.take_faults().items():
            logger.error("job %s cannot be scheduled", job_id, exc_info=bug)
            self._complain(job_id, f"the scheduler cannot go on with this job: {type(bug).__name__}: {bug}")
        changes = self.engine.take_commits()
        failure = self._commit(changes)
        for done, error in settled if not isinstance(failure, DamagedFile) else ():
            if not done.done():
                outcome = error or failure
                done.set_exception(outcome) if outcome else done.set_result(None)
        if failure is not None:
            # Nothing may be acted on that is not saved: take the last durable state and decide again from there.
            # What it decides then is saved, and acted on, with the next turn.
            for change in changes:
                self._reload(change.job_id)
            return failure
        if changes:
            _contained(self._observe, changes)
        carried, self._carried = self._carried, []
        for effect in [*carried, *effects]:
            _contained(self._perform, effect)
        return None

    def _reload(self, job_id: str) -> None:
        """Takes a job as it was saved last. When it cannot be read now, no turn is taken until it can."""
        before = self.engine.job(job_id)
        try:
            state = load_state(self._store, job_id)
        except DamagedFile as damage:
            logger.error("%s", damage.message)
            state = None
        except (FateFlowError, OSError):
            logger.exception("job %s cannot be read", job_id)
            self._unsure.add(job_id)
            return
        self._unsure.discard(job_id)
        if state is None and before is not None and before.version:
            self._complain(job_id, "its saved state is gone, so that it is given up: `fateflow doctor` may say more")
            self._carried += _kills(before)
        self._carried += self.engine.reload(state, job_id, now_ms())

    def _commit(self, changes: list[JobCommit]) -> FateFlowError | None:
        try:
            if changes:
                self.engine.committed(self._store.commit(changes))
        except (StaleVersion, LeaseLost) as overtaken:
            logger.warning("a turn was overtaken: %s", overtaken.message)
            return overtaken
        except FateFlowError as refused:
            logger.error("a turn could not be saved: %s", refused.message)
            return refused
        except OSError as error:
            logger.exception("a turn could not be saved")
            return FateFlowError(
                f"the state of {len(changes)} job(s) cannot be saved: {error}",
                hint="free disk space or mend the permissions of the home directory",
            )
        return None


def _contained(work: Callable[[_What], None], what: _What) -> None:
    """What goes wrong with one thing that was decided must not keep the others from being done."""
    try:
        work(what)
    except Exception:
        logger.exception("what was saved could not be followed by all that it asks for")


def _kills(state: JobState) -> list[Effect]:
    """Of the workers of a job that is given up."""
    return [
        KillTask(state.job_id, task.component, task.version, task.party, Status.CANCELED, "its job was lost")
        for task in state.tasks.values()
        if task.status is Status.RUNNING
    ]


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

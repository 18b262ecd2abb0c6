"""The engine's turns: take events, decide, save, and only then perform the effects."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.effects import Effect, KillTask
from fateflow_tui.core.errors import DamagedFile, FateFlowError, StaleEpoch, StaleVersion
from fateflow_tui.core.events import (
    DirectiveReceived,
    Event,
    JobSubmitted,
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

_SAFETY_TICK = 5.0  # seconds; a safety net, since events and deadlines start the turns
_AFTER_FAILURE = 1.0  # seconds before the next turn after one could not be saved

logger = logging.getLogger(__name__)

_What = TypeVar("_What")


class Scheduler:
    """Run turns one after the other. Events that arrive during a turn share the next one, with one save per job.

    perform: performs an effect without blocking. observe: receives what was saved, before the effects are performed.
    complain: receives a job id and a message about a job that cannot be scheduled.
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
        self._pending: list[_Entry] = []
        self._wake = asyncio.Event()
        self._resume_at = 0.0  # of the monotonic clock
        self._suspended: dict[str, list[_Entry]] = {}  # jobs that cannot be read, and the events held for them
        self._read_again_at = 0.0  # of the monotonic clock
        self._carried: list[Effect] = []
        self._stopping = False

    def post(self, event: Event) -> None:
        """Queue an event; its result shows in the state."""
        self._pending.append((event, None))
        self._wake.set()

    async def turn(self, event: Event) -> None:
        """Queue an event and return once its consequences are durable. Raises the engine's error."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending.append((event, done))
        self._wake.set()
        await done

    def restore(self, states: Iterable[JobState]) -> None:
        """Load the unfinished jobs of an earlier process, before `run`."""
        self._finish_turn(self.engine.restore(states, now_ms()), [])

    async def run(self) -> None:
        """Run turns until `stop`."""
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
        patience = _SAFETY_TICK
        if self._suspended:
            patience = min(patience, max(0.0, self._read_again_at - time.monotonic()))
        deadline = self.engine.deadline()
        return patience if deadline is None else min(patience, max(0.0, (deadline - now_ms()) / 1000.0))

    def recall(self, job_id: str) -> None:
        """Load a job that the engine has dropped, if the store has it."""
        self._finish_turn(self._recalled(job_id), [])

    def _recalled(self, job_id: str) -> list[Effect]:
        """Like `recall`, without saving: within a turn that would save the changes of earlier events as well, and a
        failure would not reach their callers.
        """
        if self.engine.job(job_id) is not None:
            return []
        state = load_state(self._store, job_id)
        return [] if state is None else self.engine.reload(state, job_id, now_ms())

    def _take_turn(self) -> None:
        self._resume_suspended()
        batch: list[_Entry] = []
        for entry in self._pending:
            self._suspended.get(job_of(entry[0]), batch).append(entry)
        self._pending = []
        effects: list[Effect] = []
        settled: list[_Settled] = []
        for event, done in batch:
            if job_of(event) in self._suspended:  # since an earlier event of this turn
                self._suspended[job_of(event)].append((event, done))
                continue
            error: Exception | None = None
            job_id = job_of(event) if _needs_job(event) else None
            try:
                if job_id is not None:
                    effects.extend(self._recalled(job_id))
                effects.extend(self.engine.handle(event))
            except FateFlowError as refused:
                error = refused
            except Exception as bug:
                # One event that cannot be handled must not stop the other jobs; undo what it has changed.
                logger.exception("the scheduler could not handle %s", type(event).__name__)
                error = bug
                if job_id is not None:
                    self._reload(job_id)
            if done is not None:
                settled.append((done, error))
        failure = self._finish_turn(effects, settled)
        if isinstance(failure, DamagedFile):
            # The job could not be written again and is given up; the others take their turn at once without it.
            self._pending = batch + self._pending
        elif failure is not None:
            # Callers got the error. Events without a caller must not be lost: handle them again once saving works.
            self._pending = [entry for entry in batch if entry[1] is None] + self._pending
            self._resume_at = time.monotonic() + _AFTER_FAILURE

    def _resume_suspended(self) -> None:
        """Read the suspended jobs again, and release the events held for those that can be read now."""
        if not self._suspended or time.monotonic() < self._read_again_at:
            return
        for job_id in list(self._suspended):
            self._reload(job_id)

    def _finish_turn(self, effects: list[Effect], settled: list[_Settled]) -> FateFlowError | None:
        """Save, answer the callers, perform the effects. Return the error if saving failed; the last saved state is
        then restored. With a damaged file no caller is answered yet, since the turn is repeated without that job.
        """
        for job_id, bug in self.engine.take_faults().items():
            logger.error("job %s cannot be scheduled", job_id, exc_info=bug)
            self._complain(job_id, f"the scheduler cannot continue this job: {type(bug).__name__}: {bug}")
        changes = self.engine.take_commits()
        failure = self._commit(changes)
        for done, error in settled if not isinstance(failure, DamagedFile) else ():
            if not done.done():
                outcome = error or failure
                done.set_exception(outcome) if outcome else done.set_result(None)
        if failure is not None:
            # Nothing may be acted on that is not saved: reload the last saved state and decide again from there. Those
            # decisions are saved, and acted on, with the next turn.
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
        """Replace a job by its last saved state. A job that cannot be read now is suspended until it can."""
        before = self.engine.job(job_id)
        try:
            state = load_state(self._store, job_id)
        except DamagedFile as damage:
            logger.error("%s", damage.message)
            state = None
        except (FateFlowError, OSError):
            logger.exception("job %s cannot be read; it is suspended until it can", job_id)
            self.engine.suspend(job_id)
            self._suspended.setdefault(job_id, [])
            self._read_again_at = time.monotonic() + _AFTER_FAILURE
            return
        self._pending = self._suspended.pop(job_id, []) + self._pending
        if state is None and before is not None and before.version:
            self._complain(job_id, "its saved state is lost, so the job is given up; `fateflow doctor` may say more")
            self._carried += _kills(before)
        self._carried += self.engine.reload(state, job_id, now_ms())

    def _commit(self, changes: list[JobCommit]) -> FateFlowError | None:
        try:
            if changes:
                self._save(changes)
        except (StaleVersion, StaleEpoch) as overtaken:
            logger.warning("a turn was overtaken: %s", overtaken.message)
            return overtaken
        except FateFlowError as refused:
            logger.error("a turn could not be saved: %s", refused.message)
            return refused
        except OSError as error:
            logger.exception("a turn could not be saved")
            return FateFlowError(
                f"the state of {len(changes)} job(s) cannot be saved: {error}",
                hint="free disk space, or correct the permissions of the home directory",
            )
        return None

    def _save(self, changes: list[JobCommit]) -> None:
        """Commit, and write jobs whose files were lost or damaged again from memory."""
        try:
            versions = self._store.commit(changes)
        except (StaleVersion, DamagedFile):
            lost = [change.job_id for change in changes if change.version and not self._is_stored(change.job_id)]
            whole = {job_id: commit for job_id in lost if (commit := self.engine.rewrite(job_id)) is not None}
            if not whole:
                raise
            versions = self._store.commit([whole.get(change.job_id, change) for change in changes])
            for job_id in whole:
                logger.warning("the file of job %s was lost or damaged; it was written again from memory", job_id)
                self._complain(job_id, "its file was lost or damaged and has been written again from memory")
        self.engine.committed(versions)

    def _is_stored(self, job_id: str) -> bool:
        """Whether the job's file is there and can be read; a damaged one is set aside."""
        try:
            return self._store.load(job_id) is not None
        except DamagedFile as damage:
            logger.error("%s", damage.message)
            return False


def _contained(work: Callable[[_What], None], what: _What) -> None:
    """Call `work`; an exception is logged, so that the other effects are still performed."""
    try:
        work(what)
    except Exception:
        logger.exception("effect failed after commit")


def _kills(state: JobState) -> list[Effect]:
    """Effects that kill the workers of a job that is given up."""
    return [
        KillTask(state.job_id, task.component, task.version, task.party, Status.CANCELED, "its job was lost")
        for task in state.tasks.values()
        if task.status is Status.RUNNING
    ]


_Entry = tuple[Event, asyncio.Future[None] | None]
_Settled = tuple[asyncio.Future[None], Exception | None]


def job_of(event: Event) -> str:
    """The id of the job that an event is about; '' if it is about none."""
    match event:
        case JobSubmitted():
            return event.plan.job_id
        case DirectiveReceived():
            return event.directive.job_id
        case ReportReceived():
            return event.report.job_id
        case ReportAcknowledged():
            return event.acknowledgement.job_id
        case TimePassed():
            return ""
        case _:
            return event.job_id


def _needs_job(event: Event) -> bool:
    """Whether the job must be in the engine's memory before it can handle this event, if it exists."""
    kinds = (StopRequested, RerunRequested, NotesWritten, DirectiveReceived, ReportReceived, ReportAcknowledged)
    return isinstance(event, kinds)

"""The engine: events go in, effects come out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from heapq import heappop, heappush
from types import MappingProxyType

import msgspec

from fateflow_tui.core.effects import Effect, SendAcknowledgement, SendDirective, SendReport
from fateflow_tui.core.errors import BadRequest, Conflict, JobNotFound, NotFound
from fateflow_tui.core.events import (
    DirectiveReceived,
    Event,
    JobSubmitted,
    NotesWritten,
    PeerFailed,
    ReportAcknowledged,
    ReportReceived,
    RerunRequested,
    StopRequested,
    TaskEnded,
    TaskStarted,
    TimePassed,
)
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Acknowledgement, Directive, Phase, Report, StopRequest
from fateflow_tui.core.plan import PartyDocument, RerunStep, Resources
from fateflow_tui.core.ports import JobCommit
from fateflow_tui.core.records import JobState, WaitingReason
from fateflow_tui.engine import driver, fixpoint, outbox, party, rerun, tasks
from fateflow_tui.engine.capacity import Holder
from fateflow_tui.engine.context import TurnContext
from fateflow_tui.engine.driver import waiting_reason
from fateflow_tui.engine.facts import SiteFacts, Tunables
from fateflow_tui.engine.fixpoint import retry_waiting, run_to_fixpoint
from fateflow_tui.engine.job import Job


class Engine:
    """Decides for all jobs of one site. Pure: no clock, no files, no sockets.

    A turn of the caller: `handle` one or more events, `take_commits`, save them, call `committed`, and only then
    perform the effects. If saving fails, the caller drops the effects, calls `reload` for each of the jobs and hands in
    the same events again.

    The engine only knows the jobs in memory. Before an event of another job, the caller looks for the job in the store
    and hands it to `reload`.
    """

    def __init__(self, facts: SiteFacts, tunables: Tunables | None = None) -> None:
        self._turn = TurnContext(facts, tunables or Tunables())
        self._jobs: dict[str, Job] = {}
        self._states: dict[str, JobState] = {}
        self._touched: dict[str, Job] = {}  # in this turn
        self._unsaved: dict[str, Job] = {}  # since the changes were last taken
        self._deadlines: dict[str, int] = {}
        self._timers: list[tuple[int, str]] = []  # heap; an entry counts if it equals the job's deadline
        self._faults: dict[str, Exception] = {}

    def handle(self, event: Event) -> list[Effect]:
        """Handle one event. Raises JobNotFound, NotFound, Conflict or BadRequest for an invalid request, without
        changing anything.
        """
        self._turn.at = event.at
        match event:
            case JobSubmitted():
                self._submit(event)
            case DirectiveReceived():
                self._take_directive(event)
            case ReportReceived():
                self._take_report(event)
            case ReportAcknowledged():
                self._take_acknowledgement(event)
            case PeerFailed():
                self._note_trouble(event)
            case TaskStarted():
                if (job := self._jobs.get(event.job_id)) is not None:
                    tasks.on_task_started(job, event)
                    self._touch(job)
            case TaskEnded():
                if (job := self._jobs.get(event.job_id)) is not None:
                    tasks.on_task_ended(self._turn, job, event)
                    self._touch(job)
            case StopRequested():
                self._stop(event)
            case RerunRequested():
                job = self._get(event.job_id)
                rerun.rerun(self._turn, job, event)
                self._touch(job)
            case NotesWritten():
                self._describe(event)
            case TimePassed():
                self._fire_timers()
        return self._close_turn()

    def restore(self, states: Iterable[JobState], at: int) -> list[Effect]:
        """Load jobs after a restart, when no worker runs any more. The caller has advanced the epoch of each job that
        this site drives.
        """
        self._turn.at = at
        for state in states:
            try:
                self._adopt(fixpoint.recover(self._turn, state))
            except Exception as bug:
                self._set_aside(state.job_id, bug)
        return self._close_turn()

    def reload(self, state: JobState | None, job_id: str, at: int) -> list[Effect]:
        """Replace a job in memory by its saved state; None drops it. Its workers are taken to be alive."""
        self._turn.at = at
        self._drop(job_id)
        if state is not None:
            try:
                job = Job(state)
                fixpoint.reset_silence(self._turn, job)
                self._adopt(job)
            except Exception as bug:
                self._set_aside(job_id, bug)
        return self._close_turn()

    def take_commits(self) -> list[JobCommit]:
        """The records changed since the last call, to be saved before the effects are performed."""
        jobs, self._unsaved = self._unsaved, {}
        return [change for job in jobs.values() if (change := job.take_commit()) is not None]

    def rewrite(self, job_id: str) -> JobCommit | None:
        """All records of a job whose file is lost, to be committed as a new file; None if the job is not in memory."""
        job = self._jobs.get(job_id)
        return job.take_everything() if job is not None else None

    def suspend(self, job_id: str) -> None:
        """Decide nothing about a job until it is reloaded. It keeps what it holds, and its state can be read."""
        self._jobs.pop(job_id, None)
        self._turn.ledger.suspend(job_id)
        for index in (self._touched, self._unsaved, self._deadlines):
            index.pop(job_id, None)

    def take_faults(self) -> dict[str, Exception]:
        """The jobs for which deciding failed since the last call, and why: a bug or an invalid state. They were dropped
        from memory; no other job is affected.
        """
        faults, self._faults = self._faults, {}
        return faults

    def committed(self, versions: Mapping[str, int]) -> None:
        for job_id, version in versions.items():
            if job_id in self._states:
                self._states[job_id].version = version

    def deadline(self) -> int | None:
        """When the engine needs TimePassed next (ms since the epoch); None if it does not."""
        while self._timers and self._deadlines.get(self._timers[0][1]) != self._timers[0][0]:
            heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def job(self, job_id: str) -> JobState | None:
        return self._states.get(job_id)

    def jobs(self) -> Mapping[str, JobState]:
        """All jobs in memory, read-only."""
        return MappingProxyType(self._states)

    def report(self, job_id: str, party: Party) -> Report | None:
        """The newest report of a party that this site plays for another site's job."""
        job = self._jobs.get(job_id)
        return job.reports.get(str(party)) if job is not None else None

    def is_settled(self, job_id: str) -> bool:
        """Whether the job has ended and every party that must know has acknowledged it."""
        if job_id in self._states and job_id not in self._jobs:
            return False  # suspended
        job = self._get(job_id)
        if job.drives:
            return driver.is_settled(job)
        return all(party.is_settled(record) for record in job.state.parties.values())

    def forget(self, job_id: str) -> None:
        """Drop a settled job from memory. Raises Conflict if it is not settled or not saved."""
        if not self.is_settled(job_id) or job_id in self._unsaved:
            raise Conflict(f"job {job_id} has not ended at all its parties and stays in memory")
        self._drop(job_id)

    def waiting(self, job_id: str) -> WaitingReason | None:
        """Why a job waits; None if it runs, has ended or is unknown."""
        job = self._jobs.get(job_id)
        return waiting_reason(self._turn, job) if job is not None else None

    def used(self) -> Resources:
        return self._turn.ledger.used()

    def capacity(self) -> Resources:
        return self._turn.ledger.total

    def holders(self) -> list[Holder]:
        """What each job holds at each party of this site."""
        return self._turn.ledger.holders()

    def rerun_plan(
        self,
        job_id: str,
        components: Iterable[str] = (),
        force: bool = False,
        documents: Iterable[PartyDocument] = (),
        missing: Mapping[str, str] = MappingProxyType({}),
    ) -> list[RerunStep]:
        """What a rerun would do with each component; see `rerun.plan_rerun`."""
        return rerun.plan_rerun(self._get(job_id), components, force=force, documents=documents, missing=missing)

    def _submit(self, event: JobSubmitted) -> None:
        plan = event.plan
        if plan.job_id in self._jobs:
            raise Conflict(f"job {plan.job_id} exists already")
        if not self._turn.hosts(plan.driver) or plan.driver not in plan.parties:
            raise BadRequest(f"job {plan.job_id} has the driver {plan.driver}, which this site does not play")
        self._adopt(driver.open_job(self._turn, plan, event.refusals, event.adopted))

    def _take_directive(self, event: DirectiveReceived) -> None:
        directive = event.directive
        if not self._turn.hosts(directive.party):
            raise BadRequest(f"{directive.party} is not played by {self._turn.facts.name}")
        job = self._jobs.get(directive.job_id)
        if job is not None and job.drives:
            raise Conflict(f"job {directive.job_id} is driven by this site, not by {directive.driver}")
        is_known = job is not None and str(directive.party) in job.state.parties
        if not is_known and (directive.document is None or directive.phase is Phase.FINISH):
            self._turn.emit(SendReport(directive.driver, _blank_report(directive, event.at)))
            return
        if job is None:
            job = Job(JobState(directive.job_id))
            self._adopt(job)
        party.receive(self._turn, job, directive, event.refusal, event.adopted, event.missing)
        self._touch(job)

    def _take_report(self, event: ReportReceived) -> None:
        report = event.report
        job = self._jobs.get(report.job_id)
        if job is not None and job.drives:
            driver.observe(self._turn, job, report)
            self._touch(job)
        self._turn.emit(SendAcknowledgement(Acknowledgement(report.job_id, report.party, report.seq)))

    def _take_acknowledgement(self, event: ReportAcknowledged) -> None:
        acknowledgement = event.acknowledgement
        job = self._jobs.get(acknowledgement.job_id)
        record = job.state.parties.get(str(acknowledgement.party)) if job is not None else None
        if job is None or record is None:
            return
        record.last_contact_at = event.at
        party.acknowledge(job, record, acknowledgement.seq)
        self._touch(job)

    def _note_trouble(self, event: PeerFailed) -> None:
        job = self._jobs.get(event.job_id)
        if job is None or not job.drives:
            return
        view = job.driver.parties.get(str(event.party))
        if view is not None and view.trouble != event.reason:
            view.trouble = event.reason
            job.touch_driver()
            self._touch(job)

    def _stop(self, event: StopRequested) -> None:
        if not event.status.interrupted:
            raise BadRequest(f"a job cannot be stopped as {event.status}")
        job = self._get(event.job_id)
        request = StopRequest(event.status, event.by, event.at, event.reason)
        if job.drives:
            if job.driver.outcome is None:
                job.add_story(event.at, "StopRequested", text=f"by {event.by}")
                driver.stop_job(self._turn, job, request, str(job.state.plan.driver) if job.state.plan else "")
        else:
            for record in job.state.parties.values():
                if not record.status.ended and record.directive.phase is not Phase.FINISH and record.stop is None:
                    job.add_story(event.at, "StopRequested", party=str(record.party), text=f"by {event.by}")
                    record.stop = msgspec.structs.replace(request, party=str(record.party))
                    job.touch_party(record)
        self._touch(job)

    def _describe(self, event: NotesWritten) -> None:
        job = self._get(event.job_id)
        record = job.state.parties.get(str(event.party))
        if record is None:
            raise NotFound(f"{event.party} of job {event.job_id} is not played by {self._turn.facts.name}")
        record.description = event.notes
        job.touch_party(record)
        self._touch(job)

    def _fire_timers(self) -> None:
        while (deadline := self.deadline()) is not None and deadline <= self._turn.at:
            _, job_id = heappop(self._timers)
            del self._deadlines[job_id]
            self._touch(self._jobs[job_id])

    def _get(self, job_id: str) -> Job:
        job = self._jobs.get(job_id)
        if job is None and job_id in self._states:
            raise Conflict(f"the saved state of job {job_id} cannot be read now", hint="try again later")
        if job is None:
            raise JobNotFound(f"job {job_id} is not known at {self._turn.facts.name}")
        return job

    def _adopt(self, job: Job) -> None:
        self._jobs[job.id] = job
        self._states[job.id] = job.state
        self._touch(job)

    def _drop(self, job_id: str) -> None:
        self._jobs.pop(job_id, None)
        if job_id in self._states:
            self._turn.ledger.drop(job_id)
            self._turn.ledger.freed = True
        for index in (self._states, self._touched, self._unsaved, self._deadlines):
            index.pop(job_id, None)

    def _touch(self, job: Job) -> None:
        self._touched[job.id] = job
        self._unsaved[job.id] = job

    def _close_turn(self) -> list[Effect]:
        for job in list(self._touched.values()):
            self._contain(job, run_to_fixpoint)
        for job in retry_waiting(self._turn):
            self._touch(job)
        touched, self._touched = self._touched, {}
        for job in touched.values():
            self._contain(job, self._flush)
        return [effect for effect in self._turn.take_effects() if _job_of(effect) not in self._faults]

    def _contain(self, job: Job, work: Callable[[TurnContext, Job], None]) -> None:
        try:
            work(self._turn, job)
        except Exception as bug:
            self._set_aside(job.id, bug)

    def _set_aside(self, job_id: str, bug: Exception) -> None:
        """Drop a job that cannot be handled, so that the others continue."""
        self._drop(job_id)
        self._faults[job_id] = bug

    def _flush(self, turn: TurnContext, job: Job) -> None:
        outbox.flush(turn, job)
        self._set_timer(job)

    def _set_timer(self, job: Job) -> None:
        deadline = outbox.next_deadline(self._turn, job)
        if deadline is None:
            self._deadlines.pop(job.id, None)
        elif self._deadlines.get(job.id) != deadline:
            self._deadlines[job.id] = deadline
            heappush(self._timers, (deadline, job.id))


def _job_of(effect: Effect) -> str:
    match effect:
        case (
            SendDirective(directive=message) | SendReport(report=message) | SendAcknowledgement(acknowledgement=message)
        ):
            return message.job_id
        case _:
            return effect.job_id


def _blank_report(directive: Directive, at: int) -> Report:
    """The report of a party that has no record of the job: it has ended, or the document must be sent first."""
    return Report(
        directive.job_id,
        directive.party,
        at,
        directive.epoch,
        directive.revision,
        0,
        ended=directive.status if directive.phase is Phase.FINISH else None,
        run=directive.run,
    )

"""Finding the jobs of a site, answering for them party by party, and how long their tasks have taken."""

from __future__ import annotations

import asyncio
import logging
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import DamagedFile, FateFlowError, JobNotFound, PartyRefused, PartyUnreachable
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Refusal
from fateflow_tui.core.ports import JobStore
from fateflow_tui.core.records import JobState, WaitingReason
from fateflow_tui.core.status import Status
from fateflow_tui.core.why import DurationStats, Holding
from fateflow_tui.engine import Engine
from fateflow_tui.runtime.live_jobs import load_state
from fateflow_tui.runtime.peers.grants import NotGranted, grant_command
from fateflow_tui.runtime.peers.routes import route_commands


def has_ended_here(state: JobState) -> bool:
    """Whether the job has ended at all parties of this site."""
    return all(party.status.ended for party in state.parties.values())


def is_settled(state: JobState) -> bool:
    """Whether the job has ended here and every other party has acknowledged the end."""
    ended = all(party.ended_at and party.status.ended for party in state.parties.values())
    return ended and (state.driver is None or all(answer == "success" for answer in stop_answers(state).values()))


def status_of(state: JobState) -> Status:
    """The status over all parties where the job is driven here, else that of this site's first party."""
    if state.driver is not None:
        return state.driver.status
    return next(iter(state.parties.values())).status


def stop_answers(state: JobState) -> dict[str, str]:
    """For each party "success", or "pending: " and why."""
    if state.driver is None:
        return {
            key: "success" if party.status.ended else "pending: the driver has not answered yet"
            for key, party in state.parties.items()
        }
    return {
        key: "success"
        if view.report is not None and view.report.ended is not None
        else f"pending: {view.trouble or 'not acknowledged yet'}; the stop request is retried until it answers"
        for key, view in state.driver.parties.items()
    }


def submit_failed(state: JobState, driver: Party) -> FateFlowError:
    """Return the error of a job that was not created, with every party's answer in FATE-Flow's form: role -> party id
    -> {retcode, retmsg}.
    """
    answers: dict[str, dict[str, dict[str, Any]]] = {}
    refusals: list[str] = []
    unanswered: list[str] = []
    for key, view in state.driver.parties.items() if state.driver is not None else ():
        party = Party.parse(key)
        refusal = view.report.refusal if view.report else None
        if refusal is not None:
            text = refusal_text(refusal, driver)
            answer = {"retcode": refusal.retcode, "retmsg": text}
            refusals.append(text)
        elif view.report is not None:
            answer = {"retcode": 0, "retmsg": "success"}
        elif not view.sent_at:
            # A party of this same site: another party's refusal has ended the job before.
            answer = {"retcode": 103, "retmsg": f"{key} was not asked: another party had already refused"}
        else:
            text = f"{key} did not accept the job: {view.trouble}" if view.trouble else f"{key} did not answer in time"
            answer = {"retcode": PartyUnreachable.retcode, "retmsg": text}
            unanswered.append(text)
        answers.setdefault(party.role, {})[party.party_id] = answer
    kind = PartyRefused if refusals else PartyUnreachable
    return kind(
        f"create job failed: {'; '.join(refusals + unanswered)}",
        hint="no party keeps anything of this job; fix the cause and submit it again",
        data={"job_id": state.job_id, "parties": answers},
    )


def refusal_text(refusal: Refusal, driver: Party) -> str:
    """A refusal with its hint, for clients that get no hint."""
    hint = refusal_hint(refusal, refusal.party, driver)
    return f"{refusal.text}; {hint}" if hint else refusal.text


def refusal_hint(refusal: Refusal, party: Party | str | None, driver: Party | str) -> str:
    """The command that removes the cause of a refusal, and the site that has to run it; "" if there is none."""
    if refusal.code == NotGranted.code:
        return f"the owner of that site can grant it: {grant_command(driver, refusal.lacks)}"
    commands = route_commands(refusal.lacks)
    return f"at the site of {party}, run: {commands}" if commands else ""


logger = logging.getLogger(__name__)


class JobLookup:
    """Looks up the jobs of a site: live ones in memory, ended ones on disk."""

    def __init__(self, engine: Engine, store: JobStore) -> None:
        self._engine = engine
        self._store = store

    def state(self, job_id: str) -> JobState | None:
        """Return a job as it is now, or as it was saved when it ended; None if it is not known here."""
        if (live := self._engine.job(job_id)) is not None:
            return live
        return load_state(self._store, job_id)

    def states(self, limit: int | None = None, before: str = "") -> Iterator[JobState]:
        """Yield jobs, newest first, reading only as many files as are consumed. before: only jobs older than this one.
        A damaged file is set aside and skipped.
        """
        ids = self._store.job_ids()
        if before in ids:
            ids = ids[ids.index(before) + 1 :]
        for job_id in ids[:limit]:
            try:
                state = self.state(job_id)
            except DamagedFile as damage:
                logger.error("%s", damage.message)
                continue
            if state is not None:
                yield state

    def require(self, job_id: str) -> JobState:
        """Return a job as `state` does. Raises JobNotFound."""
        state = self.state(job_id)
        if state is None:
            raise JobNotFound(f"there is no job {job_id} at this site", hint="list the jobs: fateflow job list")
        return state

    def waiting(self, job_id: str) -> WaitingReason | None:
        """Why a live job is not running yet; None if it does not wait."""
        return self._engine.waiting(job_id)

    def resources(self) -> dict[str, Any]:
        """The capacity of the local engine, how much is in use, and by which jobs."""
        return {
            "engine": "local",
            "capacity": msgspec.to_builtins(self._engine.capacity()),
            "used": msgspec.to_builtins(self._engine.used()),
            "holders": msgspec.to_builtins(self._engine.holders()),
        }

    def holdings(self) -> list[Holding]:
        """What jobs hold at this site's parties and, for jobs driven here, at the parties of other sites."""
        own = [Holding(one.job_id, str(one.party), one.held, here=True) for one in self._engine.holders()]
        elsewhere = [
            Holding(state.job_id, party, view.report.granted)
            for state in self._engine.jobs().values()
            for party, view in (state.driver.parties.items() if state.driver else ())
            if party not in state.parties and view.report is not None and view.report.granted is not None
        ]
        return [*own, *elsewhere]


_JOBS: Final = 50  # newest jobs that are read
_RUNS: Final = 20  # newest runs of one module that count
_FRESH: Final = 5_000  # ms for which an answer is cached
_TURN: Final = 8  # job files read before the event loop gets a turn


class TaskDurations:
    """How long tasks of each module have taken at this site. states: yields a number of jobs, newest first."""

    def __init__(self, states: Callable[[int], Iterator[JobState]], clock: Callable[[], int] = now_ms) -> None:
        self._states = states
        self._clock = clock
        self._usual: dict[str, DurationStats] = {}
        self._read_at = 0

    async def by_module(self) -> dict[str, DurationStats]:
        """The durations by `module/role`. Reused results do not count, because nothing ran."""
        now = self._clock()
        if now - self._read_at >= _FRESH:
            self._usual, self._read_at = await self._read(), now
        return self._usual

    async def _read(self) -> dict[str, DurationStats]:
        durations: defaultdict[str, list[int]] = defaultdict(list)
        for number, state in enumerate(self._states(_JOBS)):
            for key, duration in _runs(state):
                if len(durations[key]) < _RUNS:
                    durations[key].append(duration)
            if number % _TURN == _TURN - 1:
                await asyncio.sleep(0)
        return {key: DurationStats(round(statistics.median(found)), len(found)) for key, found in durations.items()}


def _runs(state: JobState) -> Iterator[tuple[str, int]]:
    """(`module/role`, ms) of each task that ran and succeeded."""
    for task in state.tasks.values():
        if task.status is Status.SUCCESS and task.started_at and not task.reused_from:
            yield f"{task.module}/{task.party.role}", max(0, task.ended_at - task.started_at)

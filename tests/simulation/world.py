"""Several sites on a simulated clock, network, store and workers. One seed replays exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from itertools import count
from random import Random
from zlib import crc32

import msgspec

from fateflow_tui.core.effects import (
    Effect,
    KillTask,
    SendAcknowledgement,
    SendDirective,
    SendReport,
    StartTask,
)
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.events import (
    DirectiveReceived,
    Event,
    JobSubmitted,
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
from fateflow_tui.core.plan import JobPlan, PartyDocument
from fateflow_tui.core.ports import JobCommit
from fateflow_tui.core.records import Adopted, DriverRecord, PartyRecord, TaskOutput, TaskRecord, task_key
from fateflow_tui.core.status import Status
from fateflow_tui.core.work import TaskOutcome
from fateflow_tui.engine import Engine, SiteFacts
from tests.simulation.disk import load
from tests.simulation.invariants import Broken, Tables, Witness, check_alarm, check_end, check_engine, check_saved
from tests.simulation.scenario import Faults, Scenario

BEGIN = 1_767_225_600_000
QUIET = Faults()


class SimulatedSite:
    """A scheduler process with its disk and its workers. engine: None while it is down."""

    def __init__(self, facts: SiteFacts) -> None:
        self.facts = facts
        self.engine: Engine | None = None
        self.disk: dict[str, tuple[int, Tables]] = {}
        self.workers: set[tuple[str, str]] = set()
        self.life = 0  # number of the present process
        self.alarm = 0
        self.inbox: list[Event] = []  # to be handled together with the next event


class World:
    """Runs a scenario to its end and checks the invariants after each step."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self.chance = Random(seed)
        self.faults = scenario.faults
        self.tunables = scenario.tunables
        self.now = BEGIN
        self.sites = {facts.name: SimulatedSite(facts) for facts in scenario.sites}
        self.plans = {plan.job_id: plan for _, plan in scenario.jobs}
        self.witness = Witness(self.plans)
        self.cut: set[frozenset[str]] = set()
        self.begun: dict[tuple[str, str, int], set[Party]] = {}  # runs of components: parties that have started
        self.refused: list[FateFlowError] = []
        self.turns = 0
        self.trace = 0  # checksum over all that happened
        self.duration: Callable[[StartTask], int] = lambda effect: self.chance.choice(scenario.durations)
        self.outcome: Callable[[StartTask], Status] = self._draw_outcome
        self.forgets: Callable[[TaskRecord], bool] = lambda task: self.chance.random() < 0.1
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()
        for site in self.sites.values():
            self._boot(site)
        self._plan_events()

    # time ---------------------------------------------------------------------------------------------------------

    def after(self, delay: int, action: Callable[[], None]) -> None:
        heappush(self._agenda, (self.now + max(delay, 0), next(self._numbers), action))

    def run(self, until: int | None = None, limit: int = 200_000) -> None:
        """Up to `until` ms after the beginning, or until nothing is left to happen."""
        while self._agenda and (until is None or self._agenda[0][0] <= BEGIN + until):
            self.now, _, action = heappop(self._agenda)
            action()
            limit -= 1
            if limit < 0:
                raise Broken("the world does not come to rest")
        if until is not None:
            self.now = max(self.now, BEGIN + until)

    def run_to_end(self) -> None:
        """Through all faults and then, in peace, to the end of all jobs."""
        self.run(self.scenario.horizon)
        self.calm()
        self.run()
        check_end({name: site.engine for name, site in self.sites.items() if site.engine}, self._all_workers())
        for site in self.sites.values():
            for job_id, (_, tables) in site.disk.items():
                state = site.engine.job(job_id) if site.engine else None
                if state is not None:
                    check_saved(state, tables)

    def calm(self) -> None:
        """All faults end."""
        self.faults = QUIET
        self.cut.clear()
        for site in self.sites.values():
            if site.engine is None:
                self._boot(site)

    # for tests ----------------------------------------------------------------------------------------------------

    def site_of(self, party: Party) -> SimulatedSite:
        return next(site for site in self.sites.values() if site.facts.hosts(party))

    def driver(self, job_id: str) -> DriverRecord:
        plan = self.plans[job_id]
        engine = self.site_of(plan.driver).engine
        assert engine is not None
        state = engine.job(job_id)
        assert state is not None
        assert state.driver is not None
        return state.driver

    def party(self, job_id: str, party: Party) -> PartyRecord:
        engine = self.site_of(party).engine
        assert engine is not None
        state = engine.job(job_id)
        assert state is not None
        return state.parties[str(party)]

    def submit(self, plan: JobPlan) -> None:
        self.plans[plan.job_id] = plan
        site = self.site_of(plan.driver)
        own = {str(d.party): self.adopted(site, d) for d in plan.documents if site.facts.hosts(d.party)}
        self.turn(site, [JobSubmitted(self.now, plan, adopted=own)])

    def adopted(self, site: SimulatedSite, document: PartyDocument | None) -> dict[str, Adopted]:
        """What a site still has of the job that a party's document wants to reuse."""
        if document is None or document.reuse is None or document.reuse.job_id not in site.disk:
            return {}
        found: dict[str, Adopted] = {}
        for record in site.disk[document.reuse.job_id][1].get("tasks", {}).values():
            task = msgspec.convert(record, TaskRecord)
            if task.party == document.party and task.status.succeeded and not self.forgets(task):
                found[task.component] = Adopted(task.outputs, task.summary)
        return found

    def stop(self, site: SimulatedSite, job_id: str, status: Status = Status.CANCELED) -> None:
        self.turn(site, [StopRequested(self.now, job_id, "alice", status)])

    def rerun(self, job_id: str, components: Iterable[str] = (), *, force: bool = False) -> None:
        site = self.site_of(self.plans[job_id].driver)
        self.turn(site, [RerunRequested(self.now, job_id, "alice", list(components), force)])

    # sites --------------------------------------------------------------------------------------------------------

    def crash(self, site: SimulatedSite, down: int | None = None, *, disk_lost: bool = False) -> None:
        """Kills a site and its workers. down: ms until it is back, None for never."""
        if site.engine is None:
            return
        site.engine = None
        site.life += 1
        site.workers.clear()
        site.inbox.clear()
        if disk_lost:
            site.disk.clear()
            self.witness.disk_lost = True
        if down is not None:
            life = site.life
            self.after(down, lambda: self._boot(site) if site.engine is None and site.life == life else None)

    def turn(self, site: SimulatedSite, events: Iterable[Event]) -> None:
        """Hands events in, saves what changed, performs the effects; the site may die at any point of it."""
        engine = site.engine
        if engine is None:
            return
        events = site.inbox + list(events)
        site.inbox = []
        if self.chance.random() < self.faults.batch:
            site.inbox = events
            self.after(5, lambda: self.turn(site, []) if site.inbox else None)
            return
        effects = self._handle(engine, events)
        if self.chance.random() < self.faults.stale:
            effects = []
            for change in engine.take_commits():
                version, tables = site.disk.get(change.job_id, (0, None))
                saved = load(change.job_id, version, tables) if tables is not None else None
                effects += engine.reload(saved, change.job_id, self.now)
            effects += self._handle(engine, events)
        self._finish_turn(site, effects)

    def _handle(self, engine: Engine, events: list[Event]) -> list[Effect]:
        effects: list[Effect] = []
        for event in events:
            try:
                effects += engine.handle(event)
            except FateFlowError as error:
                self.refused.append(error)
        return effects

    def _finish_turn(self, site: SimulatedSite, effects: list[Effect]) -> None:
        assert site.engine is not None
        self.turns += 1
        fate = self.chance.random() if self.faults.crash else 1.0
        if fate < self.faults.crash * 0.3:
            self.crash(site, self._down_time())
            return
        self._commit(site, site.engine.take_commits())
        cut_short = self.chance.randrange(len(effects) + 1) if fate < self.faults.crash else len(effects)
        for effect in effects[:cut_short]:
            self._perform(site, effect)
        if fate < self.faults.crash:
            self.crash(site, self._down_time())
            return
        check_engine(site.engine, site.workers)
        self._set_alarm(site)

    def _commit(self, site: SimulatedSite, changes: list[JobCommit]) -> None:
        versions = {}
        for change in changes:
            version, tables = site.disk.get(change.job_id, (0, {}))
            if version != change.version:
                raise Broken(f"{change.job_id} is saved on version {change.version}, the file has {version}")
            after = dict(tables)
            for table, records in change.records.items():
                after[table] = {**after.get(table, {}), **records}
            self.witness.saw_commit(change, tables, after)
            site.disk[change.job_id] = (version + 1, after)
            versions[change.job_id] = version + 1
            self.trace = crc32(repr(change.records.get("story")).encode(), self.trace)
        assert site.engine is not None
        site.engine.committed(versions)

    def _boot(self, site: SimulatedSite) -> None:
        site.engine = Engine(site.facts, self.tunables)
        site.alarm = 0
        states = [load(job_id, version, tables) for job_id, (version, tables) in site.disk.items()]
        for state in states:
            if state.driver is not None:
                state.driver.epoch += 1  # as a new lease has it
        self._finish_turn(site, site.engine.restore(states, self.now))

    def _set_alarm(self, site: SimulatedSite) -> None:
        assert site.engine is not None
        deadline, life = site.engine.deadline(), site.life
        if deadline is None or deadline == site.alarm:
            return
        site.alarm = deadline

        def ring() -> None:
            if site.life == life and site.alarm == deadline:
                site.alarm = 0
                self.turn(site, [TimePassed(self.now)])
                if not site.inbox:
                    check_alarm(site.engine, self.now)

        self.after(deadline - self.now, ring)

    # effects ------------------------------------------------------------------------------------------------------

    def _perform(self, site: SimulatedSite, effect: Effect) -> None:
        match effect:
            case SendDirective(directive):
                self._send(site, directive.party, directive.job_id, effect)
            case SendReport(driver, report):
                self._send(site, driver, report.job_id, effect)
            case SendAcknowledgement(acknowledgement):
                self._send(site, acknowledgement.party, acknowledgement.job_id, effect)
            case StartTask():
                self._start(site, effect)
            case KillTask():
                self._kill(site, effect)

    def _send(self, site: SimulatedSite, to: Party, job_id: str, effect: Effect) -> None:
        target = self.site_of(to)
        if target is site:
            raise Broken(f"{site.facts.name} sends to itself: {effect}")
        faults, chance = self.faults, self.chance
        copies = 2 if chance.random() < faults.repeat else 1
        for _ in range(copies):
            delay = chance.randrange(1, 30)
            if chance.random() < faults.late:
                delay = chance.randrange(100, 8_000)
            if chance.random() < faults.loss:
                continue
            wire = msgspec.json.encode(effect)
            self.after(delay, lambda wire=wire: self._arrive(site, target, to, job_id, wire, type(effect)))  # type: ignore[misc]

    def _arrive(
        self, site: SimulatedSite, target: SimulatedSite, to: Party, job_id: str, wire: bytes, kind: type[Effect]
    ) -> None:
        if frozenset((site.facts.name, target.facts.name)) in self.cut or target.engine is None:
            self._local(site, site.life, PeerFailed(self.now, job_id, to, "connection refused"))
            return
        effect = msgspec.json.decode(wire, type=kind)
        match effect:
            case SendDirective(directive):
                adopted = self.adopted(target, directive.document)
                self.turn(target, [DirectiveReceived(self.now, directive, adopted=adopted)])
            case SendReport(_, report):
                self.turn(target, [ReportReceived(self.now, report)])
            case SendAcknowledgement(acknowledgement):
                self.turn(target, [ReportAcknowledged(self.now, acknowledgement)])

    def _local(self, site: SimulatedSite, life: int, event: Event) -> None:
        if site.life == life:
            self.turn(site, [event])

    # workers ------------------------------------------------------------------------------------------------------

    def _start(self, site: SimulatedSite, effect: StartTask) -> None:
        """A worker succeeds only after those of all other parties have begun, as in a real exchange of messages."""
        assert site.engine is not None
        state = site.engine.job(effect.job_id)
        assert state is not None
        self.witness.saw_start(effect, state)
        worker = (effect.job_id, task_key(effect.party, effect.component, effect.version))
        site.workers.add(worker)
        life = site.life
        if self.chance.random() < self.faults.mute_death:
            self.after(3, lambda: self._end(site, life, effect, Status.FAILED))
            return
        outcome = self.outcome(effect)
        started = TaskStarted(self.now + 2, effect.job_id, effect.component, effect.version, effect.party, 4711)
        self.after(2, lambda: self._local(site, life, started) if worker in site.workers else None)
        if not outcome.succeeded:
            self.after(self.duration(effect), lambda: self._end(site, life, effect, outcome))
            return
        run = (effect.job_id, effect.component, effect.version)
        begun = self.begun.setdefault(run, set())
        begun.add(effect.party)
        members = next(c.parties for c in self.plans[effect.job_id].components if c.name == effect.component)
        if begun >= set(members):
            for member in members:
                self._end_later(member, effect, outcome)

    def _end_later(self, member: Party, effect: StartTask, outcome: Status) -> None:
        site = self.site_of(member)
        life = site.life
        run = StartTask(effect.job_id, effect.component, effect.version, member, effect.need)
        self.after(self.duration(effect), lambda: self._end(site, life, run, outcome))

    def _kill(self, site: SimulatedSite, effect: KillTask) -> None:
        run = StartTask(effect.job_id, effect.component, effect.version, effect.party, None)  # type: ignore[arg-type]
        life = site.life
        self.after(self.chance.choice([1, 20, 900]), lambda: self._end(site, life, run, effect.status))

    def _end(self, site: SimulatedSite, life: int, run: StartTask, status: Status) -> None:
        worker = (run.job_id, task_key(run.party, run.component, run.version))
        if site.life == life and worker in site.workers:
            site.workers.discard(worker)
            # Every component leaves a model, whose content is that of the very run.
            model = TaskOutput("model", "default", sha256=worker[1])
            outputs = [model] if status is Status.SUCCESS else []
            event = TaskEnded(self.now, run.job_id, run.component, run.version, run.party, TaskOutcome(status, outputs))
            self.turn(site, [event])

    def _draw_outcome(self, effect: StartTask) -> Status:
        if self.chance.random() < self.faults.failure:
            return Status.FAILED
        return Status.PASS if self.chance.random() < 0.02 else Status.SUCCESS

    def _all_workers(self) -> set[tuple[str, str]]:
        return {worker for site in self.sites.values() for worker in site.workers}

    # what befalls the world ---------------------------------------------------------------------------------------

    def _plan_events(self) -> None:
        scenario, chance = self.scenario, self.chance
        for at, plan in scenario.jobs:
            self.after(at, lambda plan=plan: self.submit(plan))  # type: ignore[misc]
        for at, name, job_id in scenario.stops:
            self.after(at, lambda name=name, job_id=job_id: self.stop(self.sites[name], job_id))  # type: ignore[misc]
        for at, job_id, force in scenario.reruns:
            self.after(at, lambda job_id=job_id, force=force: self.rerun(job_id, force=force))  # type: ignore[misc]
        names = list(self.sites)
        for i in range(self.faults.outages + self.faults.disk_losses):
            victim, disk_lost = self.sites[chance.choice(names)], i >= self.faults.outages
            at = chance.randrange(scenario.horizon)
            self.after(
                at,
                lambda victim=victim, disk_lost=disk_lost: self._outage(victim, disk_lost),  # type: ignore[misc]
            )
        for _ in range(self.faults.partitions if len(names) > 1 else 0):
            pair = frozenset(chance.sample(names, 2))
            at = chance.randrange(scenario.horizon)
            self.after(at, lambda pair=pair: self.cut.add(pair))  # type: ignore[misc]
            self.after(at + self._down_time(), lambda pair=pair: self.cut.discard(pair))  # type: ignore[misc]

    def _outage(self, site: SimulatedSite, disk_lost: bool) -> None:
        drives = any(site.facts.hosts(plan.driver) for plan in self.plans.values())
        self.crash(site, self._down_time(), disk_lost=disk_lost and not drives)

    def _down_time(self) -> int:
        choices = [100, 1_000, 10_000]
        return self.chance.choice([*choices, 45_000, 200_000] if self.faults.long_outages else choices)

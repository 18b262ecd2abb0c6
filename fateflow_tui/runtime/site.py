"""A site: one scheduler process, its home and all that it is made of. The composition root."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.components.catalog import load_catalog
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.effects import AnnounceJobEnd
from fateflow_tui.core.errors import DamagedFile, FateFlowError, JobNotFound
from fateflow_tui.core.events import DirectiveReceived, Event, ReportReceived
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Acknowledgement, Directive, Phase, Report
from fateflow_tui.core.plan import Resources
from fateflow_tui.core.ports import Variable
from fateflow_tui.core.records import Adopted, JobState, WaitingReason
from fateflow_tui.core.why import Holding
from fateflow_tui.core.work import MetricsWritten, TaskOutcome, TaskSpec
from fateflow_tui.engine import Engine, SiteFacts, Tunables
from fateflow_tui.registry import Registry
from fateflow_tui.runtime.effects import EffectRunner, ended, started
from fateflow_tui.runtime.events import EventBus, Observer
from fateflow_tui.runtime.home.checks import DoctorCheck
from fateflow_tui.runtime.home.doctor import answer_reach, checks, peer_checks
from fateflow_tui.runtime.home.garbage import GarbageCollector
from fateflow_tui.runtime.home.lock import HomeLock
from fateflow_tui.runtime.jobs.admission import FileRules, admit
from fateflow_tui.runtime.jobs.jobs import JobService, PendingChanges
from fateflow_tui.runtime.jobs.local import LocalJobService
from fateflow_tui.runtime.jobs.lookup import TaskDurations
from fateflow_tui.runtime.jobs.reuse import Adoption
from fateflow_tui.runtime.live_jobs import JobIds, LiveJobs, lease, load_state
from fateflow_tui.runtime.messages.bus import MessageBus
from fateflow_tui.runtime.models.messages import ModelAnswer, ModelMessage
from fateflow_tui.runtime.models.models import ModelService
from fateflow_tui.runtime.peers.authenticator import PeerAuthenticator
from fateflow_tui.runtime.peers.client import Peers
from fateflow_tui.runtime.peers.grants import Grants, PeerPermissions
from fateflow_tui.runtime.peers.keys import SiteKey
from fateflow_tui.runtime.peers.routes import Reachability, RouteTable
from fateflow_tui.runtime.scheduler import Scheduler
from fateflow_tui.runtime.serving.messages import ShareAnswer, ShareRequest
from fateflow_tui.runtime.serving.serving import ServingService
from fateflow_tui.runtime.site_config import SiteConfig
from fateflow_tui.runtime.workers.workers import Workers
from fateflow_tui.store.audit import AuditTrail
from fateflow_tui.store.collections import open_collection
from fateflow_tui.store.jobs import TinyJobStore

logger = logging.getLogger(__name__)

_ENDS_WITHIN = 3.0  # seconds that a question about a job's model waits for its end to arrive here
_SETTLE_EVERY = 1.0  # seconds between looks for ended jobs that need nothing more


class Site:
    """Everything that runs in one scheduler process, wired together.

    jobs: what users do with jobs. routes, peers, authenticator: the other sites. events: what changes, as a stream.
    """

    def __init__(self, home: Home, config: SiteConfig) -> None:
        self.home = home
        self.config = config
        self.name = config.name
        self.started_at = now_ms()
        self.catalog = load_catalog(home.root / "components")
        self.tables = Tables(home.tables)
        self.registry = Registry(home.models)
        self.ids = JobIds()
        self.events = EventBus()
        self.key = SiteKey.load_or_create(home.keys / "site.pem")
        self.routes = RouteTable(open_collection(home.root, "parties"))
        self.authenticator = PeerAuthenticator(config, self.key, self.routes)
        grants = Grants(open_collection(home.root, "grants"), required=config.permissions == "required")
        self.permissions = PeerPermissions(grants, self.catalog, AuditTrail(home.root), config.plays)
        self.peers = Peers(config, self.key, self.routes)
        self.serving = ServingService(
            config,
            home,
            self.catalog,
            self.tables,
            self.peers,
            self.registry.part,
            lambda name: open_collection(home.root, name),
        )
        self.bus = MessageBus(config, self.peers, self, self._trace)
        self.workers = Workers(
            home, self.bus, self._worker_started, self._worker_ended, self._progressed, self._metrics_written
        )
        self._lock = HomeLock(home)
        self._store = TinyJobStore(home.root)
        capacity = Resources(config.capacity.cores, config.capacity.memory)
        plays = None if config.standalone else frozenset(config.parties)
        self.engine = Engine(SiteFacts(config.name, capacity, plays), _tunables(config))
        self._observer = Observer(home, self.events)
        self._live = LiveJobs(home.database / "live")
        self._performer = EffectRunner(
            home.root, self.workers, self.peers, self.bus, self._state, self._post, self._job_ended
        )
        self._scheduler = Scheduler(
            self.engine, self._store, self._performer.perform, self._observer.observe, self._observer.complain
        )
        self.models = ModelService(
            home,
            config,
            self.key,
            self.peers,
            self.catalog,
            self.registry,
            self.serving,
            self.ids,
            open_collection(home.root, "tags"),
            open_collection(home.root, "model_decisions"),
            AuditTrail(home.root),
            self._until_ended,
        )
        self.jobs = JobService(
            self.engine,
            self._scheduler,
            self._store,
            self._observer,
            self._live,
            self.catalog,
            self.tables,
            self.registry,
            config.plays,
            self.ids,
            self.models.prediction,
            PendingChanges(open_collection(home.root, "changes")),
            FileRules(config, home.uploads, self.catalog),
            Adoption(home, self.tables, self.catalog),
        )
        self.task_durations = TaskDurations(self.jobs.states)
        self.garbage = GarbageCollector(
            home,
            self._store,
            self.tables,
            self.registry,
            self.catalog,
            self.engine.job,
            lambda: [(one.namespace, one.name) for one in self.serving.feature_bindings()],
            config.retention,
        )
        self.local_jobs = LocalJobService(self.jobs, self.tables)
        self._running: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Takes the home, picks up what an earlier process left, and schedules from now on.

        Raises Conflict when another process has the home.
        """
        self._lock.acquire()
        self.tables.sweep()
        self.registry.sweep()
        await self.workers.open()
        self._scheduler.restore(self._unfinished())
        works = (self._scheduler.run(), self._settle(), self.models.run(), self.garbage.run())
        self._running = [asyncio.create_task(work) for work in works]
        self.events.publish("server", status="started")

    async def close(self) -> None:
        """Kills the workers and leaves; their tasks are taken up again by the next process."""
        self._scheduler.stop()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._performer.close()
        await self.workers.close()
        await self.serving.close()
        await self.peers.close()
        self._observer.close()
        self.events.close()
        self._lock.release()

    async def on_directive(self, source: Party, directive: Directive) -> Report:
        """A driver's message; answered by all that is so at the party."""
        refusal, adopted = None, dict[str, Adopted]()
        if directive.document is not None:
            adopted = self.jobs.adoptable(directive.document)
            permits = self.permissions.of(directive.driver)
            refusal = admit(directive.document, self.catalog, self.tables, self.registry, permits)
        if (denial := self._rerun_denial(directive)) is not None:
            # The driver shows the message alone, so the command that helps goes into it.
            text = f"{denial.message} ({denial.hint})" if denial.hint else denial.message
            raise type(denial)(text, data=denial.data)
        self._live.add(directive.job_id)
        with self._performer.answering(directive.job_id, directive.party) as answer:
            gone = self.jobs.gone(directive)
            await self._scheduler.turn(DirectiveReceived(now_ms(), directive, refusal, adopted, gone))
        report = answer.report or self.engine.report(directive.job_id, directive.party)
        if report is None:
            raise JobNotFound(f"{directive.party} knows nothing of job {directive.job_id}")
        return report

    async def on_report(self, source: Party, report: Report) -> Acknowledgement:
        """A party's message; answered once it is saved."""
        await self._scheduler.turn(ReportReceived(now_ms(), report))
        return Acknowledgement(report.job_id, report.party, report.seq)

    async def on_model(self, source: Party, party: Party, message: ModelMessage) -> ModelAnswer:
        """What the initiator of a model asks of a party of this site."""
        return await self.models.handle(source, party, message)

    async def on_share(self, source: Party, request: ShareRequest) -> ShareAnswer:
        """A guest's site asks for a host's shares of scores."""
        return await self.serving.share(source, request)

    def resources(self) -> dict[str, Any]:
        """What the local engine has, what is taken, and by whom."""
        return {
            "engine": "local",
            "capacity": msgspec.to_builtins(self.engine.capacity()),
            "used": msgspec.to_builtins(self.engine.used()),
            "holders": msgspec.to_builtins(self.engine.holders()),
        }

    def holdings(self) -> list[Holding]:
        """What jobs hold at this site's parties and, of the jobs that it drives, at others."""
        own = [Holding(one.job_id, str(one.party), one.held, here=True) for one in self.engine.holders()]
        elsewhere = [
            Holding(state.job_id, party, view.report.granted)
            for state in self.engine.jobs().values()
            for party, view in (state.driver.parties.items() if state.driver else ())
            if party not in state.parties and view.report is not None and view.report.granted is not None
        ]
        return [*own, *elsewhere]

    def waiting(self, job_id: str) -> WaitingReason | None:
        """Why a job does not go on, as the scheduler has it."""
        return self.engine.waiting(job_id)

    async def on_reach(self, source: Party, party: Party) -> Reachability:
        """A peer asks whether it can be reached from here."""
        return await answer_reach(self.peers, source, party)

    async def doctor(self, url: str = "") -> list[dict[str, Any]]:
        """Checks of this site and of the ways to its peers: name, ok, text, fix of each. url: where it answers."""
        broken = self.broken_modules()
        own = await asyncio.to_thread(lambda: list(checks(self.home, self.config, broken, url)))
        pid = self.workers.zygote_pid
        text = f"local: process {pid} starts the workers" if pid else "local: the process that starts workers is gone"
        engine = DoctorCheck(
            "engine", pid is not None, text, "logs/fate_flow/workers.log says why; a task starts it anew"
        )
        peers = await peer_checks(self.peers, self.routes, self.config.standalone)
        return [
            msgspec.to_builtins(check)
            for check in (*own, engine, *peers, *self.authenticator.rejected_calls.checks(now_ms()))
        ]

    def broken_modules(self) -> dict[str, str]:
        """Modules and drop-in files that cannot be loaded, and why. Loads those that nobody has asked for yet."""
        for name in self.catalog.names():
            with contextlib.suppress(FateFlowError):
                self.catalog.facts(name)
        return dict(self.catalog.broken)

    def variable(self, job_id: str, component: str, party: Party, name: str) -> Variable | None:
        """What the message bus may carry; see `bus.Variables`."""
        state = self.engine.job(job_id)
        if state is None or all(record.status.ended for record in state.parties.values()):
            return None
        for document in state.documents.values():
            module = next((task.module for task in document.tasks if task.component == component), None)
            facts = self.catalog.facts(module) if module else None
            if facts is not None:
                takes_part = party.role in facts.roles and party.party_id in map(
                    str, document.roles.get(party.role, [])
                )
                return facts.variables.get(name) if takes_part else None
        return None

    def has_ended(self, job_id: str) -> bool:
        """Whether this site's part of a job has ended; see `bus.Variables`."""
        state = self.engine.job(job_id)
        return state is not None and _is_over(state)

    def _rerun_denial(self, directive: Directive) -> FateFlowError | None:
        """What a driver lacks who wants a document of before to run once more. It asks again until it may, or gives
        up, which it may always.
        """
        permits = self.permissions.of(directive.driver)
        state = self.jobs.state(directive.job_id) if permits is not None else None
        record = state.parties.get(str(directive.party)) if state is not None else None
        if permits is None or state is None or record is None or directive.phase is Phase.FINISH:
            return None
        brings_new = directive.document is not None and directive.document_revision > record.document_revision
        document = state.documents.get(str(directive.party))
        return permits(document) if directive.run > record.directive.run and document and not brings_new else None

    def _unfinished(self) -> Iterator[JobState]:
        for job_id in self._live.all():
            try:
                state = load_state(self._store, job_id)
            except DamagedFile as damage:
                logger.error("job %s cannot be taken up: %s", job_id, damage.message)
                state = None
            if state is None:
                self._live.remove(job_id)
                continue
            if state.driver is not None:
                state.driver.epoch = lease(self._store, job_id)
            yield state

    def _post(self, event: Event) -> None:
        self._scheduler.post(event)

    def _state(self, job_id: str) -> JobState | None:
        return self.engine.job(job_id)

    def _worker_started(self, spec: TaskSpec, pid: int) -> None:
        self._post(started(spec, pid))

    def _worker_ended(self, spec: TaskSpec, outcome: TaskOutcome) -> None:
        self._post(ended(spec, outcome))

    def _progressed(self, spec: TaskSpec, done: int, total: int) -> None:
        self.events.publish(
            "progress", spec.job_id, party=str(spec.party), component=spec.component, done=done, total=total
        )

    def _metrics_written(self, spec: TaskSpec, frame: MetricsWritten) -> None:
        self.events.publish(
            "metrics",
            spec.job_id,
            party=str(spec.party),
            component=spec.component,
            version=spec.version,
            namespace=frame.namespace,
            name=frame.name,
            points=frame.points,
            meta=frame.meta,
            count=frame.count,
        )

    def _trace(self, job_id: str, component: str, source: Party, target: Party, name: str, size: int) -> None:
        self.events.publish(
            "message", job_id, component=component, source=str(source), target=str(target), name=name, size=size
        )

    def _job_ended(self, effect: AnnounceJobEnd) -> None:
        # A worker of another party here may still wait for a value: it shall be killed, not fail by itself.
        state = self.engine.job(effect.job_id)
        if state is not None and effect.parts and effect.status.succeeded:
            self._register(state, effect)
        if state is None or all(record.status.ended for record in state.parties.values()):
            self.bus.close_job(effect.job_id)

    async def _until_ended(self, job_id: str) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ENDS_WITHIN):
                if self.engine.job(job_id) is not None:
                    await self._observer.until(job_id, self.jobs.state, _is_over)

    def _register(self, state: JobState, effect: AnnounceJobEnd) -> None:
        try:
            self.models.register(state, effect.party, effect.parts)
        except (FateFlowError, OSError) as error:
            # It is tried again at the next start; until then the part shows as missing where it is asked for.
            logger.exception("the model of job %s was not registered at %s", effect.job_id, effect.party)
            self._observer.complain(effect.job_id, f"the model was not registered: {error}", effect.party)

    async def _settle(self) -> None:
        while True:
            await asyncio.sleep(_SETTLE_EVERY)
            try:
                self.jobs.settle()
            except OSError:
                logger.exception("ended jobs could not be let go of; it is tried again")


def _tunables(config: SiteConfig) -> Tunables:
    times = config.scheduling
    return Tunables(
        create_timeout=round(times.create * 1000),
        ageing=round(times.ageing * 1000),
        peer_silence=round(times.peer_silence * 1000),
        peer_lost_timeout=round(times.peer_lost * 1000),
    )


def _is_over(state: JobState) -> bool:
    return all(party.status.ended for party in state.parties.values())

"""A site: one scheduler process, its home and all its services. The composition root."""

from __future__ import annotations

import asyncio
import logging

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.run_file import HomeLock
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.components.catalog import load_catalog
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.effects import AnnounceJobEnd
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.events import Event
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Acknowledgement, Directive, Proposal, ProposalAnswer, Report
from fateflow_tui.core.plan import Resources
from fateflow_tui.core.records import JobState
from fateflow_tui.core.work import TaskOutcome, TaskSpec
from fateflow_tui.engine import Engine, SiteFacts, Tunables
from fateflow_tui.registry import Registry
from fateflow_tui.runtime.effects import EffectRunner, ended, started
from fateflow_tui.runtime.events import EventBus, Observer
from fateflow_tui.runtime.home.doctor import Doctor
from fateflow_tui.runtime.home.garbage import GarbageCollector
from fateflow_tui.runtime.jobs.admission import Admission, FileRules
from fateflow_tui.runtime.jobs.jobs import JobService, RerunParameters
from fateflow_tui.runtime.jobs.local import LocalJobService
from fateflow_tui.runtime.jobs.lookup import TaskDurations, has_ended_here
from fateflow_tui.runtime.jobs.participant import JobParticipant, JobVariables
from fateflow_tui.runtime.jobs.reuse import Adoption
from fateflow_tui.runtime.live_jobs import JobIds, LiveJobs
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


class Site:
    """Everything that runs in one scheduler process, wired together. Routes use its services:

    jobs: submit, stop, rerun and look up jobs. local_jobs: uploads, downloads and other jobs of this site alone.
    models: deploy, migrate, load, export and delete model versions. serving: online inference.
    permissions: what peers may run here. routes: the parties of other sites. peers: calls to their sites.
    authenticator: checks calls from other sites. events: all changes as a stream. doctor: checks of the site.
    garbage: what can be deleted. task_durations: how long tasks take here. catalog, tables, registry: modules and data.
    The `on_...` methods answer the calls of other sites, already authenticated.
    """

    def __init__(self, home: Home, config: SiteConfig) -> None:
        self.home = home
        self.config = config
        self.name = config.name
        self.started_at = now_ms()
        self.catalog = load_catalog(home.components)
        self.tables = Tables(home.tables)
        self.registry = Registry(home.models)
        self.ids = JobIds()
        self.events = EventBus()
        audit = AuditTrail(home.root)

        self.key = SiteKey.load_or_create(home.keys / "site.pem")
        self.routes = RouteTable(open_collection(home.root, "parties"))
        self.authenticator = PeerAuthenticator(config, self.key, self.routes)
        self.peers = Peers(config, self.key, self.routes)
        grants = Grants(open_collection(home.root, "grants"), required=config.permissions == "required")
        self.permissions = PeerPermissions(grants, self.catalog, audit, config.plays)

        capacity = Resources(config.capacity.cores, config.capacity.memory)
        plays = None if config.standalone else frozenset(config.parties)
        self.engine = Engine(SiteFacts(config.name, capacity, plays), _tunables(config))
        self.bus = MessageBus(config, self.peers, JobVariables(self.engine, self.catalog), self._value_passed)
        self.workers = Workers(
            home,
            self.bus,
            self._worker_started,
            self._worker_ended,
            self.events.task_progressed,
            self.events.metrics_written,
        )
        self._lock = HomeLock(home)
        self._store = TinyJobStore(home.root)
        self._observer = Observer(home, self.events)
        self._effects = EffectRunner(
            home.root, self.workers, self.peers, self.bus, self.engine.job, self._post, self._job_ended
        )
        self._scheduler = Scheduler(
            self.engine, self._store, self._effects.perform, self._observer.observe, self._observer.complain
        )
        self.serving = ServingService(
            config,
            home,
            self.catalog,
            self.tables,
            self.peers,
            self.registry.part,
            lambda name: open_collection(home.root, name),
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
            audit,
            lambda job_id: self.jobs.wait_until_ended(job_id),
        )
        admission = Admission(
            self.catalog,
            self.tables,
            self.registry,
            lambda party: None if config.plays(party) else self.peers.unreachable(party),
        )
        live = LiveJobs(home.database / "live")
        self.jobs = JobService(
            self.engine,
            self._scheduler,
            self._store,
            self._observer,
            live,
            self.catalog,
            config.plays,
            self.ids,
            self.models.prediction,
            RerunParameters(open_collection(home.root, "changes")),
            FileRules(config, home.uploads, self.catalog),
            admission,
            self.peers,
            Adoption(home, self.tables, self.catalog),
        )
        self.local_jobs = LocalJobService(self.jobs, self.tables)
        self._participant = JobParticipant(
            self.jobs,
            self.engine,
            self._scheduler,
            live,
            admission,
            self.permissions,
            self._effects.answering,
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
        self.doctor = Doctor(
            home, config, self.catalog, self.workers, self.peers, self.routes, self.authenticator.rejected_calls
        )
        self._running: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Lock the home, resume what an earlier process left unfinished, and start to schedule.

        Raises Conflict when another process uses the home.
        """
        self._lock.acquire()
        self.tables.sweep()
        self.registry.sweep()
        await self.workers.open()
        self._scheduler.restore(self.jobs.unfinished())
        loops = (self._scheduler.run(), self.jobs.run(), self.models.run(), self.garbage.run())
        self._running = [asyncio.create_task(loop) for loop in loops]
        self.events.publish("server", status="started")

    async def close(self) -> None:
        """Kill the workers. The next process resumes the unfinished jobs; the home stays locked until this one ends."""
        self._scheduler.stop()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._effects.close()
        await self.workers.close()
        await self.serving.close()
        await self.peers.close()
        self._observer.close()
        self.events.close()

    async def on_directive(self, source: Party, directive: Directive) -> Report:
        """A driver tells a party of this site what it wants of a job."""
        return await self._participant.handle_directive(directive)

    def on_proposal(self, source: Party, proposal: Proposal) -> ProposalAnswer:
        """A driver asks whether a party of this site would accept its part of a job."""
        return self._participant.handle_proposal(source, proposal)

    async def on_report(self, source: Party, report: Report) -> Acknowledgement:
        """A party of another site reports the state of a job that is driven here."""
        return await self._participant.handle_report(report)

    async def on_model(self, source: Party, party: Party, message: ModelMessage) -> ModelAnswer:
        """The initiator of a model asks for an operation on the part of a party of this site."""
        return await self.models.handle(source, party, message)

    async def on_share(self, source: Party, request: ShareRequest) -> ShareAnswer:
        """A guest's site asks for a host's shares of scores."""
        return await self.serving.share(source, request)

    async def on_reach(self, source: Party, party: Party) -> Reachability:
        """A peer asks whether this site can reach it."""
        return await self.doctor.reach(source, party)

    def _post(self, event: Event) -> None:
        self._scheduler.post(event)

    def _worker_started(self, spec: TaskSpec, pid: int) -> None:
        self._post(started(spec, pid))

    def _worker_ended(self, spec: TaskSpec, outcome: TaskOutcome) -> None:
        self._post(ended(spec, outcome))

    def _value_passed(self, job_id: str, component: str, source: Party, target: Party, name: str, size: int) -> None:
        self.events.publish(
            "message", job_id, component=component, source=str(source), target=str(target), name=name, size=size
        )

    def _job_ended(self, effect: AnnounceJobEnd) -> None:
        # Workers of the job's other parties here may still wait for a value. The message bus stays open until all
        # have ended, so that they are killed with the job's status instead of failing by themselves.
        state = self.engine.job(effect.job_id)
        if state is not None and effect.parts and effect.status.succeeded:
            self._register(state, effect)
        if state is None or has_ended_here(state):
            self.bus.close_job(effect.job_id)

    def _register(self, state: JobState, effect: AnnounceJobEnd) -> None:
        try:
            self.models.register(state, effect.party, effect.parts)
        except (FateFlowError, OSError) as error:
            # The next start tries again; until then the part is reported as missing.
            logger.exception("the model of job %s was not registered at %s", effect.job_id, effect.party)
            self._observer.complain(effect.job_id, f"the model was not registered: {error}", effect.party)


def _tunables(config: SiteConfig) -> Tunables:
    times = config.scheduling
    return Tunables(
        create_timeout=round(times.create * 1000),
        ageing=round(times.ageing * 1000),
        peer_silence=round(times.peer_silence * 1000),
        peer_lost_timeout=round(times.peer_lost * 1000),
    )

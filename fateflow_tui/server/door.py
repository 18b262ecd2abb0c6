"""What the routes ask of a site. `fateflow_tui.runtime.site.Site` is the one that runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Refusal
from fateflow_tui.core.plan import JobPlan
from fateflow_tui.core.ports import ModuleCatalog
from fateflow_tui.core.records import JobState, WaitingReason
from fateflow_tui.core.status import Status
from fateflow_tui.core.why import Holding
from fateflow_tui.engine import ReusePlan
from fateflow_tui.runtime.events import SiteEvent
from fateflow_tui.runtime.home.garbage import Collector
from fateflow_tui.runtime.jobs.history import History
from fateflow_tui.runtime.live_jobs import JobIds
from fateflow_tui.runtime.messages.bus import Plane
from fateflow_tui.runtime.models.models import Models
from fateflow_tui.runtime.peers.authenticator import PeerGate
from fateflow_tui.runtime.peers.client import Peers
from fateflow_tui.runtime.peers.grants import Permissions
from fateflow_tui.runtime.peers.routes import RouteTable
from fateflow_tui.runtime.serving.serving import Serving
from fateflow_tui.runtime.site_config import SiteConfig
from fateflow_tui.runtime.workers.workers import Workers
from fateflow_tui.server.peers import PeerHandlers

Document = Mapping[str, Any] | str


class RerunStep(Protocol):
    """What a rerun does to one component: run, reuse or skip it, and why."""

    @property
    def component(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def why(self) -> str: ...


class Events(Protocol):
    """The site's changes as a stream."""

    def subscribe(self, job_id: str | None = None, since: int | None = None) -> AsyncIterator[SiteEvent]: ...


class Jobs(Protocol):
    """What users do with jobs. All raise the errors of `core.errors`, worded for users."""

    async def submit(self, dsl: Document, conf: Document, *, by: str = "", reuse: str | bool = False) -> JobState: ...

    def draft(self, dsl: Document, conf: Document) -> tuple[JobPlan, dict[str, Refusal]]: ...

    def reuse_plan(self, dsl: Document, conf: Document, *, reuse: str | bool = True) -> ReusePlan: ...

    async def stop(
        self, job_id: str, *, by: str, status: Status = Status.CANCELED, reason: str = ""
    ) -> dict[str, Any]: ...

    async def rerun(
        self,
        job_id: str,
        *,
        by: str,
        components: list[str] | None = None,
        force: bool = False,
        job_parameters: Mapping[str, Any] | None = None,
        component_parameters: Mapping[str, Any] | None = None,
    ) -> Sequence[RerunStep]: ...

    def rerun_plan(
        self,
        job_id: str,
        components: list[str] | None = None,
        force: bool = False,
        job_parameters: Mapping[str, Any] | None = None,
        component_parameters: Mapping[str, Any] | None = None,
    ) -> Sequence[RerunStep]: ...

    async def change_parameters(
        self, job_id: str, job_parameters: Mapping[str, Any], component_parameters: Mapping[str, Any], *, by: str
    ) -> tuple[dict[str, Any], Sequence[RerunStep]]: ...

    async def clean_queue(self, *, by: str) -> dict[str, int]: ...

    async def update_notes(self, job_id: str, party: Party, notes: str) -> bool: ...

    def state(self, job_id: str) -> JobState | None: ...

    def states(self, limit: int | None = None, before: str = "") -> Iterator[JobState]: ...


class LocalJobs(Protocol):
    """Jobs that concern this site alone: tables in and out, models to their second location."""

    async def upload(self, conf: Mapping[str, Any], file: Path, *, by: str = "") -> JobState: ...

    async def download(self, conf: Mapping[str, Any], *, by: str = "") -> JobState: ...

    async def write(self, parameters: Mapping[str, Any], conf: Mapping[str, Any], *, by: str = "") -> JobState: ...

    async def store_model(self, conf: Mapping[str, Any], directory: str, *, by: str = "") -> JobState: ...

    async def restore_model(self, conf: Mapping[str, Any], directory: str, *, by: str = "") -> JobState: ...


class Site(PeerHandlers, Protocol):
    """A running scheduler."""

    name: str
    started_at: int
    home: Home
    config: SiteConfig
    tables: Tables
    routes: RouteTable
    peers: Peers
    gate: PeerGate
    plane: Plane
    serving: Serving
    ids: JobIds
    models: Models
    permissions: Permissions
    workers: Workers
    history: History
    collector: Collector

    @property
    def catalog(self) -> ModuleCatalog: ...
    @property
    def events(self) -> Events: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def local_jobs(self) -> LocalJobs: ...

    def resources(self) -> dict[str, Any]: ...

    def holdings(self) -> list[Holding]: ...

    def waiting(self, job_id: str) -> WaitingReason | None: ...

    async def doctor(self, url: str = "") -> list[dict[str, Any]]: ...

    def broken_modules(self) -> Mapping[str, str]: ...

"""Sites with nothing but their peer routes, on real sockets of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from fastapi import FastAPI

from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Acknowledgement, Directive, Phase, Report
from fateflow_tui.core.plan import TaskPlan
from fateflow_tui.core.ports import Variable
from fateflow_tui.core.status import Status
from fateflow_tui.core.work import Sent, TaskSpec, Wanted
from fateflow_tui.runtime.messages.bus import MessageBus
from fateflow_tui.runtime.peers.authenticator import PeerAuthenticator
from fateflow_tui.runtime.peers.client import Peers
from fateflow_tui.runtime.peers.keys import SiteKey
from fateflow_tui.runtime.peers.routes import RouteTable
from fateflow_tui.runtime.site_config import SiteConfig
from fateflow_tui.server.peers import peer_router
from fateflow_tui.store.memory import MemoryCollection

GUEST, HOST, ARBITER = Party("guest", "9999"), Party("host", "10000"), Party("arbiter", "10000")
JOB = "202611240000000000001"
COMPONENT = "hetero_lr_0"


class OneJob:
    """A job of guest, host and arbiter with one component whose module declares one variable."""

    def __init__(self) -> None:
        self.known = True
        self.ended = False
        self.parties = {GUEST, HOST, ARBITER}

    def variable(self, job_id: str, component: str, party: Party, name: str) -> Variable | None:
        known = self.known and (job_id, component, name) == (JOB, COMPONENT, "gradient")
        return Variable(name, frozenset({"guest"}), frozenset({"host"})) if known and party in self.parties else None

    def has_ended(self, job_id: str) -> bool:
        return self.ended


class Recorder:
    """Answers messages plainly and keeps them. fails: what `on_directive` raises instead."""

    def __init__(self) -> None:
        self.messages: list[tuple[Party, Any]] = []
        self.fails: Exception | None = None

    async def on_directive(self, source: Party, directive: Directive) -> Report:
        self.messages.append((source, directive))
        if self.fails:
            raise self.fails
        return Report(directive.job_id, directive.party, 1, directive.epoch, directive.revision, 0)

    async def on_report(self, source: Party, report: Report) -> Acknowledgement:
        self.messages.append((source, report))
        return Acknowledgement(report.job_id, report.party, report.seq)


class PeerSite:
    """One site: what it is made of, and its server while `running`."""

    def __init__(self, config: SiteConfig, key: SiteKey | None = None, port: int = 0) -> None:
        self.config = config
        self.key = key or SiteKey.generate()
        self.routes = RouteTable(MemoryCollection("parties"))
        self.jobs = OneJob()
        self.handlers = Recorder()
        self.trace: list[tuple[Any, ...]] = []
        self._make()
        self._socket = socket.create_server(("127.0.0.1", port), backlog=100)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"{'https' if config.tls.certificate else 'http'}://127.0.0.1:{self.port}"

    def _make(self) -> None:
        self.authenticator = PeerAuthenticator(self.config, self.key, self.routes)
        self.peers = Peers(self.config, self.key, self.routes)
        self.bus = MessageBus(self.config, self.peers, self.jobs, lambda *message: self.trace.append(message))

    def know(self, party: Party, other: PeerSite, url: str | None = None) -> None:
        self.routes.add(str(party), url or other.url, other.key.public)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[PeerSite]:
        app = FastAPI()
        app.include_router(peer_router(self.authenticator, self.bus, self.handlers))
        tls = self.config.tls
        settings = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            ssl_certfile=tls.certificate or None,
            ssl_keyfile=tls.key or None,
        )
        server = uvicorn.Server(settings)
        serving = asyncio.create_task(server.serve(sockets=[self._socket]))
        try:
            yield self
        finally:
            await self.peers.close()
            server.should_exit = True
            server.force_exit = True
            await serving

    def restarted(self) -> None:
        """As after a restart: nothing in memory is what it was, key and routes are. Before `running`."""
        self._make()
        self._socket = socket.create_server(("127.0.0.1", self.port), backlog=100)

    def close(self) -> None:
        """Frees the port of a site that was never served."""
        self._socket.close()


@contextlib.asynccontextmanager
async def guest_and_host(**host_settings: Any) -> AsyncIterator[tuple[PeerSite, PeerSite]]:
    """Two sites that know and trust each other; the host's also plays the arbiter."""
    guest = PeerSite(SiteConfig(name="site-a", parties=["guest:9999"]))
    host = PeerSite(SiteConfig(name="site-b", parties=["10000", "host:10001"], **host_settings))
    guest.know(HOST, host)
    guest.know(ARBITER, host)
    host.know(GUEST, guest)
    async with guest.running(), host.running():
        yield guest, host


def directive(revision: int = 1) -> Directive:
    return Directive(JOB, HOST, GUEST, 1, revision, 1, Phase.CREATE, Status.WAITING)


def order(party: Party, version: int = 0) -> TaskSpec:
    plan = TaskPlan(COMPONENT, "HeteroLR", [], {})
    roles = {"guest": [9999], "host": [10000], "arbiter": [10000]}
    return TaskSpec(JOB, COMPONENT, version, party, plan, "", roles, {})


def sent(payload: bytes, tag: str = "", to: Party = HOST, name: str = "gradient") -> Sent:
    return Sent(1, [to], name, tag, "bytes", len(payload))


def wanted(tag: str = "", source: Party = GUEST, name: str = "gradient") -> Wanted:
    return Wanted(1, source, name, tag)

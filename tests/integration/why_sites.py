"""Two real sites for the questions "why": little to share, short patience, modules that misbehave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fateflow_tui.core.why import Why
from fateflow_tui.runtime.site_config import Capacity, Scheduling, SiteConfig, Timeouts
from tests.integration.clusters import RunningSite, until

GUEST, HOST = "guest:9999", "host:10000"
BOTH = {"guest": [9999], "host": [10000]}
SILENCE = 0.5  # seconds

MODULES = '''
"""Modules that do not do what they should."""

import os
import time

from fateflow_tui.components.contract import Context, Module, Parameters


class MisbehaveParameters(Parameters):
    """What to do, and at which role."""

    act: str = ""
    at: str = "guest"


class Misbehave(Module[MisbehaveParameters]):
    """Does what it is told to at one role, and nothing at the others."""

    name = "Misbehave"
    parameter_class = "MisbehaveParam"
    parameter_type = MisbehaveParameters

    def run(self, ctx: Context) -> None:
        if self.parameters.at == ctx.party.role:
            getattr(self, self.parameters.act)(ctx)

    def eat(self, ctx: Context) -> None:
        hoard = []
        while True:
            hoard.append(bytearray(os.urandom(1 << 20)) * 16)

    def divide(self, ctx: Context) -> None:
        ctx.log.info("dividing %d by nothing", len(ctx.job_id))
        len(ctx.job_id) / 0

    def hang(self, ctx: Context) -> None:
        ctx.log.info("looking for the end of the world")
        time.sleep(600)
'''


class Pair:
    """The guest's site, which drives all jobs, and the host's."""

    def __init__(self, guest: RunningSite, host: RunningSite) -> None:
        self.guest, self.host = guest, host

    def submit(
        self,
        module: str = "Sleep",
        parameters: Mapping[str, Any] | None = None,
        roles: Mapping[str, list[int]] = BOTH,
        dsl: Mapping[str, Any] | None = None,
        **job_parameters: Any,
    ) -> str:
        """A job of one component, `sleep_0` or as its module is called, or of a whole DSL."""
        name = f"{module.lower()}_0"
        conf = {
            "dsl_version": 2,
            "initiator": {"role": "guest", "party_id": 9999},
            "role": dict(roles),
            "job_parameters": {"common": {"task_cores": 1, **job_parameters}},
            "component_parameters": {"common": {name: dict(parameters or {})}} if parameters else {},
        }
        return self.guest.flow.submit(dsl or {"components": {name: {"module": module}}}, conf).job_id

    def why(
        self, job_id: str, kind: str, cause: str | None = None, *, component: str = "", site: RunningSite | None = None
    ) -> Why:
        """The chief reason, as soon as it is of this kind, and has this cause if one is given."""
        found: list[Why] = []

        def is_so() -> bool:
            answer = (site or self.guest).flow.why(job_id, component)
            assert answer.why is not None
            found[:] = [answer.why]
            return answer.why.kind == kind and cause in (None, answer.why.cause)

        until(is_so, f"{job_id} is not {kind} {cause or ''}", 15)
        return found[0]

    def stop_all(self) -> None:
        """Ends what a test has left, so that the next one has all the cores."""
        for job in self.guest.flow.jobs(0):
            if not job.status.ended:
                self.guest.flow.stop(job.job_id)
        until(lambda: self.guest.used() | self.host.used() == {0}, "not everything was given back")


@contextmanager
def pair_of_sites(folder: Path) -> Iterator[Pair]:
    sites = []
    for name, party, cores in (("guest", GUEST, 8), ("host", HOST, 4)):
        site = RunningSite(folder / name, [party])
        config = SiteConfig(
            name=name,
            parties=[party],
            capacity=Capacity(cores=cores, memory=4096),
            timeouts=Timeouts(silence=SILENCE),
            scheduling=Scheduling(create=2.0, ageing=0.2, peer_silence=6.0),
        )
        config.save(site.home / "site.toml")
        (site.home / "components").mkdir()
        (site.home / "components" / "misbehave.py").write_text(MODULES)
        sites.append(site)
    guest, host = sites
    try:
        for site in sites:
            site.start()
        for site, party, other in ((guest, HOST, host), (host, GUEST, guest)):
            site.flow.add_party(party, other.url)
            site.flow.trust_party(party)
        yield Pair(guest, host)
    finally:
        for site in sites:
            site.close()

"""Worlds without faults, for tests of one behaviour each."""

from __future__ import annotations

from fateflow_tui.core.ids import Party
from fateflow_tui.core.plan import JobOptions, JobPlan, Resources
from fateflow_tui.core.records import WaitingReason
from fateflow_tui.core.status import Status
from fateflow_tui.engine import SiteFacts, Tunables
from tests.simulation.scenario import Scenario, plan_job
from tests.simulation.world import World

GUEST = Party("guest", "9999")
HOST = Party("host", "10000")
ARBITER = Party("arbiter", "10000")
ALL = [GUEST, HOST, ARBITER]
HOUR = 3_600_000


def one_site(cores: int = 20, tunables: Tunables | None = None) -> World:
    return _world([SiteFacts("alone", Resources(cores))], tunables)


def two_sites(cores: int = 20, tunables: Tunables | None = None) -> World:
    """guest:9999 at site "guest"; host:10000 and arbiter:10000 at site "host"."""
    names = {"guest": "9999", "host": "10000"}
    sites = [SiteFacts(name, Resources(cores), frozenset({party_id})) for name, party_id in names.items()]
    return _world(sites, tunables)


def chain(
    job_id: str = "202601010001", length: int = 3, parties: list[Party] | None = None, **options: object
) -> JobPlan:
    """step_0 <- step_1 <- ..., each at all parties."""
    components = {f"step_{i}": ([f"step_{i - 1}"] if i else [], list[Party]()) for i in range(length)}
    return plan_job(job_id, parties or ALL, components, options=JobOptions(**options))  # type: ignore[arg-type]


def wide(job_id: str = "202601010001", width: int = 3, **options: object) -> JobPlan:
    """step_0, step_1, ... that do not need one another, each at all parties."""
    components = {f"step_{i}": (list[str](), list[Party]()) for i in range(width)}
    return plan_job(job_id, ALL, components, options=JobOptions(**options))  # type: ignore[arg-type]


def status(world: World, job_id: str = "202601010001") -> Status:
    return world.driver(job_id).status


def reason(world: World, job_id: str) -> WaitingReason:
    engine = world.site_of(world.plans[job_id].driver).engine
    assert engine is not None
    found = engine.waiting(job_id)
    assert found is not None
    return found


def tasks(world: World, party: Party, job_id: str = "202601010001") -> dict[str, Status]:
    """Statuses of a party's tasks by "component/version"."""
    engine = world.site_of(party).engine
    assert engine is not None
    state = engine.job(job_id)
    assert state is not None
    return {f"{t.component}/{t.version}": t.status for t in state.tasks.values() if t.party == party}


def _world(sites: list[SiteFacts], tunables: Tunables | None) -> World:
    world = World(Scenario(sites, [], tunables=tunables or Tunables(), durations=(1_000,)), seed=0)
    world.outcome = lambda effect: Status.SUCCESS
    return world

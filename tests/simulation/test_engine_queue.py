"""Waiting for resources: order, backfill, ageing, reasons, and reservations that are given up."""

from __future__ import annotations

from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Phase
from fateflow_tui.core.plan import JobOptions, JobPlan, Resources
from fateflow_tui.core.status import Status
from fateflow_tui.engine import SiteFacts, Tunables
from fateflow_tui.engine.capacity import Ledger
from tests.simulation.engine_world import ALL, ARBITER, GUEST, HOST, chain, one_site, reason, status, two_sites
from tests.simulation.scenario import plan_job
from tests.simulation.world import BEGIN, World

FIRST, SECOND, THIRD = (f"20260101000{i}" for i in (1, 2, 3))


def single(job_id: str, cores: int, **options: object) -> JobPlan:
    """One component at the guest alone."""
    return plan_job(job_id, [GUEST], {"step_0": ([], [])}, need=cores, options=JobOptions(**options))  # type: ignore[arg-type]


def lasting(world: World, **milliseconds: int) -> None:
    """How long the workers of each job run; the name is "j" and the last digit of the job id."""
    world.duration = lambda task: milliseconds[f"j{task.job_id[-1]}"]


def test_a_job_that_does_not_fit_waits_with_numbers_and_a_later_one_runs() -> None:
    world = one_site(cores=10)
    lasting(world, j1=5_000, j2=100, j3=100)
    world.submit(single(FIRST, 8))
    world.submit(single(SECOND, 6))
    world.submit(single(THIRD, 2))
    why = reason(world, SECOND)
    assert (why.kind, why.party) == ("cores", "guest:9999")
    assert (why.need, why.free, why.total) == (Resources(6), Resources(2), Resources(10))
    assert why.text == "needs 6 cores at guest:9999, 2 of 10 are free"
    assert [status(world, job) for job in (FIRST, SECOND, THIRD)] == ["running", "waiting", "running"]
    world.run()
    assert [status(world, job) for job in (FIRST, SECOND, THIRD)] == ["success"] * 3
    assert world.driver(SECOND).started_at == world.driver(FIRST).ended_at, "room is used in the turn it is made"


def test_the_higher_priority_goes_first_then_the_older() -> None:
    world = one_site(cores=8)
    world.submit(single(FIRST, 8))
    world.submit(single("202601010004", 8))
    world.run(10)
    world.submit(single(THIRD, 8))
    world.submit(single(SECOND, 8, priority=5))
    world.run()
    order = sorted(world.plans, key=lambda job: world.driver(job).started_at)
    assert order == [FIRST, SECOND, "202601010004", THIRD]


def test_nobody_overtakes_a_job_that_has_waited_too_long() -> None:
    world = one_site(cores=10, tunables=Tunables(ageing=2_000))
    lasting(world, j1=9_000, j2=100, j3=100)
    world.submit(single(FIRST, 8))
    world.submit(single(SECOND, 6))
    world.run(3_000)
    world.submit(single(THIRD, 2))
    why = reason(world, THIRD)
    assert (why.kind, why.job_id) == ("behind", SECOND)
    world.run()
    assert world.driver(SECOND).started_at == world.driver(THIRD).started_at == world.driver(FIRST).ended_at


def test_who_waited_behind_a_job_goes_on_when_that_one_is_stopped() -> None:
    world = one_site(cores=10, tunables=Tunables(ageing=2_000))
    lasting(world, j1=9_000, j2=100, j3=100)
    world.submit(single(FIRST, 8))
    world.submit(single(SECOND, 6))
    world.run(3_000)
    world.submit(single(THIRD, 2))
    world.stop(world.sites["alone"], SECOND)
    assert status(world, THIRD) is Status.RUNNING


def test_a_job_holds_nothing_anywhere_while_one_party_is_short() -> None:
    world = two_sites(cores=10)
    lasting(world, j1=5_000, j2=100)
    world.submit(plan_job(FIRST, [HOST], {"step_0": ([], [])}, need=8))
    world.run(100)
    world.submit(chain(SECOND))
    world.run(1_000)
    why = reason(world, SECOND)
    assert (why.kind, why.need, why.free) == ("cores", Resources(8), Resources(2))
    assert why.party in {str(HOST), str(ARBITER)}
    for site, held in (("guest", 0), ("host", 8)):
        engine = world.sites[site].engine
        assert engine is not None
        assert engine.used() == Resources(held)
    host = world.sites["host"].engine
    assert host is not None
    waiting_there = host.waiting(SECOND)
    assert waiting_there is not None
    assert waiting_there.kind == "cores"
    world.run()
    waited = world.driver(SECOND).started_at - world.driver(FIRST).ended_at
    assert 0 < waited < 500, "the party says so when it has room again"


def test_jobs_of_two_drivers_that_want_the_same_two_sites_both_run() -> None:
    world = two_sites(cores=8)
    for i in range(6):
        first, second = (HOST, GUEST) if i % 2 else (GUEST, HOST)
        parties = [Party("guest", first.party_id), Party("host", second.party_id)]
        world.submit(plan_job(f"20260101000{i}", parties, {"step_0": ([], [])}, need=8))
    world.run()
    assert [status(world, job) for job in world.plans] == ["success"] * 6
    assert max(world.driver(job).started_at for job in world.plans) - BEGIN < 20_000


def test_a_reservation_lapses_when_its_driver_is_silent() -> None:
    world = two_sites(cores=8)
    third = Party("arbiter", "10000")
    world.submit(plan_job(FIRST, [GUEST, HOST, third], {"step_0": ([], [])}, need=4))
    while world.driver(FIRST).parties["host:10000"].phase is not Phase.RESERVE:
        world.run((world.now - BEGIN) + 1)
    world.run((world.now - BEGIN) + 60)
    engine = world.sites["host"].engine
    assert engine is not None
    world.crash(world.sites["guest"])
    if engine.used() == Resources(0):
        world.run((world.now - BEGIN) + 40)
    held = {holder.until for holder in engine.holders()}
    assert held, "the host has granted"
    world.run((world.now - BEGIN) + world.tunables.peer_lost_timeout + 1_000)
    assert engine.used() == Resources(0)


def test_a_job_that_waits_too_long_times_out_with_its_reason() -> None:
    world = one_site(cores=10)
    lasting(world, j1=60_000, j2=100)
    world.submit(single(FIRST, 8))
    world.submit(single(SECOND, 6, waiting_timeout=5_000))
    world.run(5_001)
    driver = world.driver(SECOND)
    assert driver.status is Status.TIMEOUT
    assert driver.ended_at == BEGIN + 5_000
    assert driver.reason == "it waited longer than 5 s: needs 6 cores at guest:9999, 2 of 10 are free"


def test_a_job_waits_for_a_party_that_is_away_and_says_so() -> None:
    world = two_sites(cores=8)
    lasting(world, j1=50_000, j2=100)
    world.submit(plan_job(FIRST, [GUEST], {"step_0": ([], [])}, need=8))
    world.submit(chain(SECOND))
    world.run(1_000)
    assert status(world, SECOND) is Status.WAITING
    world.crash(world.sites["host"], down=100_000)
    world.run(90_000)
    why = reason(world, SECOND)
    assert why.kind == "peer"
    assert "connection refused" in why.text
    assert world.driver(SECOND).parties["host:10000"].lost
    world.run()
    assert status(world, SECOND) is Status.SUCCESS


def test_memory_is_counted_where_the_site_limits_it() -> None:
    limited = Ledger(SiteFacts("s", Resources(8, 1_000)), Tunables())
    free = Ledger(SiteFacts("s", Resources(8)), Tunables())
    plan = single(FIRST, 4)
    document = plan.documents[0]
    hungry = type(document)(
        **{name: getattr(document, name) for name in document.__struct_fields__ if name != "need"},
        need=Resources(4, 4_000),
    )
    from fateflow_tui.core.records import JobState
    from fateflow_tui.engine.job import Job

    refusal = limited.refusal(Job(JobState(FIRST)), hungry)
    assert refusal is not None
    assert refusal.message == "it needs 4000 MiB of memory for this job, but has 1000 in total"
    assert free.refusal(Job(JobState(FIRST)), hungry) is None


def test_holders_tell_who_has_what() -> None:
    world = one_site()
    world.submit(chain(FIRST))
    engine = world.sites["alone"].engine
    assert engine is not None
    held = {(holder.job_id, holder.party, holder.held, holder.until) for holder in engine.holders()}
    assert held == {(FIRST, party, Resources(4), 0) for party in ALL}
    assert engine.used() == Resources(12)

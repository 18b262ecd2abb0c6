"""A job's way: created at all parties or none, run, stopped, ended."""

from __future__ import annotations

import pytest

from fateflow_tui.core.effects import AnnounceJobEnd, StartTask
from fateflow_tui.core.errors import BadRequest, Conflict, JobNotFound
from fateflow_tui.core.events import JobSubmitted, StopRequested
from fateflow_tui.core.messages import Refusal
from fateflow_tui.core.plan import Resources
from fateflow_tui.core.status import Status
from fateflow_tui.engine import Engine, SiteFacts
from tests.simulation.engine_world import (
    ALL,
    ARBITER,
    GUEST,
    HOST,
    HOUR,
    chain,
    one_site,
    reason,
    status,
    tasks,
    two_sites,
    wide,
)
from tests.simulation.scenario import plan_job
from tests.simulation.world import BEGIN, World

JOB = "202601010001"


@pytest.mark.parametrize("make", [one_site, two_sites])
@pytest.mark.parametrize("mode", ["coordinated", "independent"])
def test_a_chain_runs_at_all_parties_in_order(make: type, mode: str) -> None:
    world: World = make()
    world.submit(chain(schedule_mode=mode))
    world.run()
    driver = world.driver(JOB)
    assert (driver.status, driver.progress, driver.tag) == (Status.SUCCESS, 100, "job_end")
    ends = [driver.components[f"step_{i}"].ended_at for i in range(3)]
    assert ends == sorted(ends)
    assert ends[0] >= BEGIN + 1_000
    for party in ALL:
        assert tasks(world, party) == {f"step_{i}/0": Status.SUCCESS for i in range(3)}
        record = world.party(JOB, party)
        assert (record.status, record.granted, record.progress) == (Status.SUCCESS, None, 100)
    assert all(site.engine and site.engine.is_settled(JOB) for site in world.sites.values())
    assert driver.ended_at - driver.started_at < 3_500, "there is no waiting beside the three seconds of work"


def test_a_standalone_site_decides_everything_within_the_turn() -> None:
    engine = Engine(SiteFacts("alone", Resources(20)))
    effects = engine.handle(JobSubmitted(BEGIN, chain(length=1)))
    assert [(e.component, e.party) for e in effects if isinstance(e, StartTask)] == [("step_0", p) for p in ALL]
    change = engine.take_commits()[0]
    assert change.records["job"]["driver"]["status"] == "running"
    assert change.records["tasks"]["guest:9999/step_0/0"]["status"] == "running"
    assert engine.take_commits() == []


def test_a_party_starts_before_the_others_are_done_only_in_independent_mode() -> None:
    components = {"own": ([], [GUEST]), "next": (["own"], [GUEST]), "slow": ([], [HOST])}
    started = {}
    for mode in ("coordinated", "independent"):
        world = two_sites()
        plan = chain(schedule_mode=mode)
        world.submit(plan_job(JOB, ALL, components, options=plan.options))
        world.run(1_200)
        started[mode] = {**tasks(world, GUEST), **tasks(world, HOST)}
    assert started["independent"]["slow/0"] is Status.SUCCESS or started["independent"]["slow/0"] is Status.RUNNING
    assert started["coordinated"]["slow/0"] is Status.WAITING, "one component at a time"


def test_what_is_too_large_is_refused_with_both_numbers_and_undone_everywhere() -> None:
    world = two_sites(cores=20)
    world.submit(plan_job(JOB, ALL, {"step_0": ([], [])}, need=4, needs={HOST: 50}))
    world.run()
    driver = world.driver(JOB)
    assert (driver.status, driver.tag) == (Status.FAILED, "submit_failed")
    assert "host:10000 refused: it needs 50 cores for this job, but has 20 in total" in driver.reason
    report = driver.parties["host:10000"].report
    assert report is not None
    assert report.ended is Status.FAILED
    assert world.party(JOB, GUEST).status is Status.FAILED
    assert world.party(JOB, ARBITER).status is Status.FAILED
    assert {world.party(JOB, party).directive.refused_by for party in ALL} == {str(HOST)}
    assert not any(site.workers for site in world.sites.values())


def test_parties_of_one_site_are_refused_when_they_do_not_fit_together() -> None:
    engine = Engine(SiteFacts("alone", Resources(10)))
    engine.handle(JobSubmitted(BEGIN, plan_job(JOB, ALL, {"step_0": ([], [])}, need=4)))
    state = engine.job(JOB)
    assert state is not None
    assert state.driver is not None
    assert state.driver.reason.endswith(
        "arbiter:10000 refused: it needs 4 cores for this job and 12 together with guest:9999, host:10000, "
        "but has 10 in total"
    )


def test_a_refusal_of_the_drivers_own_site_fails_the_submit() -> None:
    engine = Engine(SiteFacts("alone", Resources(20)))
    refusal = Refusal("party_refused", "table t is not here")
    effects = engine.handle(JobSubmitted(BEGIN, chain(), {"host:10000": refusal}))
    state = engine.job(JOB)
    assert state is not None
    assert state.driver is not None
    assert state.driver.status is Status.FAILED
    assert state.driver.reason == "host:10000 refused: table t is not here"
    view = state.driver.parties["host:10000"].report
    assert view is not None
    assert view.refusal == refusal
    assert {e.party for e in effects if isinstance(e, AnnounceJobEnd)} == set(ALL)


def test_an_unreachable_party_fails_the_submit_and_learns_of_it_later() -> None:
    world = two_sites()
    host = world.sites["host"]
    world.crash(host, down=60_000)
    world.submit(chain())
    world.run(5_000)
    assert status(world) is Status.READY
    assert reason(world, JOB).kind == "confirmation"
    world.run(16_000)
    driver = world.driver(JOB)
    assert (driver.status, driver.tag) == (Status.FAILED, "submit_failed")
    assert driver.reason.startswith("no answer from host:10000, arbiter:10000: connection refused")
    world.run()
    assert world.now < BEGIN + HOUR
    assert host.engine is not None
    assert host.engine.job(JOB) is None, "a party that never took part keeps nothing"
    guest = world.sites["guest"].engine
    assert guest is not None
    assert guest.is_settled(JOB)


def test_a_failure_names_component_and_party_and_cancels_the_rest() -> None:
    world = two_sites()
    world.outcome = lambda task: Status.FAILED if task.party == HOST else Status.SUCCESS
    world.submit(chain())
    world.run()
    driver = world.driver(JOB)
    assert driver.status is Status.FAILED
    assert driver.reason.startswith("step_0 failed at host:10000")
    assert [driver.components[f"step_{i}"].status for i in range(3)] == ["failed", "canceled", "canceled"]
    assert tasks(world, GUEST) == {"step_0/0": "canceled", "step_1/0": "canceled", "step_2/0": "canceled"}
    assert tasks(world, HOST) == {"step_0/0": "failed", "step_1/0": "canceled", "step_2/0": "canceled"}


def test_what_runs_beside_a_failure_may_finish_but_nothing_new_starts() -> None:
    world = one_site()
    world.outcome = lambda task: Status.FAILED if task.component == "step_0" else Status.SUCCESS
    world.duration = lambda task: 100 if task.component == "step_0" else 1_000
    world.submit(wide(width=3, task_parallelism=2))
    world.run()
    components = world.driver(JOB).components
    assert [components[f"step_{i}"].status for i in range(3)] == ["failed", "success", "canceled"]
    assert status(world) is Status.FAILED


def test_parallelism_is_kept() -> None:
    world = one_site()
    world.submit(wide(width=5, task_parallelism=2))
    world.run(500)
    running = [name for name, task in tasks(world, GUEST).items() if task is Status.RUNNING]
    assert running == ["step_0/0", "step_1/0"]
    world.run()
    driver = world.driver(JOB)
    assert driver.ended_at - driver.started_at == 3_000


def test_stop_at_the_driver_is_final_at_once() -> None:
    world = two_sites()
    world.duration = lambda task: 5_000
    world.submit(chain())
    world.run(500)
    world.stop(world.sites["guest"], JOB)
    assert status(world) is Status.CANCELED
    assert world.driver(JOB).reason == "stopped by alice at guest:9999"
    world.run()
    assert tasks(world, HOST) == {"step_0/0": "canceled", "step_1/0": "canceled", "step_2/0": "canceled"}
    assert [world.party(JOB, party).status for party in ALL] == ["canceled"] * 3
    state = world.sites["host"].engine.job(JOB)  # type: ignore[union-attr]
    assert state is not None
    card = state.tasks["host:10000/step_0/0"].card
    assert card is not None
    assert (card.kind, card.cause) == ("canceled", "stopped by alice at guest:9999")


def test_stop_from_a_party_stops_it_at_once_and_the_others_when_they_hear_of_it() -> None:
    world = two_sites()
    world.duration = lambda task: 5_000
    world.submit(chain())
    world.run(500)
    world.cut.add(frozenset({"guest", "host"}))
    world.stop(world.sites["host"], JOB)
    world.run(1_500)
    assert not world.sites["host"].workers
    assert tasks(world, HOST)["step_0/0"] is Status.CANCELED
    assert status(world) is Status.RUNNING
    host = world.sites["host"].engine
    assert host is not None
    assert host.used().cores == 0, "what is stopped for good holds nothing until its driver hears of it"
    waiting = host.waiting(JOB)
    assert waiting is not None
    assert (waiting.kind, waiting.party) == ("peer", str(GUEST))
    assert waiting.text == "alice stopped it here; waiting for the driver guest:9999 to confirm"
    world.cut.clear()
    world.run()
    assert status(world) is Status.CANCELED
    assert world.driver(JOB).reason in {f"stopped by alice at {party}" for party in (HOST, ARBITER)}
    assert [world.party(JOB, party).status for party in ALL] == ["canceled"] * 3
    stops = [world.party(JOB, party).directive.stop for party in ALL]
    assert all(stop is not None and stop.by == "alice" for stop in stops)
    assert {stop.party for stop in stops if stop is not None} <= {str(HOST), str(ARBITER)}


def test_a_stop_survives_the_restart_of_the_site_where_it_was_wished() -> None:
    world = two_sites()
    world.submit(chain(length=1))
    world.run(500)
    world.cut.add(frozenset({"guest", "host"}))
    world.stop(world.sites["host"], JOB)
    world.crash(world.sites["host"], down=100)
    world.run(5_000)
    world.cut.clear()
    world.run()
    assert status(world) is Status.CANCELED


def test_a_party_that_was_away_learns_of_the_stop_when_it_returns() -> None:
    world = two_sites()
    world.submit(chain())
    world.run(500)
    world.crash(world.sites["host"], down=HOUR)
    world.stop(world.sites["guest"], JOB)
    world.run(HOUR - 1)
    assert status(world) is Status.CANCELED
    guest = world.sites["guest"].engine
    assert guest is not None
    assert not guest.is_settled(JOB)
    world.run(HOUR + 1_000)
    assert world.party(JOB, HOST).status is Status.CANCELED
    assert guest.is_settled(JOB)


def test_a_waiting_or_unconfirmed_job_can_be_stopped() -> None:
    world = two_sites(cores=8)
    world.submit(chain())
    world.run(300)
    world.submit(chain("202601010002"))
    world.run(600)
    assert status(world, "202601010002") is Status.WAITING
    world.stop(world.sites["host"], "202601010002")
    world.submit(chain("202601010003"))
    assert status(world, "202601010003") is Status.READY
    world.stop(world.sites["guest"], "202601010003", Status.FAILED)
    world.run()
    assert [status(world, f"20260101000{i}") for i in (1, 2, 3)] == ["success", "canceled", "failed"]


def test_stop_of_an_ended_job_changes_nothing() -> None:
    world = two_sites()
    world.submit(chain())
    world.run()
    before = {name: dict(site.disk) for name, site in world.sites.items()}
    for site in world.sites.values():
        world.stop(site, JOB)
    world.run()
    assert not world.refused
    assert before == {name: dict(site.disk) for name, site in world.sites.items()}
    assert status(world) is Status.SUCCESS


def test_what_is_asked_in_vain_is_refused_and_leaves_no_trace() -> None:
    engine = Engine(SiteFacts("here", Resources(20), frozenset({"9999"})))
    with pytest.raises(JobNotFound, match="job 7 is not known at here"):
        engine.handle(StopRequested(BEGIN, "7", "alice"))
    with pytest.raises(BadRequest, match="host:10000, which this site does not play"):
        engine.handle(JobSubmitted(BEGIN, chain(parties=[HOST, GUEST])))
    engine.handle(JobSubmitted(BEGIN, chain()))
    engine.take_commits()
    with pytest.raises(Conflict, match="exists already"):
        engine.handle(JobSubmitted(BEGIN, chain()))
    with pytest.raises(BadRequest, match="cannot be stopped as success"):
        engine.handle(StopRequested(BEGIN, JOB, "alice", Status.SUCCESS))
    with pytest.raises(Conflict, match="stays in memory"):
        engine.forget(JOB)
    assert engine.take_commits() == []


def test_a_job_without_memory_needs_ends_and_can_be_forgotten() -> None:
    world = one_site()
    world.submit(plan_job(JOB, [GUEST], {"step_0": ([], [])}, need=0))
    world.run()
    engine = world.sites["alone"].engine
    assert engine is not None
    assert engine.used() == Resources()
    assert status(world) is Status.SUCCESS
    engine.forget(JOB)
    assert engine.job(JOB) is None
    assert engine.deadline() is None

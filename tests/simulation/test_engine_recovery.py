"""Retries, timeouts, restarts, lost parties and lost disks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fateflow_tui.core.effects import StartTask
from fateflow_tui.core.plan import JobOptions, Resources
from fateflow_tui.core.records import task_key
from fateflow_tui.core.status import Status
from fateflow_tui.engine import Engine, Tunables
from tests.simulation.disk import load
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
from tests.simulation.world import BEGIN, SimulatedSite, World

JOB = "202601010001"
BOTH = frozenset({"guest", "host"})


@pytest.mark.parametrize("mode", ["coordinated", "independent"])
def test_a_failed_component_is_tried_again_at_all_parties_after_the_delay(mode: str) -> None:
    world = two_sites()
    world.outcome = lambda task: Status.FAILED if task.party == HOST and task.version < 2 else Status.SUCCESS
    world.submit(chain(length=2, schedule_mode=mode, auto_retries=3, auto_retry_delay=5_000))
    world.run(3_000)
    assert reason(world, JOB).kind == "retry"
    world.run()
    driver = world.driver(JOB)
    assert driver.status is Status.SUCCESS
    assert (driver.components["step_0"].version, driver.components["step_0"].retries) == (2, 2)
    assert driver.ended_at - driver.started_at > 10_000
    assert tasks(world, HOST)["step_0/0"] is Status.FAILED
    assert tasks(world, GUEST)["step_0/2"] is Status.SUCCESS


def test_retries_run_out() -> None:
    world = one_site()
    world.outcome = lambda task: Status.FAILED
    world.submit(chain(auto_retries=2, auto_retry_delay=0))
    world.run()
    assert status(world) is Status.FAILED
    assert tasks(world, GUEST)["step_0/2"] is Status.FAILED
    assert "step_0/3" not in tasks(world, GUEST)


def test_a_task_that_runs_too_long_is_killed() -> None:
    world = one_site()
    world.duration = lambda task: HOUR
    world.submit(chain(task_timeout=4_000))
    world.run()
    driver = world.driver(JOB)
    assert driver.status is Status.TIMEOUT
    assert driver.reason in {f"step_0 timeout at {party}: it ran longer than 4 s" for party in ALL}
    assert driver.ended_at - driver.started_at < 6_000


def test_a_job_that_runs_too_long_is_ended_counted_from_its_start() -> None:
    world = one_site(cores=12)
    world.duration = lambda task: HOUR if task.component == "step_2" and task.job_id == JOB else 1_000
    world.submit(chain("202601010000", length=5))
    world.submit(chain(length=3, running_timeout=2_500))
    world.run()
    driver = world.driver(JOB)
    assert driver.status is Status.TIMEOUT
    assert driver.ended_at - driver.started_at == 2_500
    assert driver.started_at - driver.created_at == 5_000
    assert tasks(world, HOST) == {"step_0/0": "success", "step_1/0": "success", "step_2/0": "timeout"}


@pytest.mark.parametrize("victim", ["guest", "host"])
@pytest.mark.parametrize("mode", ["coordinated", "independent"])
def test_a_restart_of_a_site_costs_a_new_version_and_no_retry(victim: str, mode: str) -> None:
    world = two_sites()
    world.submit(chain(schedule_mode=mode))
    world.run(1_500)
    world.crash(world.sites[victim], down=2_000)
    world.run()
    driver = world.driver(JOB)
    assert driver.status is Status.SUCCESS
    step = driver.components["step_1"]
    assert (step.version, step.relaunches, step.retries) == (1, 1, 0)
    assert driver.components["step_0"].version == 0, "what was complete is kept"
    lost = GUEST if victim == "guest" else HOST
    state = world.site_of(lost).engine.job(JOB)  # type: ignore[union-attr]
    assert state is not None
    card = state.tasks[f"{lost}/step_1/0"].card
    assert card is not None
    assert (card.kind, card.cause) == ("lost", "the site was restarted")


def test_relaunches_have_a_limit() -> None:
    world = one_site(tunables=Tunables(relaunch_limit=2))
    world.submit(chain())
    for moment in (500, 1_000, 1_500):
        world.run(moment)
        world.crash(world.sites["alone"], down=10)
    world.run()
    assert status(world) is Status.FAILED
    assert world.driver(JOB).components["step_0"].relaunches == 2


def test_what_was_saved_as_running_but_not_launched_is_started_under_a_new_version() -> None:
    world = one_site()
    site = world.sites["alone"]
    world.submit(chain(length=1, parties=[GUEST]))
    version, tables = site.disk[JOB]
    again = Engine(site.facts)
    effects = again.restore([load(JOB, version, tables)], BEGIN + 10)
    assert [(e.component, e.version) for e in effects if isinstance(e, StartTask)] == [("step_0", 1)]


def test_a_silent_party_is_shown_as_lost_and_may_return() -> None:
    world = two_sites()
    world.duration = lambda task: 60_000
    world.submit(chain(length=1))
    world.run(1_000)
    world.cut.add(BOTH)
    world.run(30_000)
    driver = world.driver(JOB)
    assert driver.parties["host:10000"].lost
    assert not driver.parties["guest:9999"].lost
    assert reason(world, JOB).kind == "peer"
    host = world.sites["host"].engine
    assert host is not None
    seen_there = host.waiting(JOB)
    assert seen_there is not None
    assert (seen_there.kind, seen_there.party) == ("peer", "guest:9999")
    world.cut.clear()
    world.run(40_000)
    assert not world.driver(JOB).parties["host:10000"].lost
    assert world.driver(JOB).waiting is None
    world.run()
    assert status(world) is Status.SUCCESS


def test_a_party_silent_for_too_long_fails_the_job_and_stops_itself() -> None:
    world = two_sites()
    world.duration = lambda task: HOUR
    world.submit(chain())
    world.run(1_000)
    world.cut.add(BOTH)
    world.run(125_000)
    driver = world.driver(JOB)
    assert driver.status is Status.FAILED
    assert driver.reason in {f"no answer from {party}: connection refused; it is lost" for party in (HOST, ARBITER)}
    host = world.sites["host"]
    assert host.engine is not None
    assert not host.workers
    assert host.engine.used() == Resources()
    assert world.party(JOB, HOST).status is Status.RUNNING, "only the driver decides the outcome"
    world.cut.clear()
    world.run()
    assert world.party(JOB, HOST).status is Status.FAILED


def test_a_job_goes_on_after_its_driver_was_away_longer_than_parties_wait() -> None:
    world = two_sites()
    world.submit(chain())
    world.run(1_500)
    world.crash(world.sites["guest"], down=300_000)
    world.run(200_000)
    host = world.sites["host"]
    assert host.engine is not None
    assert not host.workers
    assert host.engine.used() == Resources()
    world.run()
    assert status(world) is Status.SUCCESS
    assert world.driver(JOB).components["step_1"].version == 1


def test_a_job_whose_place_was_taken_meanwhile_goes_back_to_the_queue() -> None:
    world = two_sites(cores=8)
    world.submit(chain())
    world.run(1_500)
    world.crash(world.sites["guest"], down=300_000)
    world.run(200_000)
    other = plan_job("202601010002", [HOST], {"step_0": ([], [])}, need=8, options=JobOptions())
    world.duration = lambda task: 200_000 if task.job_id == other.job_id else 1_000
    world.submit(other)
    world.run(305_000)
    while world.driver(JOB).reserve_until:
        world.run(world.now - BEGIN + 10)
    assert status(world) is Status.WAITING
    assert reason(world, JOB).kind == "cores"
    guest = world.sites["guest"].engine
    assert guest is not None
    assert guest.used() == Resources(), "what the others held is free meanwhile"
    world.run()
    assert [status(world), status(world, other.job_id)] == ["success", "success"]
    assert world.driver(JOB).components["step_0"].version == 0


def test_a_party_that_lost_its_disk_gets_the_document_again_and_runs_again_what_it_lost() -> None:
    world = two_sites()
    world.submit(chain())
    world.run(1_500)
    world.crash(world.sites["host"], down=500, disk_lost=True)
    world.run()
    driver = world.driver(JOB)
    assert driver.status is Status.SUCCESS
    newest = driver.components["step_0"].version
    assert newest > 0
    assert tasks(world, HOST)[f"step_0/{newest}"] is Status.SUCCESS
    state = world.sites["guest"].engine.job(JOB)  # type: ignore[union-attr]
    assert state is not None
    assert any("the party has lost its records of this job" in entry.text for entry in state.story)


def test_in_independent_mode_what_comes_later_is_renewed_too() -> None:
    world = two_sites()
    world.duration = lambda task: 100 if task.party == GUEST else 2_000
    components = {"a": ([], [GUEST, HOST]), "made_of_a": (["a"], [GUEST]), "b": (["a"], ALL), "own": ([], [GUEST])}
    options = JobOptions(schedule_mode="independent", auto_retries=1, auto_retry_delay=0)
    world.outcome = lambda task: (
        Status.FAILED if (task.component, task.party, task.version) == ("a", HOST, 0) else Status.SUCCESS
    )
    world.plans[JOB] = plan_job(JOB, ALL, components, options=options)
    # The guest's own part of "a" succeeds early; the host's fails later.
    world._start = _succeed_early(world)  # type: ignore[method-assign]
    world.submit(world.plans[JOB])
    world.run()
    assert status(world) is Status.SUCCESS
    assert [world.driver(JOB).components[name].version for name in components] == [1, 1, 1, 0]
    assert tasks(world, GUEST)["made_of_a/0"] is Status.SUCCESS, "of an input that was made anew"


def test_in_independent_mode_a_party_starts_nothing_after_a_failure_of_its_own() -> None:
    world = two_sites()
    world.outcome = lambda task: Status.FAILED if task.party == HOST else Status.SUCCESS
    world.submit(wide(width=2, schedule_mode="independent"))
    world.run(500)
    world.cut.add(BOTH)
    world.run(5_000)
    assert tasks(world, HOST) == {"step_0/0": "failed", "step_1/0": "waiting"}
    world.cut.clear()
    world.run()
    assert status(world) is Status.FAILED


def test_a_kill_that_is_not_confirmed_is_asked_for_again() -> None:
    world = one_site()
    world.submit(wide(width=1))
    world.run(500)
    site = world.sites["alone"]
    kills: list[int] = []
    world._kill = lambda where, effect: kills.append(world.now - BEGIN)  # type: ignore[method-assign]
    world.duration = lambda task: HOUR
    world.stop(site, JOB)
    world.run(900)
    assert status(world) is Status.CANCELED
    assert len(kills) == 3
    assert site.engine is not None
    assert site.engine.used() == Resources(12), "capacity is returned when the workers are gone, not before"
    world.run()
    assert site.engine.used() == Resources()


def test_nothing_is_saved_while_nothing_happens() -> None:
    world = two_sites()
    world.duration = lambda task: 100_000
    world.submit(chain(length=1))
    world.run(1_000)
    before = {name: site.disk[JOB][0] for name, site in world.sites.items()}
    turns = world.turns
    world.run(90_000)
    assert world.turns > turns + 30, "heartbeats go to and fro"
    assert before == {name: site.disk[JOB][0] for name, site in world.sites.items()}


def _succeed_early(world: World) -> Callable[[SimulatedSite, StartTask], None]:
    """Workers that need no other party's."""

    def start(site: SimulatedSite, effect: StartTask) -> None:
        site.workers.add((effect.job_id, task_key(effect.party, effect.component, effect.version)))
        life, status_ = site.life, world.outcome(effect)
        world.after(world.duration(effect), lambda: world._end(site, life, effect, status_))

    return start


def test_a_job_whose_state_cannot_be_stops_no_other() -> None:
    world = one_site()
    sound, broken = chain(), chain(job_id="202601010002")
    for plan in (sound, broken):
        world.submit(plan)
    world.run(1)
    [site] = world.sites.values()
    states = [load(job_id, *site.disk[job_id]) for job_id in sorted(site.disk)]
    states[1].plan = None  # a driver without a plan
    engine = Engine(site.facts)
    effects = engine.restore(states, BEGIN + 10_000)
    assert set(engine.jobs()) == {sound.job_id}
    [(job_id, bug)] = engine.take_faults().items()
    assert (job_id, type(bug)) == (broken.job_id, LookupError)
    assert {change.job_id for change in engine.take_commits()} == {sound.job_id}
    assert {effect.job_id for effect in effects if isinstance(effect, StartTask)} <= {sound.job_id}
    assert engine.take_faults() == {}

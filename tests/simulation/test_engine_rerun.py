"""Reruns: what runs again, and that an ended job becomes a waiting one in all its parties."""

from __future__ import annotations

import msgspec
import pytest

from fateflow_tui.core.effects import ForgetRuns, StartTask
from fateflow_tui.core.errors import Conflict, NotFound
from fateflow_tui.core.events import RerunRequested
from fateflow_tui.core.messages import Refusal
from fateflow_tui.core.plan import JobOptions, JobPlan, PartyDocument
from fateflow_tui.core.status import Status
from fateflow_tui.engine import Engine
from tests.simulation.engine_world import ALL, ARBITER, GUEST, HOST, chain, one_site, status, tasks, two_sites
from tests.simulation.scenario import plan_job
from tests.simulation.world import World

JOB = "202601010001"


def forked() -> JobPlan:
    """a -> b -> c and a -> d."""
    return plan_job(JOB, ALL, {"a": ([], []), "b": (["a"], []), "c": (["b"], []), "d": (["a"], [])})


def failing_world(make: object, *components: str) -> World:
    """A forked job that has ended; the named components failed in version 0."""
    world: World = make()  # type: ignore[operator]
    world.outcome = lambda task: Status.FAILED if task.component in components and task.version == 0 else Status.SUCCESS
    world.submit(forked())
    world.run()
    return world


def engine_of(world: World) -> Engine:
    engine = world.site_of(GUEST).engine
    assert engine is not None
    return engine


def actions(world: World, *components: str, force: bool = False) -> dict[str, str]:
    return {step.component: str(step.action) for step in engine_of(world).rerun_plan(JOB, components, force)}


def changed(plan: JobPlan, component: str) -> list[PartyDocument]:
    """The documents with other parameters for one component."""
    return [
        msgspec.structs.replace(
            document,
            tasks=[
                msgspec.structs.replace(task, parameters={"seconds": 2}) if task.component == component else task
                for task in document.tasks
            ],
        )
        for document in plan.documents
    ]


def test_by_default_what_did_not_succeed_runs_again() -> None:
    world = failing_world(one_site, "b")
    steps = engine_of(world).rerun_plan(JOB)
    assert [(step.component, step.action, step.why) for step in steps] == [
        ("a", "reuse", "succeeded, and its inputs do not change"),
        ("b", "run", "ended as failed"),
        ("c", "run", "ended as canceled"),
        ("d", "run", "ended as canceled"),
    ]


def test_named_components_run_with_all_that_depend_on_them() -> None:
    world = failing_world(one_site)
    assert actions(world, "b") == {"a": "reuse", "b": "run", "c": "run", "d": "reuse"}
    assert actions(world, "a") == dict.fromkeys("abcd", "run")
    assert actions(world, force=True) == dict.fromkeys("abcd", "run")


def test_what_failed_and_was_not_asked_for_stays_so() -> None:
    world = failing_world(one_site, "b")
    assert actions(world, "d") == {"a": "reuse", "b": "skip", "c": "skip", "d": "run"}
    world.rerun(JOB, ["d"])
    world.run()
    components = world.driver(JOB).components
    assert {name: components[name].status for name in "abcd"} == {
        "a": "success",
        "b": "failed",
        "c": "canceled",
        "d": "success",
    }
    assert status(world) is Status.FAILED


def test_what_a_rerun_needs_runs_with_it() -> None:
    world = failing_world(one_site, "a")
    steps = {step.component: step for step in engine_of(world).rerun_plan(JOB, ["c"])}
    assert {name: step.action for name, step in steps.items()} == {"a": "run", "b": "run", "c": "run", "d": "skip"}
    assert steps["b"].why == "c needs it"


def test_a_rerun_that_cannot_be_is_refused() -> None:
    world = failing_world(one_site)
    with pytest.raises(Conflict, match="every component of job 202601010001 has succeeded"):
        engine_of(world).rerun_plan(JOB)
    with pytest.raises(NotFound, match="no component x, y"):
        engine_of(world).rerun_plan(JOB, ["x", "a", "y"])
    world.rerun(JOB, force=True)
    assert not world.refused
    with pytest.raises(Conflict, match="is running; only an ended job"):
        engine_of(world).rerun_plan(JOB)


def test_a_job_can_only_be_rerun_at_its_driver() -> None:
    world = failing_world(two_sites, "b")
    host = world.sites["host"].engine
    assert host is not None
    with pytest.raises(Conflict, match="driven by the site of guest:9999"):
        host.rerun_plan(JOB)


@pytest.mark.parametrize("make", [one_site, two_sites])
def test_a_rerun_makes_new_versions_and_keeps_the_old_tasks(make: object) -> None:
    world = failing_world(make, "b")
    world.rerun(JOB)
    assert status(world) in (Status.WAITING, Status.RUNNING)
    assert world.driver(JOB).progress < 100
    world.run()
    driver = world.driver(JOB)
    assert (driver.status, driver.reruns, driver.progress) == (Status.SUCCESS, 1, 100)
    for party in ALL:
        mine = tasks(world, party)
        assert mine["a/0"] is Status.SUCCESS
        assert "a/1" not in mine
        assert mine["b/1"] is mine["c/1"] is mine["d/1"] is Status.SUCCESS
        assert mine["c/0"] is Status.CANCELED
        assert world.party(JOB, party).status is Status.SUCCESS


def test_values_of_superseded_runs_are_forgotten() -> None:
    world = failing_world(one_site, "b")
    effects = engine_of(world).handle(RerunRequested(world.now, JOB, "alice"))
    forgotten = {(e.component, e.version) for e in effects if isinstance(e, ForgetRuns)}
    assert forgotten == {("b", 1), ("c", 1), ("d", 1)}


def test_changed_parameters_reach_every_party_and_run_what_they_concern() -> None:
    world = failing_world(two_sites)
    documents = changed(forked(), "b")
    steps = engine_of(world).rerun_plan(JOB, documents=documents)
    assert [(step.component, step.action) for step in steps if step.action == "run"] == [("b", "run"), ("c", "run")]
    assert steps[1].why == "its parameters have changed"
    world.turn(world.site_of(GUEST), [RerunRequested(world.now, JOB, "alice", [], False, documents, {"changed": 1})])
    world.run()
    assert status(world) is Status.SUCCESS
    for party in ALL:
        state = world.site_of(party).engine.job(JOB)  # type: ignore[union-attr]
        assert state is not None
        assert state.documents[str(party)].tasks[1].parameters == {"seconds": 2}
        assert state.parties[str(party)].document_revision == 2
    plan = engine_of(world).job(JOB).plan  # type: ignore[union-attr]
    assert plan is not None
    assert plan.conf == {"changed": 1}


def test_a_changed_document_that_is_refused_fails_the_rerun() -> None:
    world = failing_world(one_site, "b")
    refusal = Refusal("party_refused", "no grant for this component")
    event = RerunRequested(world.now, JOB, "alice", documents=changed(forked(), "b"), refusals={"host:10000": refusal})
    world.turn(world.sites["alone"], [event])
    world.run()
    driver = world.driver(JOB)
    assert (driver.status, driver.reason) == (Status.FAILED, "host:10000 refused: no grant for this component")
    world.rerun(JOB)
    world.run()
    assert status(world) is Status.SUCCESS, "the site's refusal was of that request only"


def test_a_job_that_was_stopped_at_a_party_can_be_rerun() -> None:
    world = two_sites()
    world.submit(chain())
    world.run(500)
    world.stop(world.sites["host"], JOB)
    world.run()
    assert status(world) is Status.CANCELED
    world.rerun(JOB)
    world.run()
    assert status(world) is Status.SUCCESS, "the wish of the last run does not hold for this one"


def test_a_party_that_slept_through_the_end_takes_part_in_the_rerun() -> None:
    world = two_sites()
    world.submit(chain())
    world.run(500)
    world.crash(world.sites["host"], down=30_000)
    world.stop(world.sites["guest"], JOB)
    world.rerun(JOB)
    world.run()
    assert status(world) is Status.SUCCESS
    assert tasks(world, HOST)["step_0/1"] is Status.SUCCESS
    assert tasks(world, ARBITER)["step_0/0"] is Status.FAILED


def test_a_job_whose_submit_failed_can_be_rerun_when_the_party_is_back() -> None:
    world = two_sites()
    world.crash(world.sites["host"], down=60_000)
    world.submit(chain(schedule_mode="independent"))
    world.run(100_000)
    assert world.driver(JOB).tag == "submit_failed"
    world.rerun(JOB)
    world.run()
    assert status(world) is Status.SUCCESS


def test_a_rerun_waits_in_the_queue_like_any_other() -> None:
    world = one_site(cores=12)
    world.submit(chain())
    world.run()
    world.submit(chain("202601010002"))
    world.rerun(JOB, force=True)
    assert [status(world), status(world, "202601010002")] == ["waiting", "running"]
    world.run()
    assert [status(world), status(world, "202601010002")] == ["success", "success"]


def test_retries_count_anew() -> None:
    world = one_site()
    world.outcome = lambda task: Status.FAILED if task.version < 3 else Status.SUCCESS
    world.submit(plan_job(JOB, [GUEST], {"a": ([], [])}, options=JobOptions(auto_retries=1, auto_retry_delay=0)))
    world.run()
    assert status(world) is Status.FAILED
    effects = engine_of(world).handle(RerunRequested(world.now, JOB, "alice"))
    assert [e.version for e in effects if isinstance(e, StartTask)] == [2]


def test_every_party_learns_what_failed_first_and_a_rerun_forgets_it() -> None:
    world = two_sites()
    world.outcome = lambda task: (
        Status.FAILED if (task.component, task.version, task.party) == ("b", 0, GUEST) else Status.SUCCESS
    )
    world.submit(forked())
    world.run()
    assert status(world) is Status.FAILED
    for party in ALL:
        told = world.party(JOB, party).directive.failure
        assert told is not None
        assert (told.component, told.party, told.version) == ("b", GUEST, 0)
    world.rerun(JOB)
    world.run()
    assert status(world) is Status.SUCCESS
    assert [world.party(JOB, party).directive.failure for party in ALL] == [None] * 3


def test_what_is_needed_but_was_deleted_runs_again_with_all_that_was_made_of_it() -> None:
    world = failing_world(one_site)
    steps = {step.component: step for step in engine_of(world).rerun_plan(JOB, ["c"], missing={"a": "host:10000"})}
    assert {name: str(step.action) for name, step in steps.items()} == {
        "a": "reuse",
        "b": "reuse",
        "c": "run",
        "d": "reuse",
    }
    steps = {step.component: step for step in engine_of(world).rerun_plan(JOB, ["c"], missing={"b": "host:10000"})}
    assert {name: str(step.action) for name, step in steps.items()} == {
        "a": "reuse",
        "b": "run",
        "c": "run",
        "d": "reuse",
    }
    assert steps["b"].why == "its outputs were deleted at host:10000, and c needs them"
    missing = {"a": "guest:9999", "b": "host:10000"}
    steps = {step.component: step for step in engine_of(world).rerun_plan(JOB, ["c"], missing=missing)}
    assert {step.action for step in steps.values()} == {"run"}
    assert steps["d"].why == "depends on a"
    world.turn(world.site_of(GUEST), [RerunRequested(world.now, JOB, "alice", ["c"], missing=missing)])
    world.run()
    assert status(world) is Status.SUCCESS
    assert {name: record.version for name, record in world.driver(JOB).components.items()} == dict.fromkeys("abcd", 1)

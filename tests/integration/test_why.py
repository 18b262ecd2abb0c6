"""`job why` on two real sites: each state provoked, and the typed answer to it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import FateFlowError, NotFound, PartyRefused, PartyUnreachable
from fateflow_tui.core.plan import Resources
from fateflow_tui.core.status import Status
from tests.contract.command_line import CommandLine
from tests.integration.clusters import standalone, until, until_running, worker_pid
from tests.integration.why_sites import BOTH, GUEST, HOST, SILENCE, Pair, pair_of_sites

READER = {"components": {"reader_0": {"module": "Reader", "output": {"data": ["data"]}}}}


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pair_of_sites(tmp_path_factory.mktemp("why")) as running:
        yield running


@pytest.fixture
def pair(sites: Pair) -> Iterator[Pair]:
    yield sites
    sites.stop_all()


def cores(amount: Resources | None) -> int:
    assert amount is not None
    return amount.cores


def refused_job(pair: Pair, kind: type[FateFlowError] = PartyRefused, **job: object) -> str:
    with pytest.raises(kind) as refused:
        pair.submit(**job)  # type: ignore[arg-type]
    assert refused.value.data is not None
    return pair.guest.flow.resolve("@last")


def test_cores_short_at_the_host(pair: Pair) -> None:
    holder = pair.submit(parameters={"seconds": 60}, task_cores=3)
    until_running(pair.guest.flow, holder, "sleep_0")
    waiting = pair.submit(parameters={"seconds": 0}, task_cores=3)
    why = pair.why(waiting, "waiting", "cores")
    assert why.party == HOST
    assert (cores(why.need), cores(why.free), cores(why.total)) == (3, 1, 4)
    assert [(one.job_id, one.party, one.held.cores) for one in why.holders] == [(holder, HOST, 3)]
    assert holder in why.hint
    assert "needs 3 cores at host:10000, 1 of 4 are free" in why.text
    of_component = pair.guest.flow.why(waiting, "sleep_0").why
    assert of_component is not None
    assert (of_component.cause, of_component.component) == ("cores", "sleep_0")
    at_host = pair.why(waiting, "waiting", "cores", site=pair.host)
    shown = pair.host.flow.job(waiting).waiting
    assert shown is not None
    assert shown.text == at_host.text.partition(";")[0], "job show and job list say it, too"
    assert (cores(at_host.need), [one.job_id for one in at_host.holders]) == (3, [holder])
    pair.guest.flow.stop(holder)
    assert pair.guest.flow.wait(waiting, 30).status is Status.SUCCESS


def test_memory_short_and_the_time_from_history(pair: Pair) -> None:
    guest = {"guest": [9999]}
    first = pair.submit(parameters={"seconds": 0.2}, roles=guest)
    assert pair.guest.flow.wait(first, 30).status is Status.SUCCESS
    holder = pair.submit(parameters={"seconds": 60}, roles=guest, task_memory=3000)
    until_running(pair.guest.flow, holder, "sleep_0")
    waiting = pair.submit(parameters={"seconds": 0}, roles=guest, task_memory=2000)
    until(lambda: pair.why(waiting, "waiting", "memory").estimate, "no estimate was made", 15)
    why = pair.why(waiting, "waiting", "memory")
    assert why.party == GUEST
    assert why.need is not None
    assert why.free is not None
    assert (why.need.memory, why.free.memory) == (2000, 1096)
    assert [(one.job_id, one.ends_at > 0) for one in why.holders] == [(holder, True)]
    assert "earlier durations" in why.basis
    pair.guest.flow.stop(holder)
    assert pair.guest.flow.wait(waiting, 30).status is Status.SUCCESS


def test_behind_another_job(pair: Pair) -> None:
    guest = {"guest": [9999]}
    holder = pair.submit(parameters={"seconds": 60}, roles=guest, task_cores=6)
    until_running(pair.guest.flow, holder, "sleep_0")
    ahead = pair.submit(parameters={"seconds": 0}, roles=guest, task_cores=8)
    pair.why(ahead, "waiting", "cores")
    begin = now_ms()
    until(lambda: now_ms() - begin > 400, f"{ahead} does not get older")
    behind = pair.submit(parameters={"seconds": 0}, roles=guest, task_cores=2)
    why = pair.why(behind, "waiting", "behind")
    assert (why.party, why.job_id) == (GUEST, ahead)
    assert (cores(why.need), cores(why.free)) == (2, 2)
    assert "priority" in why.hint
    pair.guest.flow.stop(holder)
    assert {pair.guest.flow.wait(one, 30).status for one in (ahead, behind)} == {Status.SUCCESS}


def test_a_component_waits_for_what_it_needs(pair: Pair) -> None:
    dsl = {
        "components": {
            "sleep_0": {"module": "Sleep", "output": {"data": ["data"]}},
            "sleep_1": {"module": "Sleep", "input": {"data": {"data": ["sleep_0.data"]}}},
            "sleep_2": {"module": "Sleep"},
        }
    }
    job = pair.submit(parameters={"seconds": 60}, dsl=dsl)
    until_running(pair.guest.flow, job, "sleep_0")
    needs = pair.why(job, "waiting", component="sleep_1")
    assert (needs.cause, needs.component) == ("needs", "sleep_1")
    assert "sleep_0 (running)" in needs.text
    place = pair.why(job, "waiting", component="sleep_2")
    assert place.cause == "parallelism"
    assert "task_parallelism" in place.hint
    runs = pair.why(job, "running")
    assert (runs.component, runs.sign is not None, runs.since > 0) == ("sleep_0", True, True)
    with pytest.raises(NotFound, match="no component sleep_3") as unknown:
        pair.guest.flow.why(job, "sleep_3")
    assert "sleep_0, sleep_1, sleep_2" in unknown.value.hint
    pair.guest.flow.stop(job)
    left = pair.why(job, "canceled", component="sleep_1")
    assert "never ran" in left.text


def test_the_host_refuses_a_table(pair: Pair) -> None:
    pair.host.flow.permissions.grant(
        GUEST, roles=["host"], commands=["create", "run"], components=["all"], datasets=["a.b"]
    )
    try:
        table = {"table": {"namespace": "experiment", "name": "secret"}}
        pair.guest.upload("secret", Path(__file__).parents[2] / "demo" / "data" / "guest.csv")
        why = pair.why(refused_job(pair, module="Reader", parameters=table, dsl=READER), "refused")
        assert (why.cause, why.party) == ("dataset", HOST)
        assert why.lacks == {"dataset": ["experiment.secret"]}
        assert "fateflow party grant guest:9999 --dataset experiment.secret" in why.hint
    finally:
        pair.host.flow.permissions.forget(GUEST)


def test_the_host_refuses_a_component(pair: Pair) -> None:
    pair.host.flow.permissions.grant(GUEST, roles=["host"], commands=["create", "run"], components=["Reader"])
    try:
        why = pair.why(refused_job(pair), "refused")
        assert (why.cause, why.party, why.lacks) == ("component", HOST, {"component": ["Sleep"]})
        assert "--component Sleep" in why.hint
        at_host = [job for job in pair.host.flow.jobs() if job.job_id == pair.guest.flow.resolve("@last")]
        assert all(job.status is Status.FAILED for job in at_host)
    finally:
        pair.host.flow.permissions.forget(GUEST)


def test_a_table_is_missing_at_the_host(pair: Pair) -> None:
    pair.guest.upload("known", Path(__file__).parents[2] / "demo" / "data" / "guest.csv")
    table = {"table": {"namespace": "experiment", "name": "known"}}
    job = refused_job(pair, module="Reader", parameters=table, dsl=READER)
    why = pair.why(job, "refused")
    assert (why.cause, why.party, why.lacks) == ("table", HOST, {"table": ["experiment.known"]})
    assert "does not exist" in why.text
    assert "upload it there" in why.hint
    assert pair.why(job, "canceled", component="reader_0").party == HOST


def test_a_module_is_missing_at_the_host(pair: Pair) -> None:
    file = pair.guest.home / "components" / "rare.py"
    file.write_text((pair.guest.home / "components" / "misbehave.py").read_text().replace("Misbehave", "Rare"))
    pair.guest.stop()
    pair.guest.start()
    why = pair.why(refused_job(pair, module="Rare"), "refused")
    assert (why.cause, why.party, why.lacks) == ("module", HOST, {"module": ["Rare"]})


def test_a_job_that_can_never_run(pair: Pair) -> None:
    why = pair.why(refused_job(pair, task_cores=5), "refused")
    assert (why.cause, why.party) == ("capacity", HOST)
    assert "needs 5 cores" in why.text


def test_a_worker_runs_out_of_memory(pair: Pair) -> None:
    job = pair.submit("Misbehave", {"act": "eat"}, task_memory=64)
    assert pair.guest.flow.wait(job, 60).status is Status.FAILED
    why = pair.why(job, "failed")
    assert (why.cause, why.component, why.party) == ("memory", "misbehave_0", GUEST)
    assert why.cards[0].peak_memory > 0
    assert "task_memory" in why.hint


def test_a_worker_is_killed(pair: Pair) -> None:
    job = pair.submit(parameters={"seconds": 60})
    until_running(pair.guest.flow, job, "sleep_0")
    os.kill(worker_pid(pair.host, job, HOST, "sleep_0"), signal.SIGKILL)
    assert pair.guest.flow.wait(job, 30).status is Status.FAILED
    why = pair.why(job, "failed")
    assert (why.cause, why.component, why.party) == ("signal", "sleep_0", HOST)
    assert why.cards[0].signal == "SIGKILL"
    of_component = pair.why(job, "failed", component="sleep_0")
    assert (of_component.cause, of_component.party) == ("signal", HOST)


def test_an_exception_in_a_component(pair: Pair) -> None:
    job = pair.submit("Misbehave", {"act": "divide"})
    assert pair.guest.flow.wait(job, 30).status is Status.FAILED
    why = pair.why(job, "failed")
    assert (why.cause, why.component, why.party) == ("exception", "misbehave_0", GUEST)
    assert "ZeroDivisionError" in why.text
    assert "misbehave.py" in why.cards[0].where
    at_host = pair.why(job, "failed", "exception", site=pair.host)
    assert (at_host.component, at_host.party) == ("misbehave_0", GUEST)
    assert at_host.text == f"misbehave_0 failed at {GUEST}: ZeroDivisionError"
    assert at_host.hint.startswith("look for an empty input or a parameter that is 0; ask guest:9999")
    assert "ask guest:9999" in CommandLine(pair.host.home, pair.host.home)("job", "why", job).out
    assert [(card.where, card.log, card.traceback) for card in at_host.cards] == [("", [], "")]
    assert "dividing" not in str(pair.host.flow.why(job)), "a party's log has left it"
    assert pair.why(job, "failed", "exception", component="misbehave_0", site=pair.host).party == GUEST
    shown = CommandLine(pair.host.home, pair.host.home)("job", "show", job)
    assert "✗ misbehave_0 failed at guest:9999" in shown.out
    said = CommandLine(pair.guest.home, pair.guest.home)("job", "why", job)
    assert "✗ misbehave_0 failed at guest:9999" in said.out
    assert "dividing" in said.out


def test_limits_of_time(pair: Pair) -> None:
    slow = pair.submit(parameters={"seconds": 60}, task_timeout=1)
    assert pair.guest.flow.wait(slow, 30).status is Status.TIMEOUT
    why = pair.why(slow, "timeout")
    assert (why.cause, why.component) == ("task", "sleep_0")
    assert "task_timeout" in why.hint

    long = pair.submit(parameters={"seconds": 60}, timeout=1)
    assert pair.guest.flow.wait(long, 30).status is Status.TIMEOUT
    assert pair.why(long, "timeout").cause == "running"

    holder = pair.submit(parameters={"seconds": 60}, task_cores=4)
    until_running(pair.guest.flow, holder, "sleep_0")
    late = pair.submit(parameters={"seconds": 0}, task_cores=4, waiting_timeout=1)
    assert pair.guest.flow.wait(late, 30).status is Status.TIMEOUT
    why = pair.why(late, "timeout")
    assert why.cause == "waiting"
    assert "4 cores at host:10000" in why.text
    pair.guest.flow.stop(holder)


def test_canceled_by_the_other_party(pair: Pair) -> None:
    job = pair.submit(parameters={"seconds": 60})
    until_running(pair.guest.flow, job, "sleep_0")
    pair.host.flow.stop(job, reason="the machine is needed")
    assert pair.guest.flow.wait(job, 30).status is Status.CANCELED
    for site in (pair.guest, pair.host):
        why = pair.why(job, "canceled", site=site)
        assert (why.cause, why.party, why.reason) == ("stop", HOST, "the machine is needed")
        assert why.by
        assert why.since > 0
    assert "stopped it at host:10000: the machine is needed" in pair.why(job, "canceled", component="sleep_0").text


def test_a_silent_worker_shows_where_it_is(pair: Pair) -> None:
    job = pair.submit("Misbehave", {"act": "hang", "at": "guest"})
    why = pair.why(job, "silent")
    assert (why.component, why.party) == ("misbehave_0", GUEST)
    assert why.sign is not None
    assert (why.sign.what, why.sign.text) == ("log", "looking for the end of the world")
    assert now_ms() - why.sign.at >= SILENCE * 1000
    assert "in hang" in why.stack
    assert "misbehave.py" in why.stack
    assert "fateflow_tui/worker" not in why.stack
    said = CommandLine(pair.guest.home, pair.guest.home)("job", "why", job, "misbehave_0")
    assert "in hang" in said.out
    assert pair.guest.flow.job(job).status is Status.RUNNING  # looking has not harmed it
    pair.guest.flow.stop(job)


def test_success_and_reuse(pair: Pair) -> None:
    conf = {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": 9999},
        "role": BOTH,
        "job_parameters": {"common": {"task_cores": 1}},
    }
    dsl = {"components": {"sleep_0": {"module": "Sleep"}}}
    first = pair.guest.flow.submit(dsl, conf).job_id
    assert pair.guest.flow.wait(first, 30).status is Status.SUCCESS
    assert pair.why(first, "success").text.startswith("the job succeeded in")
    again = pair.guest.flow.submit(dsl, conf, reuse=True).job_id
    assert pair.guest.flow.wait(again, 30).status is Status.SUCCESS
    assert pair.why(again, "reused").job_id == first
    assert pair.why(again, "reused", component="sleep_0").job_id == first


def test_a_peer_that_is_offline(pair: Pair) -> None:
    running = pair.submit(parameters={"seconds": 600})
    until_running(pair.guest.flow, running, "sleep_0")
    pair.host.crash()
    job = refused_job(pair, PartyUnreachable)
    why = pair.why(job, "failed")
    assert (why.cause, why.party) == ("peer", HOST)
    assert "fateflow party ping host:10000" in why.hint
    lost = pair.why(running, "waiting", "peer")
    assert lost.party == HOST
    assert "party ping host:10000" in lost.hint
    pair.host.start()
    until(lambda: pair.guest.flow.job(running).waiting is None, "the host is not heard again", 20)


def test_the_command_line_takes_the_component_in_each_way(tmp_path: Path) -> None:
    with standalone(tmp_path / "home") as site:
        run = CommandLine(site.home, tmp_path)
        conf = {
            "dsl_version": 2,
            "initiator": {"role": "guest", "party_id": 9999},
            "role": {"guest": [9999]},
            "job_parameters": {"common": {}},
        }
        site.flow.wait(site.flow.submit({"components": {"sleep_0": {"module": "Sleep"}}}, conf).job_id, 30)
        by_place = run("job", "why", "@last", "sleep_0").out
        assert "sleep_0 succeeded in" in by_place
        assert run("job", "why", "-j", "@last", "sleep_0").out == by_place
        assert run("job", "why", "@last", "-cpn", "sleep_0").out == by_place
        assert run("job", "why", "@last", "--json").data["why"]["kind"] == "success"

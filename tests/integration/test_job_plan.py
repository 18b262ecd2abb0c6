"""`job plan` before a submit and `job diff` of two jobs, on a real site with the demo's documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fateflow_tui.core.errors import BadDocument, BadRequest, JobNotFound, PartyRefused
from fateflow_tui.core.status import Status
from tests.contract.command_line import CommandLine
from tests.integration.clusters import RunningSite, standalone, three_sites, until

DEMO = Path(__file__).parents[2] / "demo"
MODEL = "arbiter-10001#guest-9999#host-10000#model"
PARTIES = ("guest:9999", "host:10000", "arbiter:10001")


def documents(iterations: int = 2) -> tuple[dict[str, Any], dict[str, Any]]:
    dsl = json.loads((DEMO / "hetero_lr_dsl.json").read_text())
    conf = json.loads((DEMO / "hetero_lr_conf.json").read_text())
    conf["component_parameters"]["common"]["hetero_lr_0"]["max_iter"] = iterations
    return dsl, conf


def upload(site: RunningSite) -> None:
    for role in ("guest", "host"):
        site.upload(f"breast_{role}", DEMO / "data" / f"{role}.csv", "demo")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with standalone(tmp_path_factory.mktemp("plan")) as running:
        upload(running)
        yield running


@pytest.fixture(scope="module")
def trained(site: RunningSite) -> list[str]:
    """Two jobs that differ in the number of iterations, the second one with reuse."""
    jobs = []
    for iterations in (2, 3):
        jobs.append(site.flow.submit(*documents(iterations), reuse=bool(jobs)).job_id)
        assert site.flow.wait(jobs[-1], 60).status is Status.SUCCESS, site.flow.job(jobs[-1]).cards
    return jobs


def test_a_plan_tells_what_each_party_would_do(site: RunningSite) -> None:
    count = len(site.flow.jobs(0))
    plan = site.flow.jobs.forecast(*documents())
    assert (plan.initiator, plan.job_type) == ("guest:9999", "train")
    assert plan.components == ["reader_0", "dataio_0", "intersection_0", "hetero_lr_0", "evaluation_0"]
    guest, host, arbiter = (next(one for one in plan.parties if one.party == party) for party in PARTIES)
    assert (guest.here, guest.cores, arbiter.cores) == (True, 4, 1)
    assert [task.component for task in arbiter.tasks] == ["hetero_lr_0", "evaluation_0"]
    assert guest.tasks[0].reads == ["demo.breast_guest"]
    assert guest.tasks[1].writes == ["dataio_0.data"]
    assert host.tasks[0].reads == ["demo.breast_host"]
    leaving = {(one.component, one.name): one.to for one in guest.leaves}
    assert leaving[("hetero_lr_0", "guest_gradient")] == ["arbiter:10001"]
    assert {name for name, _ in leaving} == {"intersection_0", "hetero_lr_0"}
    assert {one.name for one in arbiter.leaves} >= {"paillier_pubkey"}
    assert "paillier_pubkey" not in {one.name for one in (*guest.leaves, *host.leaves)}
    assert len(site.flow.jobs(0)) == count, "a plan has submitted a job"


def test_plan_shows_durations_from_history_and_reuse(site: RunningSite, trained: list[str]) -> None:
    def runs() -> int:
        return max(task.runs for task in site.flow.jobs.forecast(*documents(7)).parties[0].tasks)

    until(lambda: runs() == 2, "the second training is not in the history")  # which is kept for a moment
    plan = site.flow.jobs.forecast(*documents(7), reuse=True)
    assert plan.source in trained
    actions = {task.component: task.action for party in plan.parties for task in party.tasks}
    assert actions == {
        "reader_0": "reuse",
        "dataio_0": "reuse",
        "intersection_0": "reuse",
        "hetero_lr_0": "run",
        "evaluation_0": "run",
    }
    tasks = {(one.party, task.component): task for one in plan.parties for task in one.tasks}
    training = tasks[("guest:9999", "hetero_lr_0")]
    assert training.runs == 2
    assert training.expected > 0
    assert plan.expected >= training.expected
    assert plan.unknown == []
    assert {one.component for party in plan.parties for one in party.leaves} == {"hetero_lr_0"}


def test_plan_reports_obstacles_before_submission(site: RunningSite) -> None:
    dsl, conf = documents()
    conf["component_parameters"]["role"]["host"]["0"]["reader_0"]["table"]["name"] = "nothing"
    host = next(one for one in site.flow.jobs.forecast(dsl, conf).parties if one.party == "host:10000")
    assert "demo.nothing, which does not exist" in host.refusal
    del dsl["components"]["reader_0"]["module"]
    with pytest.raises(BadDocument):
        site.flow.jobs.forecast(dsl, conf)


def test_a_predict_job_is_planned(site: RunningSite, trained: list[str]) -> None:
    version = site.flow.models.deploy(MODEL, trained[0]).model_version
    conf = {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": 9999},
        "role": {"guest": [9999], "host": [10000], "arbiter": [10001]},
        "job_parameters": {
            "common": {
                "job_type": "predict",
                "model_id": MODEL,
                "model_version": version,
            }
        },
        "component_parameters": {
            "role": {
                role: {"0": {"reader_0": {"table": {"namespace": "demo", "name": f"breast_{role}"}}}}
                for role in ("guest", "host")
            }
        },
    }
    plan = site.flow.jobs.forecast({}, conf)
    assert (plan.job_type, plan.model_version) == ("predict", version)
    assert "hetero_lr_0" in plan.components
    assert all(party.refusal == "" for party in plan.parties)


def test_tables_of_other_sites_are_theirs(tmp_path: Path) -> None:
    with three_sites(tmp_path, PARTIES) as (guest, host, _):
        for one, role in ((guest, "guest"), (host, "host")):
            one.upload(f"breast_{role}", DEMO / "data" / f"{role}.csv", "demo")
        plan = guest.flow.jobs.forecast(*documents())
        own, theirs = (next(one for one in plan.parties if one.party == party) for party in PARTIES[:2])
        assert (own.here, own.tasks[0].reads, own.tasks[0].their_tables) == (True, ["demo.breast_guest"], 0)
        assert (theirs.here, theirs.tasks[0].reads, theirs.tasks[0].their_tables) == (False, [], 1)
        (tmp_path / "dsl.json").write_text(json.dumps(documents()[0]))
        (tmp_path / "conf.json").write_text(json.dumps(documents()[1]))
        said = CommandLine(guest.home, tmp_path)("job", "plan", "-d", "dsl.json", "-c", "conf.json").out
        assert "reads 1 table of its own" in said
        assert "breast_host" not in said


def test_other_sites_are_asked_whether_they_would_accept(tmp_path: Path) -> None:
    dsl, conf = documents()
    (tmp_path / "dsl.json").write_text(json.dumps(dsl))
    (tmp_path / "conf.json").write_text(json.dumps(conf))
    with three_sites(tmp_path, PARTIES) as (guest, host, arbiter):
        for one, role in ((guest, "guest"), (host, "host")):
            one.upload(f"breast_{role}", DEMO / "data" / f"{role}.csv", "demo")
        line = CommandLine(guest.home, tmp_path)
        words = ["job", "plan", "-d", "dsl.json", "-c", "conf.json", "--json"]

        def refusals() -> dict[str, str]:
            code = PartyRefused.exit_code if broken else 0
            return {one["party"]: one["refusal"] for one in line(*words, code=code).data["parties"] if one["refusal"]}

        broken = False
        assert refusals() == {}
        jobs = len(host.flow.jobs(0))
        broken = True
        host.flow.permissions.grant("guest:9999", components="Reader")
        assert "fateflow party grant guest:9999 --component" in refusals()["host:10000"]
        host.flow.permissions.forget("guest:9999")
        host.flow.parties.remove("arbiter:10001")
        assert refusals().keys() == {"host:10000"}
        assert "fateflow party add arbiter:10001 URL" in refusals()["host:10000"]
        with pytest.raises(PartyRefused) as caught:
            guest.flow.submit(dsl, conf)
        answer = caught.value.data["parties"]["host"]["10000"]
        assert "at the site of host:10000, run: fateflow party add arbiter:10001 URL" in answer["retmsg"]
        why = guest.flow.why(caught.value.data["job_id"]).why
        assert why is not None
        assert (why.cause, why.lacks) == ("route", {"route": ["arbiter:10001"]})
        host.flow.add_party("arbiter:10001", arbiter.url)
        assert "fateflow party trust arbiter:10001" in refusals()["host:10000"]
        host.flow.trust_party("arbiter:10001")
        arbiter.close()
        assert refusals().keys() == {"arbiter:10001"}
        assert len(host.flow.jobs(0)) - jobs == 1, "a plan leaves nothing at the parties"


def test_two_jobs_are_compared(site: RunningSite, trained: list[str], tmp_path: Path) -> None:
    found = site.flow.jobs.diff(*trained)
    assert (found.a.job_id, found.b.job_id) == tuple(trained)
    assert not found.same
    assert (found.dsl, found.conf) == ([], [])
    [change] = found.parameters.pop("hetero_lr_0")
    assert (change.path, change.old, change.new, change.party) == ("max_iter", 2, 3, "")
    assert found.parameters == {}
    auc = next(one for one in found.metrics if one.key == "auc")
    assert (auc.component, auc.party) == ("evaluation_0", "guest:9999")
    assert isinstance(auc.a, float)
    assert isinstance(auc.b, float)
    loss = next(one for one in found.metrics if one.component == "hetero_lr_0")
    assert loss.a != loss.b
    states = {one.component: (one.a, one.b) for one in found.components}
    assert states["reader_0"] == ("success", "reused")
    assert states["hetero_lr_0"] == ("success", "success")
    itself = site.flow.jobs.diff(trained[0], trained[0])
    assert itself.same
    with pytest.raises(JobNotFound):
        site.flow.jobs.diff(trained[0], "20260101")

    said = CommandLine(site.home, tmp_path)("job", "diff", *trained).out
    assert "~ max_iter: 2 → 3" in said
    assert "↻ reused" in said


def test_the_story_of_a_party_or_a_component(site: RunningSite, trained: list[str], tmp_path: Path) -> None:
    story = site.flow.story(trained[0], "hetero_lr_0", "guest:9999")
    assert story
    assert {(entry.component, entry.party) for entry in story} == {("hetero_lr_0", "guest:9999")}
    of_party = site.flow.story(trained[0], party="arbiter:10001")
    assert {entry.party for entry in of_party} == {"arbiter:10001"}
    said = CommandLine(site.home, tmp_path)("job", "story", trained[0], "-cpn", "hetero_lr_0", "--party", "guest:9999")
    assert "waiting → ▶ running" in said.out
    assert said.out.splitlines()[0].count("-") == 2, "the day stands above its entries"


def test_the_command_line_shows_both_plans(site: RunningSite, trained: list[str], tmp_path: Path) -> None:
    run = CommandLine(site.home, tmp_path)
    files = ("-d", str(DEMO / "hetero_lr_dsl.json"), "-c", str(DEMO / "hetero_lr_conf.json"))
    said = run("job", "plan", *files).out
    assert "guest:9999 (this site)  4 cores" in said
    assert "may send" in said
    assert run("job", "plan", *files, "--json").data["initiator"] == "guest:9999"
    assert "hetero_lr_0" in run("job", "plan", trained[0], "--force").out
    assert "JOB" in run("job", "plan", trained[0], *files, code=2).err
    assert "JOB" in run("job", "plan", code=2).err
    with pytest.raises(BadRequest):
        site.flow.request("job/diff", {"a": trained[0]})

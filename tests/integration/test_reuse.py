"""A job reuses exactly the identical results of an earlier one, at every party."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fateflow_tui.core.errors import JobNotFound
from fateflow_tui.core.status import Status
from tests.integration.clusters import RunningSite, fate_job, three_sites
from tests.integration.test_models import GUEST_TABLE, HOST_TABLE, deploy, predict, scores

ALL = ["reader_0", "dataio_0", "intersection_0", "hetero_lr_0", "evaluation_0"]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[list[RunningSite]]:
    with three_sites(tmp_path_factory.mktemp("sites")) as running:
        for site, name in zip(running, (GUEST_TABLE, HOST_TABLE), strict=False):
            site.upload(name, shared / "fate" / "data" / f"{name}.csv")
        yield running


@pytest.fixture(scope="module")
def first(sites: list[RunningSite], shared: Path) -> str:
    return run(sites[0], shared, reuse=False)


def run(site: RunningSite, shared: Path, *, reuse: str | bool, evaluation: Any = None, **lr: Any) -> str:
    dsl, conf = fate_job(shared, "hetero_lr_normal", {"max_iter": 3, **lr})
    if evaluation is not None:
        conf["component_parameters"]["common"]["evaluation_0"] = evaluation
    job = site.flow.submit(dsl, conf, reuse=reuse)
    line = site.flow.wait(job.job_id, timeout=100)
    assert line.status is Status.SUCCESS, site.flow.job(job.job_id).cards
    return job.job_id


def reused(site: RunningSite, job_id: str) -> dict[str, str]:
    return {view.name: view.reused_from for view in site.flow.job(job_id).components if view.reused_from}


def test_an_unchanged_job_takes_over_everything(sites: list[RunningSite], shared: Path, first: str) -> None:
    job_id = run(sites[0], shared, reuse=True)
    for site in sites:
        site.flow.wait(job_id, timeout=30)  # the other parties learn of the end after the driver
        found = reused(site, job_id)
        assert set(found.values()) == {first}
        assert set(found) <= set(ALL)
    assert list(reused(sites[0], job_id)) == ALL
    assert scores(sites[0], job_id).equals(scores(sites[0], first))
    assert sites[0].auc(job_id) == sites[0].auc(first)
    # Its model is one of its own, and as good.
    verified = sites[0].flow.request("model/verify", {"model_version": job_id}).data
    assert verified["ok"] is True
    version = deploy(sites[0], job_id)["model_version"]
    predicted = scores(sites[0], predict(sites[0], version))
    assert predicted["predict_score"].to_list() == pytest.approx(
        scores(sites[0], first)["predict_score"].to_list(), abs=1e-12
    )


def test_a_changed_component_runs_with_all_that_needs_it(sites: list[RunningSite], shared: Path, first: str) -> None:
    evaluated = run(sites[0], shared, reuse=first, evaluation={"eval_type": "binary", "unfold_multi_result": True})
    assert list(reused(sites[0], evaluated)) == ALL[:4]
    assert sites[0].auc(evaluated) == sites[0].auc(first)

    plan = sites[0].flow.jobs.reuse_plan(*fate_job(shared, "hetero_lr_normal", {"max_iter": 3, "alpha": 0.02}), first)
    assert (plan.source, plan.removed) == (first, [])
    assert [(step.component, step.action) for step in plan.components] == [
        *((name, "reuse") for name in ALL[:3]),
        *((name, "run") for name in ALL[3:]),
    ]
    trained = run(sites[0], shared, reuse=first, alpha=0.02)
    assert list(reused(sites[0], trained)) == ALL[:3]
    whole = run(sites[0], shared, reuse=False, alpha=0.02)
    assert reused(sites[0], whole) == {}
    assert scores(sites[0], trained)["predict_score"].to_list() == pytest.approx(
        scores(sites[0], whole)["predict_score"].to_list(), abs=1e-6
    )


def test_another_table_under_the_same_name_at_one_party_is_noticed(
    sites: list[RunningSite], shared: Path, first: str
) -> None:
    sites[1].upload(HOST_TABLE, shared / "fate" / "data" / f"{HOST_TABLE}.csv")
    job_id = run(sites[0], shared, reuse=first)
    assert reused(sites[0], job_id) == {}
    views = {view.name: view.version for view in sites[0].flow.job(job_id).components}
    assert views["reader_0"] == 1


def test_an_unknown_job_cannot_be_reused(sites: list[RunningSite], shared: Path) -> None:
    with pytest.raises(JobNotFound):
        sites[0].flow.submit(*fate_job(shared, "hetero_lr_normal"), reuse="20200101000000000000001")


def test_a_rerun_regenerates_outputs_deleted_at_any_party(sites: list[RunningSite], shared: Path) -> None:
    guest, host, _ = sites
    job_id = run(guest, shared, reuse=False, max_iter=2)
    host.flow.wait(job_id, timeout=30)  # the host learns of the end after the driver
    host.flow.jobs.clean(job_id, component="dataio_0")

    def rerun_from(component: str) -> dict[str, int]:
        guest.flow.jobs.rerun(job_id, components=[component])
        assert guest.flow.wait(job_id, timeout=100).status is Status.SUCCESS, guest.flow.why(job_id)
        return {view.name: view.version for view in guest.flow.job(job_id).components}

    once = rerun_from("intersection_0")  # the guest finds out from the host that it needs more
    assert once == {"reader_0": 0, **dict.fromkeys(ALL[1:], 1)}
    assert any("deleted at host:10000" in entry.text for entry in guest.flow.jobs.story(job_id))
    guest.flow.jobs.clean(job_id, component="intersection_0")
    plan = {step.component: step for step in guest.flow.jobs.plan(job_id, components=["hetero_lr_0"])}
    assert (plan["dataio_0"].action, plan["intersection_0"].action) == ("reuse", "run")
    assert plan["intersection_0"].why == "its outputs were deleted at guest:9999, and hetero_lr_0 needs them"
    assert rerun_from("hetero_lr_0") == {"reader_0": 0, "dataio_0": 1, **dict.fromkeys(ALL[2:], 2)}

"""The main job on one standalone site, as its users run it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fateflow_tui.core.status import Status
from tests.integration.clusters import RunningSite, fate_job, standalone


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[RunningSite]:
    with standalone(tmp_path_factory.mktemp("standalone")) as running:
        for name in ("breast_hetero_guest", "breast_hetero_host"):
            running.upload(name, shared / "fate" / "data" / f"{name}.csv")
        yield running


@pytest.mark.parametrize(("iterations", "auc"), [(3, 0.979520), (5, 0.975186)])
def test_training_auc_is_the_originals(site: RunningSite, shared: Path, iterations: int, auc: float) -> None:
    job = site.flow.submit(*fate_job(shared, "hetero_lr_normal", {"max_iter": iterations}))
    assert site.flow.wait(job.job_id, timeout=100).status is Status.SUCCESS
    assert site.auc(job.job_id) == pytest.approx(auc, abs=1e-4)


@pytest.mark.parametrize("name", ["hetero_lr_multi_host", "hetero_lr_cv", "hetero_lr_early_stop", "hetero_lr_validate"])
def test_example_job_runs(site: RunningSite, shared: Path, name: str) -> None:
    job = site.flow.submit(*fate_job(shared, name, {"max_iter": 4}))
    line = site.flow.wait(job.job_id, timeout=100)
    assert line.status is Status.SUCCESS, site.flow.job(job.job_id).cards

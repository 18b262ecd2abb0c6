"""The pipeline builder against a real site: train, inspect, deploy, predict, evaluate."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from fateflow_tui.core import errors
from fateflow_tui.core.status import Status
from fateflow_tui.sdk import FateFlow
from fateflow_tui.sdk.pipeline import Deployed, Pipeline, Run, RunFailed
from tests.integration.clusters import RunningSite, standalone

_DATA = Path(__file__).parents[2] / "demo" / "data"
_GUEST = {"namespace": "experiment", "name": "guest"}
_HOST = {"namespace": "experiment", "name": "host"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with standalone(tmp_path_factory.mktemp("site")) as running:
        for name in ("guest", "host"):
            running.upload(name, _DATA / f"{name}.csv")
        yield running


@pytest.fixture(scope="module")
def flow(site: RunningSite) -> FateFlow:
    return site.flow


def _pipeline(flow: FateFlow, **more: object) -> Pipeline:
    pipeline = Pipeline(guest=9999, host=[10000], arbiter=10001, client=flow)
    reader = pipeline.reader(guest=_GUEST, host=[_HOST])
    dataio = pipeline.add(
        "DataIO", data=reader.data, guest={"with_label": True, "label_name": "y"}, host={"with_label": False}
    )
    common = pipeline.add("Intersection", data=dataio.data)
    pipeline.add("HeteroLR", train_data=common.data, max_iter=3, init_param={"init_method": "zeros"}, **more)
    return pipeline


@pytest.fixture(scope="module")
def run(flow: FateFlow) -> Run:
    """A model that has been trained."""
    pipeline = _pipeline(flow)
    pipeline.add("Evaluation", data=pipeline.components["hetero_lr_0"].data, eval_type="binary")
    assert pipeline.check() == []
    seen: list[int] = []
    run = pipeline.fit(progress=lambda job: seen.append(job.progress), timeout=100)
    assert seen == sorted(seen)
    assert seen[-1] == 100
    return run


def test_outputs_of_a_run(run: Run) -> None:
    assert run.status is Status.SUCCESS
    assert 0.5 < dict(run.metrics("evaluation_0")["train"]["hetero_lr_0"].data)["auc"] <= 1
    frame = run.output_data("hetero_lr_0").to_polars()
    assert frame.height == run.output_data("intersection_0").to_polars().height > 0
    assert frame.columns[1:] == ["label", "predict_result", "predict_score", "predict_detail", "type"]
    assert frame.schema[frame.columns[0]] == pl.String
    assert frame["predict_score"].is_between(0, 1).all()
    assert run.output_data("hetero_lr_0", limit=3).to_polars().height == 3
    model = run.model("hetero_lr_0")
    assert model.module == "HeteroLR"
    assert len(model.param["weight"]) > 0
    assert run.model("hetero_lr_0", "host:10000").param["weight"].keys() != model.param["weight"].keys()
    assert any(line.component == "hetero_lr_0" for line in run.logs("hetero_lr_0"))
    assert run.summary("hetero_lr_0")
    with pytest.raises(errors.NotFound) as caught:
        run.metrics("hetero_lr")
    assert caught.value.hint == "did you mean hetero_lr_0?"
    assert Run.of_job(run.client, run.job_id).party == run.party


def test_metrics_are_followed_from_the_first_point_to_the_last(flow: FateFlow) -> None:
    run = _pipeline(flow).submit()
    points = list(flow.follow_metrics(run.job_id, "hetero_lr_0"))
    assert run.wait(timeout=60).status is Status.SUCCESS
    losses = [key for one in points if one.name == "loss" and one.party == "arbiter:10001" for key, _ in one.points]
    series = run.metrics("hetero_lr_0", "arbiter:10001")["train"]["loss"].data
    assert losses == [key for key, _ in series]
    assert len(losses) > 1
    of_arbiter = list(flow.follow_metrics(run.job_id, "hetero_lr_0", "arbiter:10001"))
    assert [one.name for one in of_arbiter].count("loss") == 1


def test_missing_pandas_is_reported(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(errors.BadRequest, match="pandas is not installed"):
        run.output_data("hetero_lr_0").to_pandas()


def test_a_deployed_model_predicts(run: Run) -> None:
    deployed = run.deploy()
    assert deployed.parent_version == run.job.model_version
    assert deployed.verify()
    assert deployed.readers == ["reader_0"]
    scored = deployed.predict(guest=_GUEST, host=_HOST, timeout=100)
    trained = run.output_data("hetero_lr_0").to_polars().sort("predict_score")
    frame = scored.output_data("hetero_lr_0").to_polars()
    assert frame["predict_score"].sort().to_list() == pytest.approx(trained["predict_score"].to_list())
    again = Deployed.of_version(run.client, deployed.model_version)
    assert (again.model_id, again.parent_version, again.dsl) == (
        deployed.model_id,
        deployed.parent_version,
        deployed.dsl,
    )
    with pytest.raises(errors.BadRequest, match="is not deployed"):
        Deployed.of_version(run.client, run.job.model_version)


def test_chosen_components_predict_and_are_evaluated(run: Run) -> None:
    deployed = run.deploy(["dataio_0", "intersection_0", "hetero_lr_0"])
    assert set(deployed.dsl["components"]) == {"reader_0", "dataio_0", "intersection_0", "hetero_lr_0"}
    scored = deployed.predict(guest=("experiment", "guest"), host=("experiment", "host"), evaluation={}, timeout=100)
    names = [component.name for component in scored.job.components]
    assert names[-1] == "evaluation_0"
    assert "auc" in dict(next(iter(scored.metrics("evaluation_0").values()))["hetero_lr_0"].data)


def test_a_failed_run_shows_the_cards_of_all_parties(flow: FateFlow) -> None:
    pipeline = Pipeline(guest=9999, host=10000, client=flow)
    reader = pipeline.reader(guest=_GUEST, host=_HOST)
    pipeline.add(
        "DataIO", data=reader.data, guest={"with_label": True, "label_name": "nope"}, host={"with_label": False}
    )
    with pytest.raises(RunFailed) as caught:
        pipeline.fit(timeout=60)
    text = caught.value.message
    assert "dataio_0 at guest:9999" in text
    assert "nope" in text
    assert {card.component for card in caught.value.cards} == {"dataio_0"}
    assert caught.value.data["status"] == "failed"


def test_a_wrong_parameter_is_refused_with_a_suggestion(flow: FateFlow) -> None:
    with pytest.raises(errors.BadDocument) as caught:
        _pipeline(flow, max_itre=3).submit()
    assert [problem["suggestion"] for problem in caught.value.data] == ["max_iter"]

"""Evaluation, against the figures that FATE computed from the same scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as reference

from fateflow_tui.components.evaluation import binary
from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.worker.testing import Given, Result, run_module
from tests.unit.component_tables import GUEST, HOST

ORIGIN = {"job_id": "j", "component": "hetero_lr_0"}


def scores(
    ids: list[str], labels: Any, predicted: Any, score: Any, kind: Any = "train", detail: list[str] | None = None
) -> Given:
    frame = pl.DataFrame({"id": ids}).with_columns(
        pl.Series("label", labels),
        pl.Series("predict_result", predicted),
        pl.Series("predict_score", score, dtype=pl.Float64),
        pl.Series("predict_detail", detail or ["{}"] * len(ids)),
        pl.Series("type", [kind] * len(ids) if isinstance(kind, str) else kind),
    )
    return Given(frame, kind="scores", label="label", origin=ORIGIN)


def random_scores(rows: int, kind: str = "train", seed: int = 0) -> Given:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, rows)
    score = np.clip(labels * 0.2 + generator.random(rows) * 0.8, 0, 1)
    return scores([str(n) for n in range(rows)], labels, (score > 0.5).astype(int), score, kind)


def evaluate(table: Given, **parameters: Any) -> Result:
    return run_module("Evaluation", {GUEST: {"parameters": parameters, "tables": {"data": [table]}}})[GUEST]


@pytest.fixture
def breast(shared: Path) -> Given:
    """The scores of FATE's model, made from its recorded weights."""
    total: Any = 0.0
    frames = {}
    for role, file in (("guest", "hetero_lr_0"), ("host", "host")):
        model = json.loads((shared / f"fate/wire/tracking_component_output_model_{file}.json").read_text())["data"]
        frame = pl.read_csv(shared / f"fate/data/breast_hetero_{role}.csv").sort("id")
        weights = np.array([model["weight"][name] for name in model["header"]])
        total = total + frame.select(model["header"]).to_numpy() @ weights + model["intercept"]
        frames[role] = frame
    score = 1 / (1 + np.exp(-total))
    ids = [str(one) for one in frames["guest"]["id"]]
    return scores(ids, frames["guest"]["y"], (score > 0.5).astype(int), score)


def test_metrics_are_those_of_fate(shared: Path, breast: Given) -> None:
    recorded = json.loads((shared / "fate/wire/tracking_component_metric_all_evaluation_0.json").read_text())["data"]
    assert evaluate(breast).metrics == recorded


def test_the_summary_is_that_of_fate(shared: Path, breast: Given) -> None:
    recorded = json.loads((shared / "fate/wire/tracking_component_summary_evaluation_0.json").read_text())["data"]
    summary = evaluate(breast).summary
    assert summary is not None
    assert summary["hetero_lr_0"]["train"] == pytest.approx(recorded["hetero_lr_0"]["train"], abs=1e-12)


def test_types_of_rows_are_namespaces_and_psi_compares_them() -> None:
    train, validate = random_scores(400), random_scores(300, "validate", seed=1)
    result = evaluate(Given(pl.concat([train.frame, validate.frame]), kind="scores", origin=ORIGIN))
    assert set(result.metrics) == {"train", "validate"}
    assert "hetero_lr_0_psi" not in result.metrics["train"]
    psi = result.metrics["validate"]["hetero_lr_0_psi"]["meta"]
    assert sum(psi["expected_interval"]) == 400
    # A score outside the range of the training scores is in no interval.
    assert 295 < sum(psi["actual_interval"]) <= 300
    assert len(psi["intervals"]) == len(psi["psi_scores"]) == len(psi["train_pos_perc"]) == 20
    assert psi["intervals"][0].endswith(")")
    assert psi["intervals"][-1].endswith("]")
    assert psi["total_psi"] == pytest.approx(sum(psi["psi_scores"]), abs=1e-4)
    assert 0 < psi["total_psi"] < 0.5


def test_psi_of_equal_sets_is_nothing() -> None:
    train, validate = random_scores(400), random_scores(400, "validate")
    result = evaluate(Given(pl.concat([train.frame, validate.frame]), kind="scores", origin=ORIGIN), metrics=["psi"])
    assert result.metrics["validate"]["hetero_lr_0_psi"]["meta"]["total_psi"] == 0


def test_auc_and_ks_can_be_had_alone() -> None:
    frame = random_scores(1000).frame
    labels, score = frame["label"].to_numpy(), frame["predict_score"].to_numpy()
    fpr, tpr, _ = reference.roc_curve(labels, score)
    assert binary.auc(labels, score) == pytest.approx(reference.roc_auc_score(labels, score))
    assert 0 <= (tpr - fpr).max() - binary.ks(labels, score) < 0.01
    result = evaluate(random_scores(1000), metrics=["auc"])
    assert list(result.metrics["train"]) == ["hetero_lr_0"]


def test_small_sets_with_equal_scores_can_be_evaluated() -> None:
    result = evaluate(scores(["a", "b", "c"], [1, 0, 1], [1, 1, 1], [0.5, 0.5, 0.5]))
    assert dict(result.metrics["train"]["hetero_lr_0"]["data"]) == {"auc": 0.5, "ks": 0.0}
    assert result.metrics["train"]["hetero_lr_0_roc"]["data"][-1] == [1.0, 1.0]


def test_the_positive_label_may_be_any_word() -> None:
    words = evaluate(scores(["a", "b", "c"], ["yes", "no", "yes"], ["yes"] * 3, [0.9, 0.1, 0.8]), pos_label="yes")
    assert dict(words.metrics["train"]["hetero_lr_0"]["data"])["auc"] == 1.0
    minus = evaluate(scores(["a", "b", "c"], [1, -1, 1], [1, 1, 1], [0.9, 0.1, 0.8]))
    assert dict(minus.metrics["train"]["hetero_lr_0"]["data"])["auc"] == 1.0


def test_rows_of_one_class_and_rows_without_labels_are_left_out() -> None:
    one_class = evaluate(scores(["a", "b"], [1, 1], [1, 1], [0.9, 0.8]))
    assert one_class.metrics == {}
    assert one_class.summary is None
    no_label = evaluate(scores(["a", "b"], pl.Series([None, None], dtype=pl.Int64), [1, 1], [0.9, 0.8], "predict"))
    assert no_label.metrics == {}


def test_a_party_without_labels_gets_no_input_and_succeeds() -> None:
    results = run_module("Evaluation", {GUEST: {"tables": {"data": [random_scores(50)]}}, HOST: {}})
    assert results[GUEST].metrics
    assert results[HOST].metrics == {}
    assert results[HOST].tables == {}


def test_several_inputs_are_named_after_their_components() -> None:
    first, second = random_scores(50), random_scores(50, seed=3)
    second.facts["origin"] = {"job_id": "j", "component": "local_baseline_0"}
    result = run_module("Evaluation", {GUEST: {"tables": {"data": [first, second]}}})[GUEST]
    assert result.summary is not None
    assert set(result.summary) == {"hetero_lr_0", "local_baseline_0"}
    assert {"hetero_lr_0_roc", "local_baseline_0_roc"} <= set(result.metrics["train"])


def test_several_classes() -> None:
    labels, predicted = [0, 1, 3, 3, 0, 1], [0, 3, 3, 3, 1, 1]
    ids = [str(n) for n in range(6)]
    detail = [json.dumps({str(one): 0.8 if one == p else 0.1 for one in (0, 1, 3)}) for p in predicted]
    result = evaluate(
        scores(ids, labels, predicted, [0.8] * 6, detail=detail), eval_type="multi", unfold_multi_result=True
    )
    train = result.metrics["train"]
    precision = reference.precision_score(labels, predicted, average=None, zero_division=0)
    assert train["hetero_lr_0_precision"]["data"] == [
        [0, pytest.approx(precision[0], abs=1e-6)],
        [1, pytest.approx(precision[1], abs=1e-6)],
        [2, 0.0],
        [3, pytest.approx(precision[2], abs=1e-6)],
    ]
    assert train["hetero_lr_0_precision"]["meta"]["metric_type"] == "PRECISION_MULTI_EVALUATION"
    assert dict(train["hetero_lr_0"]["data"])["accuracy"] == pytest.approx(4 / 6, abs=1e-6)
    assert dict(train["hetero_lr_0_class_3"]["data"])["auc"] == pytest.approx(
        reference.roc_auc_score([label == 3 for label in labels], [0.8 if p == 3 else 0.1 for p in predicted])
    )


def test_numbers() -> None:
    result = evaluate(scores(["a", "b", "c"], [1.0, 2.0, 4.0], [0, 0, 0], [1.0, 2.5, 3.0]), eval_type="regression")
    points = dict(result.metrics["train"]["hetero_lr_0"]["data"])
    assert points["mean_absolute_error"] == 0.5
    assert points["root_mean_squared_error"] == pytest.approx((1.25 / 3) ** 0.5, abs=1e-6)
    assert points["r2_score"] == pytest.approx(reference.r2_score([1, 2, 4], [1, 2.5, 3]), abs=1e-6)
    assert len(points) == 6


def test_only_predictions_can_be_evaluated() -> None:
    with pytest.raises(ComponentFailed, match="evaluates predictions"):
        evaluate(Given(pl.DataFrame({"id": ["a"], "x": [1.0]})))

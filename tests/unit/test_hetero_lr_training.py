"""HeteroLR between several parties: the results equal those of training on the joined table."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from fateflow_tui.core.errors import ComponentFailed
from tests.unit.hetero_lr_parties import ARBITER, GUEST, HOSTS, in_the_open, predict, split, train, weights_of

HOST = HOSTS[0]


@pytest.mark.parametrize(
    ("optimizer", "penalty", "batch_size"),
    [
        ("rmsprop", "L2", -1),
        ("sgd", None, 20),
        ("adam", "L1", 25),
        ("adagrad", "L2", 30),
        ("nesterov_momentum_sgd", "L1", -1),
    ],
)
def test_weights_and_loss_are_those_of_the_joined_table(optimizer: str, penalty: str | None, batch_size: int) -> None:
    frames = split()
    results = train(frames, {"optimizer": optimizer, "penalty": penalty, "batch_size": batch_size})
    size = 60 if batch_size == -1 else batch_size
    batches = [slice(start, min(start + size, 60)) for start in range(0, 60, size)]
    weights, losses = in_the_open(frames, batches, 3, optimizer, penalty)
    for party, wanted in weights.items():
        np.testing.assert_allclose(weights_of(results[party]), wanted, atol=1e-5)
    loss = results[ARBITER].metrics["train"]["loss"]
    np.testing.assert_allclose([value for _, value in loss["data"]], losses, atol=1e-5)
    assert [key for key, _ in loss["data"]] == [0, 1, 2]
    assert loss["meta"] == {"curve_name": "loss", "metric_type": "LOSS", "name": "train", "unit_name": "iters"}


def test_two_hosts() -> None:
    frames = split(hosts=2)
    results = train(frames, {"early_stop": "weight_diff", "tol": 1e-9})
    weights, _ = in_the_open(frames, [slice(60)], 3, "rmsprop", "L2")
    for party, wanted in weights.items():
        np.testing.assert_allclose(weights_of(results[party]), wanted, atol=1e-5)
    assert results[ARBITER].metrics == {}


def test_two_hosts_have_no_loss_to_stop_by() -> None:
    with pytest.raises(ComponentFailed, match=r"early_stop 'diff'.*2 hosts"):
        train(split(hosts=2), {})


def test_no_columns_but_the_intercept_differ_without_one() -> None:
    results = train(split(), {"init_param": {"init_method": "ones", "fit_intercept": False}, "max_iter": 1})
    guest = results[GUEST].model
    assert guest is not None
    assert guest.parameters["intercept"] == 0
    assert guest.meta["fitIntercept"] is False


@pytest.mark.parametrize(("early_stop", "tol"), [("diff", 0.5), ("weight_diff", 5.0), ("abs", 0.7)])
def test_training_stops_at_all_parties_when_it_has_converged(early_stop: str, tol: float) -> None:
    results = train(split(), {"early_stop": early_stop, "tol": tol, "max_iter": 20})
    iterations = {results[party].model.parameters["iters"] for party in (GUEST, HOST)}  # type: ignore[union-attr]
    assert len(iterations) == 1
    assert iterations.pop() < 20
    for party in (GUEST, HOST, ARBITER):
        summary = results[party].summary
        assert summary is not None
        assert summary["is_converged"] is True
        assert results[party].progress[-1] == (20, 20)


def test_only_the_guest_writes_scores() -> None:
    results = train(split(), {})
    assert results[HOST].tables == results[ARBITER].tables == {}
    assert results[ARBITER].model is None
    assert results[GUEST].metas["0"].kind == "scores"
    assert results[GUEST].metas["0"].label == "label"
    assert results[GUEST].tables["0"]["type"].unique().to_list() == ["train"]


def test_prediction_with_the_stored_models_gives_the_same_scores() -> None:
    frames = split()
    trained = train(frames, {"max_iter": 2})
    models = {party: trained[party].model for party in frames}
    turned = {party: frame.select("id", *reversed(frame.columns[1:])).reverse() for party, frame in frames.items()}
    scored = predict(turned, models)[GUEST].tables["0"]
    assert scored["type"].unique().to_list() == ["predict"]
    wanted = trained[GUEST].tables["0"].reverse()
    assert scored["id"].to_list() == wanted["id"].to_list()
    np.testing.assert_allclose(scored["predict_score"], wanted["predict_score"], rtol=1e-12)


def test_prediction_needs_no_label() -> None:
    frames = split()
    trained = train(frames, {"max_iter": 1})
    frames[GUEST] = frames[GUEST].drop("y")
    scored = predict(frames, {party: trained[party].model for party in frames})[GUEST].tables["0"]
    assert scored["label"].null_count() == 60


def test_prediction_needs_the_columns_of_the_model() -> None:
    frames = split()
    trained = train(frames, {"max_iter": 1})
    models = {party: trained[party].model for party in frames}
    frames[HOST] = frames[HOST].drop("q")
    with pytest.raises(ComponentFailed, match="test_data of host:10000 lacks columns that the model was trained on: q"):
        predict(frames, models)


def test_several_classes_are_trained_one_vs_rest() -> None:
    frames = split(rows=90, classes=3)
    results = train(frames, {"optimizer": "adam", "max_iter": 6})
    model = results[GUEST].model
    assert model is not None
    assert model.parameters["needOneVsRest"] is True
    assert model.parameters["oneVsRestResult"]["oneVsRestClasses"] == ["0", "1", "2"]
    scored = results[GUEST].tables["0"]
    assert (scored["label"] == scored["predict_result"]).mean() > 0.55
    again = predict(frames, {party: results[party].model for party in frames})[GUEST].tables["0"]
    assert again["predict_result"].to_list() == scored["predict_result"].to_list()
    np.testing.assert_allclose(again["predict_score"], scored["predict_score"], rtol=1e-12)
    assert sorted(results[ARBITER].metrics["train"]) == ["loss.class_0", "loss.class_1", "loss.class_2"]


def test_validation_is_recorded_and_stops_early() -> None:
    frames, validate = split(), split(rows=40, seed=7)
    rounds = {"validation_freqs": 1, "early_stopping_rounds": 2, "use_first_metric_only": True}
    results = train(frames, {"max_iter": 30, "tol": 1e-9, "learning_rate": 0.5} | rounds, validate=validate)
    guest = results[GUEST]
    assert guest.model is not None
    assert guest.summary is not None
    iterations, best = guest.model.parameters["iters"], guest.model.parameters["bestIteration"]
    assert 0 <= best < iterations < 30
    history = guest.summary["validation_metrics"]
    assert len(history["validate"]["auc"]) == len(history["train"]["ks"]) == iterations
    assert history["validate"]["auc"][best] == max(history["validate"]["auc"])
    last = dict(guest.metrics["validate"][f"iteration_{iterations - 1}"]["data"])
    assert last["auc"] == history["validate"]["auc"][-1]
    for party in (HOST, ARBITER):
        summary = results[party].summary
        assert summary is not None
        assert summary["best_iteration"] == best
    scored = guest.tables["0"]
    assert scored["type"].value_counts(sort=True).rows() == [("train", 60), ("validate", 40)]
    assert auc(scored.filter(pl.col("type") == "validate")) == pytest.approx(history["validate"]["auc"][best], abs=1e-6)


def test_cross_validation_outputs_metrics_and_predictions_but_no_model() -> None:
    cv = {"need_cv": True, "n_splits": 3, "random_seed": 4}
    results = train(split(), {"cv_param": cv, "max_iter": 2})
    assert all(results[party].model is None for party in results)
    guest = results[GUEST]
    assert list(guest.metrics["train"]) == list(guest.metrics["validate"]) == ["fold_0", "fold_1", "fold_2"]
    assert sorted(results[ARBITER].metrics["train"]) == ["loss.fold_0", "loss.fold_1", "loss.fold_2"]
    scored = guest.tables["0"]
    assert scored.height == 3 * 60
    held_out = scored.filter(pl.col("type") == "validate")
    assert sorted(name.split("#")[0] for name in held_out["id"]) == sorted(split()[GUEST]["id"])
    fold = held_out.filter(pl.col("id").str.contains("#fold1#validate"))
    assert dict(guest.metrics["validate"]["fold_1"]["data"])["auc"] == pytest.approx(auc(fold), abs=1e-6)
    assert results[HOST].tables == {}
    assert guest.progress[-1] == (6, 6)


def test_cross_validation_can_keep_the_rows_of_the_folds() -> None:
    cv = {"need_cv": True, "n_splits": 2, "history_value_type": "instance"}
    results = train(split(), {"cv_param": cv, "max_iter": 1})
    guest, host = results[GUEST].tables["0"], results[HOST].tables["0"]
    assert guest["id"].to_list() == host["id"].to_list()
    assert guest.columns == ["id", "y", "a", "b", "c"]
    assert host.columns == ["id", "p", "q"]
    assert results[GUEST].metas["0"].kind == "instances"


def test_misaligned_rows_are_detected_before_training() -> None:
    frames = split()
    frames[HOST] = frames[HOST].reverse()
    results = train(frames, {}, check=False)
    assert "same ids in the same order" in str(results[HOST].error)
    assert results[GUEST].tables == {}


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pl.lit(None, pl.Float64), "missing or infinite values in q"),
        (pl.lit("x"), "not numeric: q"),
        (pl.lit(1e30), "columns q at host:10000 have absolute values"),
    ],
)
def test_invalid_columns_are_rejected(column: pl.Expr, message: str) -> None:
    frames = split()
    frames[HOST] = frames[HOST].with_columns(column.alias("q"))
    assert message in str(train(frames, {}, check=False)[HOST].error)


@pytest.mark.parametrize(
    ("label", "message"),
    [(pl.lit(1), "training needs two classes"), (pl.lit(0.5), "must be an integer"), (None, "has no label")],
)
def test_invalid_labels_are_rejected(label: pl.Expr | None, message: str) -> None:
    frames = split()
    guest = frames[GUEST]
    frames[GUEST] = guest.drop("y") if label is None else guest.with_columns(label.alias("y"))
    assert message in str(train(frames, {}, check=False)[GUEST].error)


def test_diverging_scores_fail_the_training() -> None:
    results = train(split(), {"optimizer": "sgd", "learning_rate": 1e12, "max_iter": 5}, check=False)
    assert any("diverged" in str(result.error) for result in results.values())


def auc(scored: pl.DataFrame) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(scored["label"], scored["predict_score"]))

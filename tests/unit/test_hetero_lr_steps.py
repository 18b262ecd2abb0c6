"""The decisions and formulas of HeteroLR that need no other party."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from fateflow_tui.components.hetero_lr import validation
from fateflow_tui.components.hetero_lr.folds import sets, split
from fateflow_tui.components.hetero_lr.optimization import OPTIMIZERS, Penalty, Weights, convergence_rule, initial
from fateflow_tui.components.hetero_lr.parameters import CrossValidationParam, HeteroLogisticParam, InitParam
from fateflow_tui.components.hetero_lr.rows import Rows, score_table, sigmoid
from fateflow_tui.components.hetero_lr.tasks import Mode, choose_mode, flows
from fateflow_tui.components.hetero_lr.training import batch_sizes
from fateflow_tui.components.hetero_lr.validation import Improvement
from fateflow_tui.core.errors import ComponentFailed


def steps(name: str, gradients: list[float]) -> list[float]:
    optimizer = OPTIMIZERS[name](0.1, 0.0, True)
    return [float(optimizer.step(np.array([gradient]), number)[0]) for number, gradient in enumerate(gradients)]


def test_sgd() -> None:
    assert steps("sgd", [2.0, -1.0]) == pytest.approx([0.2, -0.1])


def test_rmsprop() -> None:
    squares = (0.01 * 4, 0.99 * 0.01 * 4 + 0.01)
    assert steps("rmsprop", [2.0, -1.0]) == pytest.approx(
        [0.2 / math.sqrt(squares[0] + 1e-6), -0.1 / math.sqrt(squares[1] + 1e-6)]
    )


def test_adagrad() -> None:
    assert steps("adagrad", [2.0, -1.0]) == pytest.approx([0.2 / (2 + 1e-7), -0.1 / (math.sqrt(5) + 1e-7)])


def test_adam() -> None:
    second_mean = (0.9 * 0.2 - 0.1) / (1 - 0.9**2)
    second_squares = (0.999 * 0.004 + 0.001) / (1 - 0.999**2)
    assert steps("adam", [2.0, -1.0]) == pytest.approx([0.1, 0.1 * second_mean / math.sqrt(second_squares)])


def test_nesterov() -> None:
    first = -0.1 * 2
    second = 0.9 * first + 0.1
    assert steps("nesterov_momentum_sgd", [2.0, -1.0]) == pytest.approx([-1.9 * first, 0.9 * first - 1.9 * second])


def test_the_step_size_falls() -> None:
    assert OPTIMIZERS["sgd"](0.6, 1, True).rate(3) == pytest.approx(0.3)
    assert OPTIMIZERS["sgd"](0.6, 1, False).rate(2) == pytest.approx(0.2)


def test_initial_weights() -> None:
    assert initial(InitParam(init_method="zeros"), 2, True).vector.tolist() == [0, 0, 0]
    assert initial(InitParam(init_method="ones"), 2, False).vector.tolist() == [1, 1]
    assert initial(InitParam(init_method="const", init_const=3), 1, True).vector.tolist() == [3, 3]
    for method in ("random_uniform", "random_normal"):
        seeded = InitParam(init_method=method, random_seed=4)
        assert initial(seeded, 5, True).vector.tolist() == initial(seeded, 5, True).vector.tolist()
        free = InitParam(init_method=method)
        assert initial(free, 5, True).vector.tolist() != initial(free, 5, True).vector.tolist()


def test_penalties_do_not_apply_to_the_intercept() -> None:
    weights = Weights(np.array([3.0, -4.0, 100.0]), has_intercept=True)
    ridge = Penalty(HeteroLogisticParam(penalty="L2", alpha=0.5))
    assert ridge.loss(weights) == pytest.approx(0.25 * 25)
    assert ridge.gradient(weights).tolist() == [1.5, -2.0, 0.0]
    assert ridge.soft_threshold(weights, 0) is weights
    lasso = Penalty(HeteroLogisticParam(penalty="L1", alpha=0.5, learning_rate=7))
    assert lasso.loss(weights) == pytest.approx(3.5)
    assert lasso.gradient(weights).tolist() == [0, 0, 0]
    assert lasso.soft_threshold(weights, 0).vector.tolist() == [0, -0.5, 100]
    assert lasso.soft_threshold(weights, 3).vector.tolist() == [1.25, -2.25, 100]
    nothing = Penalty(HeteroLogisticParam(penalty=None))
    assert nothing.loss(weights) == 0
    assert nothing.soft_threshold(weights, 0) is weights


def test_weights_give_the_share_of_the_score() -> None:
    features = np.array([[1.0, 2.0], [0.0, -1.0]])
    assert Weights(np.array([1.0, 10.0, 0.5]), has_intercept=True).forward(features).tolist() == [21.5, -9.5]
    assert Weights(np.array([1.0, 10.0]), has_intercept=False).forward(features).tolist() == [21.0, -10.0]


def test_convergence() -> None:
    diff = convergence_rule("diff", 0.1)
    assert [diff.reached(loss, 0, 0) for loss in (1.0, 0.5, 0.45)] == [False, False, True]
    below = convergence_rule("abs", 0.1)
    assert [below.reached(loss, 0, 0) for loss in (0.2, 0.1)] == [False, True]
    weights = convergence_rule("weight_diff", 0.1)
    assert [weights.reached(None, 0.15, norm) for norm in (0.5, 1.4, 1.6)] == [False, False, True]


@pytest.mark.parametrize(
    ("rows", "wanted", "sizes"),
    [
        (569, -1, [569]),
        (30, 100, [30]),
        (30, 10, [10, 10, 10]),
        (35, 10, [10, 10, 15]),
        (30, 20, [20, 10]),
    ],
)
def test_no_batch_is_so_small_that_its_sums_tell_of_single_rows(rows: int, wanted: int, sizes: list[int]) -> None:
    assert batch_sizes(rows, wanted) == sizes


def test_work_by_inputs() -> None:
    plain, folds = HeteroLogisticParam(), HeteroLogisticParam(cv_param=CrossValidationParam(need_cv=True))
    assert choose_mode(["train_data"], plain, "lr") is Mode.TRAIN
    assert choose_mode(["train_data", "eval_data"], plain, "lr") is Mode.TRAIN
    assert choose_mode(["train_data"], folds, "lr") is Mode.CROSS_VALIDATE
    assert choose_mode(["test_data"], folds, "lr") is Mode.PREDICT
    assert choose_mode(["eval_data"], plain, "lr") is Mode.PREDICT


@pytest.mark.parametrize(
    ("keys", "parameters", "message"),
    [
        ([], {}, "has no data|it has no data"),
        (["data"], {}, "it has data"),
        (["train_data", "test_data"], {}, "in a separate component"),
        (["train_data"], {"optimizer": "sqn"}, "sqn"),
        (["train_data"], {"stepwise_param": {"need_stepwise": True}}, "stepwise"),
        (["train_data", "validate_data"], {"cv_param": {"need_cv": True}}, "only input can be train_data"),
        (["train_data"], {"validation_freqs": 1, "early_stopping_rounds": 1}, "no validate_data"),
    ],
)
def test_work_that_is_refused(keys: list[str], parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ComponentFailed, match=message):
        choose_mode(keys, HeteroLogisticParam.model_validate(parameters), "lr")


def test_flows() -> None:
    assert flows("", 0) == [""]
    assert flows("fold_1", 2) == ["fold_1.class_0", "fold_1.class_1"]


def test_folds_hold_out_each_row_once() -> None:
    for cv in (CrossValidationParam(n_splits=3, shuffle=False), CrossValidationParam(n_splits=3, random_seed=9)):
        held_out = list(split(20, cv))
        assert sorted(np.concatenate(held_out).tolist()) == list(range(20))
        assert [part.tolist() for part in split(20, cv)] == [part.tolist() for part in held_out]
    with pytest.raises(ComponentFailed, match="n_splits = 3"):
        list(split(2, CrossValidationParam(n_splits=3)))


def rows(labels: list[int] | None = None) -> Rows:
    return Rows(
        "id",
        ["a"],
        pl.Series(["r1", "r2", "r3"]),
        np.array([[1.0], [2.0], [3.0]]),
        "y" if labels else "",
        np.array(labels) if labels else None,
    )


def test_a_fold_keeps_rows_ids_and_labels_together() -> None:
    parts = sets(rows([0, 1, 0]), np.array([1]))
    assert parts["train"].ids.to_list() == ["r1", "r3"]
    assert parts["train"].labels is not None
    assert parts["train"].labels.tolist() == [0, 0]
    assert parts["validate"].features.tolist() == [[2.0]]


def test_a_digest_depends_on_order_boundaries_and_job() -> None:
    digest = rows().digest("job")
    assert digest == rows().digest("job")
    assert digest != rows().digest("other")
    assert digest != rows().take(np.array([1, 0, 2])).digest("job")
    shifted = Rows("id", ["a"], pl.Series(["r1r", "2", "r3"]), np.ones((3, 1)))
    assert digest != shifted.digest("job")


def test_sigmoid_does_not_overflow() -> None:
    assert sigmoid(np.array([-1e9, 0.0, 1e9])).tolist() == [0.0, 0.5, 1.0]


def test_the_table_of_predictions() -> None:
    frame = score_table(rows([0, 1, 1]), np.array([0.25, 0.5, 0.75]), [0, 1], 0.5, "train")
    assert frame.columns == ["id", "label", "predict_result", "predict_score", "predict_detail", "type"]
    assert frame.row(0) == ("r1", 0, 0, 0.25, '{"0":0.75,"1":0.25}', "train")
    assert frame["predict_result"].to_list() == [0, 0, 1]
    unlabelled = score_table(rows(), np.array([0.25, 0.5, 0.75]), [0, 1], 0.5, "predict")
    assert unlabelled["label"].to_list() == [None, None, None]
    several = score_table(
        rows([3, 7, 9]), np.array([[0.1, 0.2, 0.3], [0.9, 0.1, 0.1], [0.2, 0.6, 0.1]]), [3, 7, 9], 0.5, "train"
    )
    assert several["predict_result"].to_list() == [9, 3, 7]
    assert several["predict_score"].to_list() == [0.3, 0.9, 0.6]
    assert several["predict_detail"][0] == '{"3":0.1,"7":0.2,"9":0.3}'


def test_selected_metrics() -> None:
    labels, scores = np.array([-1.0, -1.0, 1.0, 1.0]), np.array([0.1, 0.6, 0.4, 0.9])
    assert validation.two_classes(["auc"], labels, scores) == {"auc": 0.75}
    assert set(validation.two_classes([], labels, scores)) == {"auc", "ks"}
    assert validation.two_classes(None, np.ones(4), scores) == {}
    found = validation.several_classes(["acc"], np.array([1, 2, 3]), np.array([1, 2, 2]))
    assert found == {"accuracy": pytest.approx(2 / 3, abs=1e-6)}


def test_improvement_counts_evaluations_without_a_new_best() -> None:
    progress = Improvement()
    seen = []
    for metrics in ({"auc": 0.5, "ks": 0.1}, {"auc": 0.6, "ks": 0.1}, {"auc": 0.7, "ks": 0.2}, {"auc": 0.6, "ks": 0.3}):
        progress.add(metrics)
        seen.append((progress.improved, progress.idle))
    assert seen == [(True, 0), (False, 1), (True, 0), (False, 1)]

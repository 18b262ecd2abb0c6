"""Series of metrics become curves, scores and charts."""

from __future__ import annotations

from fateflow_tui.sdk.types import Series
from fateflow_tui.views.charts import Chart
from fateflow_tui.views.metrics import USUAL_KINDS, Metrics, TaskMetrics, charts, highlights, read_metrics


def _series(kind: str, points: list[list[object]], **meta: object) -> Series:
    return Series(points, {"metric_type": kind, **meta})


def _read(component: str, party: str, series: dict[str, dict[str, Series]]) -> Metrics:
    return read_metrics([TaskMetrics(component, party, series)])


def _names(chart: Chart) -> list[str]:
    return [line.name for line in chart.lines if not line.guide]


_LINE: list[list[object]] = [[0, 0], [1, 1]]
_EVALUATION = {
    "train": {
        "lr": _series("EVALUATION_SUMMARY", [["auc", 0.9], ["ks", 0.8]]),
        "lr_roc": _series("ROC_EVALUATION", _LINE, curve_name="lr"),
        "lr_ks_tpr": _series("KS_EVALUATION", _LINE, curve_name="lr_tpr", pair_type="lr"),
        "lr_ks_fpr": _series("KS_EVALUATION", _LINE, curve_name="lr_fpr", pair_type="lr"),
        "lr_lift": _series("LIFT_EVALUATION", [[0, 2], [1, 1]]),
        "lr_confusion_mat": _series("CONFUSION_MAT", [], tp=[1]),
    },
    "validate": {"lr_roc": _series("ROC_EVALUATION", _LINE, curve_name="lr")},
}
_LOSS = {"train": {"loss": _series("LOSS", [[0, 0.7], [1, 0.5]], unit_name="iters")}}
_JOB = read_metrics([TaskMetrics("evaluation_0", "guest:1", _EVALUATION), TaskMetrics("lr_0", "arbiter:2", _LOSS)])


def test_curves_are_put_into_charts() -> None:
    drawn = charts(_JOB, kinds=USUAL_KINDS)
    assert [(chart.title, chart.where) for chart in drawn] == [
        ("loss", "lr_0 at arbiter:2, train"),
        ("ROC", "evaluation_0 at guest:1"),
        ("KS of lr", "evaluation_0 at guest:1, train"),
    ]
    assert [(chart.note, chart.across) for chart in drawn] == [
        ("0.5 at 1", "iters"),
        ("auc 0.9 (train)", "false positive rate"),
        ("ks 0.8", "share of the highest scores"),
    ]
    assert _names(drawn[1]) == ["lr (train)", "lr (validate)"]
    assert [line.points for line in drawn[1].lines if line.guide] == [((0.0, 0.0), (1.0, 1.0))]
    assert _names(drawn[2]) == ["tpr", "fpr"]


def test_other_curves_are_drawn_when_they_are_named_or_all_kinds_are() -> None:
    [lift] = charts(_JOB, "lift", USUAL_KINDS)
    assert (lift.title, lift.where) == ("lift", "evaluation_0 at guest:1, train")
    assert charts(_JOB, "confusion") == []
    assert [chart.title for chart in charts(_JOB)] == ["loss", "ROC", "KS of lr", "lift"]


def test_charts_come_in_the_order_in_which_they_are_read() -> None:
    kinds = ("GAIN_EVALUATION", "RECALL_BINARY_EVALUATION", "KS_EVALUATION", "ROC_EVALUATION", "GRADIENT", "LOSS")
    metrics = _read("a", "guest:1", {"train": {f"x{i}": _series(kind, _LINE) for i, kind in enumerate(kinds)}})
    assert [chart.title for chart in charts(metrics)] == ["loss", "gradient", "ROC", "KS", "recall", "gain"]


def test_series_without_types_are_recognised_by_their_names() -> None:
    names = ("lr_roc", "lr_ks_fpr", "lr_ks_tpr", "lr_accuracy", "lr_precision", "lr_recall", "lr_lift", "lr_gain")
    summary = _series("EVALUATION_SUMMARY", [["auc", 0.9], ["ks", 0.8]])
    metrics = _read(
        "evaluation_0", "guest:9999", {"train": {"lr": summary, **{name: Series(list(_LINE)) for name in names}}}
    )
    drawn = charts(metrics)
    assert [(chart.title, chart.note) for chart in drawn] == [
        ("ROC", "auc 0.9"),
        ("KS of lr", "ks 0.8"),
        ("accuracy", ""),
        ("precision", ""),
        ("recall", ""),
        ("lift", ""),
        ("gain", ""),
    ]
    assert _names(drawn[1]) == ["fpr", "tpr"]


def test_the_rates_of_models_are_apart_but_their_data_sets_together() -> None:
    pairs = [(model, f"{model}_ks_{rate}") for model in ("a", "b") for rate in ("fpr", "tpr")]
    series = {name: _series("KS_EVALUATION", _LINE, pair_type=model) for model, name in pairs}
    first, second = charts(_read("e", "guest:1", {"train": series, "validate": series}))
    assert (first.title, second.title) == ("KS of a", "KS of b")
    assert _names(first) == ["fpr (train)", "tpr (train)", "fpr (validate)", "tpr (validate)"]


def test_figures_belong_to_the_models_of_their_chart() -> None:
    series = {
        name: series
        for model, ks in (("a", 0.5), ("b", 0.75))
        for name, series in (
            (model, _series("EVALUATION_SUMMARY", [["auc", 0.9], ["ks", ks]])),
            (f"{model}_ks_fpr", _series("KS_EVALUATION", _LINE, pair_type=model)),
            (f"{model}_roc", _series("ROC_EVALUATION", _LINE, curve_name=model)),
        )
    }
    drawn = charts(_read("e", "guest:1", {"train": series}))
    assert [chart.note for chart in drawn] == ["auc 0.9 (a)  auc 0.9 (b)", "ks 0.5", "ks 0.75"]
    both = charts(_read("e", "guest:1", {"train": series, "validate": series}), "roc")
    assert [chart.note for chart in both] == [""]  # four would be too many


def test_a_single_point_is_a_score_unless_training_has_just_begun() -> None:
    series = {
        "loss": _series("LOSS", [[0, 0.7]]),
        "gradient": _series("GRADIENT", [[0, 2.5]], unit_name="iters"),
        "rows": _series("ROWS", [[0, 40]]),
    }
    metrics = _read("lr_0", "arbiter:2", {"train": series})
    assert [(chart.title, chart.note) for chart in charts(metrics)] == [
        ("loss", "0.7 at 0"),
        ("gradient", "2.5 at 0"),
    ]
    assert [(score.subject, score.name, score.value) for score in metrics.scores] == [("train", "rows", 40.0)]


def test_summaries_and_series_with_names_are_scores() -> None:
    series = {
        "lr": _series("EVALUATION_SUMMARY", [["auc", 0.9], ["ks", 0.8], ["note", "good"]]),
        "evaluation_0": _series("EVALUATION_SUMMARY", [["rmse", 2]]),
        "per_class": _series("PRECISION_MULTI_EVALUATION", [["cat", 0.25], ["dog", 0.5]]),
    }
    metrics = _read("evaluation_0", "guest:9999", {"train": series})
    assert [(score.subject, score.name, score.value) for score in metrics.scores] == [
        ("train lr", "auc", 0.9),
        ("train lr", "ks", 0.8),
        ("train", "rmse", 2.0),
        ("train per_class", "cat", 0.25),
        ("train per_class", "dog", 0.5),
    ]
    assert metrics.curves == []


def test_what_is_no_number_is_left_out() -> None:
    series = {
        "loss": _series("LOSS", [[0, True], [1, 0.5], [2, None], [3, 0.25]]),
        "lr": _series("EVALUATION_SUMMARY", [["auc", 0.9], ["converged", True]]),
        "empty": Series(),
    }
    metrics = _read("lr_0", "guest:1", {"train": series})
    assert [list(curve.points) for curve in metrics.curves] == [[(1.0, 0.5), (3.0, 0.25)]]
    assert [score.name for score in metrics.scores] == ["auc"]


def test_a_preview_has_the_loss_and_the_usual_scores_once() -> None:
    scores = {"train": {"lr": _series("EVALUATION_SUMMARY", [["ks", 0.8], ["auc", 0.9], ["rows", 40]])}}
    tasks = [
        TaskMetrics("lr_0", "arbiter:2", _LOSS),
        TaskMetrics("lr_0", "guest:1", {"train": {"loss": _series("LOSS", [[0, 9]])}}),
        TaskMetrics("evaluation_0", "guest:1", scores),
    ]
    found = [(one.component, one.name, list(one.values)) for one in highlights(read_metrics(tasks))]
    assert found == [
        ("lr_0", "loss", [0.7, 0.5]),
        ("evaluation_0", "auc", [0.9]),
        ("evaluation_0", "ks", [0.8]),
    ]

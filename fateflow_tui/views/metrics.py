"""The curves, scores and charts of a job's metrics, for CLI and dashboard alike; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from fateflow_tui.core.formatting import figure, is_number
from fateflow_tui.sdk.types import Series
from fateflow_tui.views.charts import Chart, Line, Point

USUAL_KINDS: Final = frozenset({"LOSS", "ROC", "KS"})

_SUMMARY: Final = "EVALUATION_SUMMARY"
_SUFFIXES: Final = ("_EVALUATION", "_BINARY", "_MULTI")  # of metric types, in the order in which they are removed
_KS_RATES: Final = {"_ks_tpr": "tpr", "_ks_fpr": "fpr"}
_KIND_BY_ENDING: Final = {  # of a series without a metric type
    **dict.fromkeys(_KS_RATES, "KS"),
    **{f"_{kind.lower()}": kind for kind in ("ROC", "ACCURACY", "PRECISION", "RECALL", "LIFT", "GAIN")},
}
_RANKS: Final = {"LOSS": 0, "ROC": 2, "KS": 3, "ACCURACY": 4, "PRECISION": 4, "RECALL": 4, "LIFT": 5, "GAIN": 5}
_OTHER_RANK: Final = 1  # of other curves, which are over iterations
_FIGURES: Final = {"ROC": "auc", "KS": "ks"}  # the score that a chart shows beside its title
_MAX_FIGURES: Final = 2
_DIAGONAL: Final = Line("", ((0.0, 0.0), (1.0, 1.0)), guide=True)
_ITERATION_UNITS: Final = ("iter", "epoch", "round")
_HIGHLIGHTED_SCORES: Final = ("auc", "ks", "accuracy", "rmse")


class TaskMetrics(NamedTuple):
    """All series of one component at one party: namespace -> name -> series."""

    component: str
    party: str
    series: Mapping[str, Mapping[str, Series]]


class Curve(NamedTuple):
    """A series of numbers over numbers.

    namespace: the data set, such as `train`. kind: the short metric type, such as LOSS or ROC. model: what was
    evaluated, "" for training curves.
    """

    component: str
    party: str
    namespace: str
    name: str
    kind: str
    model: str
    points: Sequence[Point]
    meta: Mapping[str, Any]


class MetricScore(NamedTuple):
    """A single number. series: the series that it belongs to."""

    component: str
    party: str
    namespace: str
    series: str
    name: str
    value: float

    @property
    def subject(self) -> str:
        """What was measured, and on which data: `train hetero_lr_0`."""
        known = self.series in (self.component, self.namespace, self.name)
        return self.namespace if known else f"{self.namespace} {self.series}"


class Metrics(NamedTuple):
    """What the series of some tasks contain."""

    curves: list[Curve]
    scores: list[MetricScore]


class Highlight(NamedTuple):
    """A metric for a preview. values: a single one for a score."""

    component: str
    name: str
    values: Sequence[float]


def read_metrics(tasks: Iterable[TaskMetrics]) -> Metrics:
    """Sort the series of tasks into curves and scores.

    Summaries, series with names as keys and series of one point are scores; but one point over iterations is the
    beginning of a curve. Values that are not numbers are ignored.
    """
    found = Metrics([], [])
    for task in tasks:
        for namespace, series_by_name in task.series.items():
            for name, series in series_by_name.items():
                where = (task.component, task.party, namespace, name)
                points = [(key, float(value)) for key, value, *_ in series.data if is_number(value)]
                numbered = [(float(key), value) for key, value in points if is_number(key)]
                if series.meta.get("metric_type") == _SUMMARY or len(numbered) < len(points):
                    found.scores.extend(MetricScore(*where, str(key), value) for key, value in points)
                elif len(numbered) == 1 and not _over_iterations(name, series.meta):
                    found.scores.append(MetricScore(*where, name, numbered[0][1]))
                elif numbered:
                    kind, model = _kind(name, series.meta), _model(name, series.meta)
                    found.curves.append(Curve(*where, kind, model, numbered, series.meta))
    return found


def charts(metrics: Metrics, text: str = "", kinds: frozenset[str] | None = None) -> list[Chart]:
    """Draw a chart for each component, party and kind of curve, for KS also for each model; the loss comes first.

    text: only curves with this text in their kind or name, of any kind. kinds: only these; None for all.
    """
    groups: dict[tuple[str, str, str, str], list[Curve]] = {}
    for curve in metrics.curves:
        if text.lower() in f"{curve.kind} {curve.name}".lower() if text else kinds is None or curve.kind in kinds:
            model = curve.model if curve.kind == "KS" else ""
            groups.setdefault((curve.component, curve.party, curve.kind, model), []).append(curve)
    ordered = sorted(groups.values(), key=lambda curves: _RANKS.get(curves[0].kind, _OTHER_RANK))
    return [_chart(curves, metrics.scores) for curves in ordered]


def highlights(metrics: Metrics) -> list[Highlight]:
    """Return the loss and the usual scores of each component, each once, as the first of its parties has it."""
    found: dict[tuple[str, str], Highlight] = {}
    for curve in metrics.curves:
        if curve.kind == "LOSS":
            loss = Highlight(curve.component, "loss", [value for _, value in curve.points])
            found.setdefault((curve.component, loss.name), loss)
    for name in _HIGHLIGHTED_SCORES:
        for score in metrics.scores:
            if score.name == name:
                found.setdefault((score.component, name), Highlight(score.component, name, [score.value]))
    named = [*(curve.component for curve in metrics.curves), *(score.component for score in metrics.scores)]
    components = list(dict.fromkeys(named))
    return sorted(found.values(), key=lambda one: components.index(one.component))


def _over_iterations(name: str, meta: Mapping[str, Any]) -> bool:
    return _kind(name, meta) == "LOSS" or str(meta.get("unit_name") or "").lower().startswith(_ITERATION_UNITS)


def _kind(name: str, meta: Mapping[str, Any]) -> str:
    kind = str(meta.get("metric_type") or "").upper()
    for suffix in _SUFFIXES:
        kind = kind.removesuffix(suffix)
    return kind or next((kind for ending, kind in _KIND_BY_ENDING.items() if name.endswith(ending)), name.upper())


def _model(name: str, meta: Mapping[str, Any]) -> str:
    """`hetero_lr_0` of the curve `hetero_lr_0_ks_fpr`."""
    ending = next((ending for ending in _KIND_BY_ENDING if name.endswith(ending)), "")
    return str(meta.get("pair_type") or "") or (name.removesuffix(ending) if ending else "")


def _chart(curves: Sequence[Curve], scores: Iterable[MetricScore]) -> Chart:
    first = curves[0]
    namespaces = list(dict.fromkeys(curve.namespace for curve in curves))
    lines = [Line(_label(curve, curves, len(namespaces) > 1), curve.points) for curve in curves]
    title = _title(first.kind)
    if first.kind == "KS" and first.model:
        title = f"{title} of {first.model}"
    elif first.kind == "ROC":
        lines = [_DIAGONAL, *lines]
    where = f"{first.component} at {first.party}"
    if len(namespaces) == 1:
        where += f", {first.namespace}"
    return Chart(title, lines, _axis(first), _note(curves, scores), where)


def _title(kind: str) -> str:
    return kind if kind in _FIGURES else kind.lower().replace("_", " ")


def _label(curve: Curve, curves: Sequence[Curve], several_namespaces: bool) -> str:
    """What distinguishes a curve from the others of its chart."""
    rate = next((rate for ending, rate in _KS_RATES.items() if curve.name.endswith(ending)), "")
    if curve.kind == "KS" and rate:
        label = rate
    elif len(curves) > 1:
        label = curve.name.removesuffix(f"_{curve.kind.lower()}")
    else:
        label = str(curve.meta.get("curve_name") or curve.name)
    return f"{label} ({curve.namespace})" if several_namespaces else label


def _axis(curve: Curve) -> str:
    """The name of the horizontal axis."""
    if curve.kind == "ROC":
        return "false positive rate"
    if unit := str(curve.meta.get("unit_name") or ""):
        return unit
    if str(curve.meta.get("metric_type") or "").endswith("_MULTI_EVALUATION"):
        return "class"
    return "share of the highest scores" if curve.kind in _RANKS and curve.kind != "LOSS" else "iteration"


def _note(curves: Sequence[Curve], scores: Iterable[MetricScore]) -> str:
    """The figure beside the title: `auc 0.992`, for both of two data sets, or the last point of a training curve."""
    first = curves[0]
    if first.kind in _FIGURES:
        return _figures(_FIGURES[first.kind], curves, scores)
    if (first.kind in _RANKS and first.kind != "LOSS") or len(curves) > 1:
        return ""
    step, value = first.points[-1]
    return f"{value:.6g} at {step:g}"


def _figures(name: str, curves: Sequence[Curve], scores: Iterable[MetricScore]) -> str:
    """The scores with this name that belong to the curves of a chart; "" when there are too many."""
    task, namespaces, models = curves[0][:2], {one.namespace for one in curves}, {one.model for one in curves}
    named = [one for one in scores if one[:2] == task and one.name == name and one.namespace in namespaces]
    found = [one for one in named if one.series in models] or named
    if len(found) > _MAX_FIGURES:
        return ""
    several_models, several_namespaces = len(models) > 1, len(namespaces) > 1
    texts = []
    for one in found:
        label = ", ".join(
            word for word, needed in ((one.series, several_models), (one.namespace, several_namespaces)) if needed
        )
        texts.append(f"{name} {figure(one.value)}{f' ({label})' if label else ''}")
    return "  ".join(texts)

"""Which curves of a job's metrics belong into one chart; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from commands.text import number
from fateflow_tui.text.plot import Chart, Line, Point

if TYPE_CHECKING:
    from fateflow_tui.sdk.results import Series

_SUMMARY: Final = "EVALUATION_SUMMARY"
_ENDING: Final = "_EVALUATION"
# What is drawn unless something else is asked for; in this order.
USUAL: Final = ("LOSS", "ROC", "KS")
_DIAGONAL: Final = Line("", ((0.0, 0.0), (1.0, 1.0)), guide=True)


class TaskMetrics(NamedTuple):
    """All series of one component at one party: namespace -> name -> series."""

    component: str
    party: str
    series: Mapping[str, Mapping[str, Series]]


class _Curve(NamedTuple):
    kind: str
    namespace: str
    name: str
    model: str
    points: Sequence[Point]
    meta: Mapping[str, Any]


def charts(tasks: Iterable[TaskMetrics], wanted: str = "") -> list[Chart]:
    """The charts of a job. wanted: only curves with this text in their kind or name; '' for loss, ROC and KS."""
    found: list[tuple[int, Chart]] = []
    for task in tasks:
        groups: dict[tuple[str, str], list[_Curve]] = {}
        for curve in _curves(task):
            named = wanted.lower() in f"{curve.kind} {curve.name}".lower() if wanted else curve.kind in USUAL
            if named:
                groups.setdefault((curve.kind, curve.model if curve.kind == "KS" else ""), []).append(curve)
        for (kind, model), curves in groups.items():
            place = USUAL.index(kind) if kind in USUAL else len(USUAL)
            found.append((place, _chart(task, kind, model, curves)))
    return [chart for _, chart in sorted(found, key=lambda one: one[0])]


def _chart(task: TaskMetrics, kind: str, model: str, curves: list[_Curve]) -> Chart:
    spaces = {curve.namespace for curve in curves}
    lines = [Line(_line_name(curve, curves, len(spaces) > 1), curve.points) for curve in curves]
    title = f"{task.component} at {task.party}: {_word(kind)}"
    if kind == "LOSS":
        (*_, (step, loss)) = curves[0].points
        note = f"{number(round(loss, 6))} at {step:g}" if len(curves) == 1 else ""
        return Chart(title, lines, str(curves[0].meta.get("unit_name", "")), note)
    figures = _figures(task, "auc" if kind == "ROC" else "ks" if kind == "KS" else "")
    if kind == "ROC":
        return Chart(title, [_DIAGONAL, *lines], "false positive rate", figures)
    if kind == "KS":
        return Chart(title if not model else f"{title} of {model}", lines, "share of the highest scores", figures)
    return Chart(title, lines, str(curves[0].meta.get("unit_name", "")))


def _curves(task: TaskMetrics) -> Iterator[_Curve]:
    for namespace, of_namespace in task.series.items():
        for name, series in of_namespace.items():
            points = [
                (float(key), float(value))
                for key, value, *_ in series.data
                if isinstance(key, int | float) and isinstance(value, int | float)
            ]
            kind = str(series.meta.get("metric_type") or "")
            if points and kind != _SUMMARY and (len(points) > 1 or kind == "LOSS"):
                model = str(series.meta.get("pair_type") or "")
                short = kind.removesuffix(_ENDING).removesuffix("_BINARY") or name.upper()
                yield _Curve(short, namespace, name, model, points, series.meta)


def _line_name(curve: _Curve, curves: Sequence[_Curve], spaces: bool) -> str:
    """What tells a curve from the others of its chart."""
    name = str(curve.meta.get("curve_name") or curve.name)
    if curve.kind == "KS" and curve.model:
        name = name.removeprefix(f"{curve.model}_")
    if len(curves) > 1 and curve.kind != "KS":
        name = curve.name.removesuffix(f"_{curve.kind.lower()}")
    return f"{name} ({curve.namespace})" if spaces else name


def _figures(task: TaskMetrics, metric: str) -> str:
    """`auc 0.992`, or one for each namespace."""
    found = {
        (namespace, name): value
        for namespace, of_namespace in task.series.items()
        for name, series in of_namespace.items()
        for key, value, *_ in series.data
        if key == metric and isinstance(value, int | float)
    }
    if not found or len(found) > 2:
        return ""
    several = len(found) > 1
    return "  ".join(f"{metric} {value:.4f}{f' ({space})' if several else ''}" for (space, _), value in found.items())


def _word(kind: str) -> str:
    return kind if kind in ("ROC", "KS") else kind.lower().replace("_", " ")

"""Which charts and scores a component's series make; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from fateflow_tui.sdk.results.tracking import Series
from fateflow_tui.tui import texts
from fateflow_tui.tui.plot import Chart, Line, Point

Found = Mapping[str, Mapping[str, Series]]

_DIAGONAL: Final = Line("", ((0.0, 0.0), (1.0, 1.0)), guide=True)
_SUMMARY: Final = "EVALUATION_SUMMARY"
_PAIRED: Final = ("_ks_fpr", "_ks_tpr")
_CURVES: Final = {"ROC_EVALUATION": "ROC", "LIFT_EVALUATION": "lift", "GAIN_EVALUATION": "gain"}
_CURVES_BY_END: Final = {"_accuracy": "accuracy", "_precision": "precision", "_recall": "recall"}


class Score(msgspec.Struct, frozen=True):
    """A figure that stands alone. data: what it was measured on, such as train or validate."""

    component: str
    party: str
    data: str
    name: str
    value: float


def charts_of(component: str, party: str, found: Found) -> tuple[list[Chart], list[Score]]:
    """Losses and curves by iteration first, then ROC and KS, then what else there is."""
    over_time: list[Chart] = []
    curves: list[Chart] = []
    rest: list[Chart] = []
    scores: list[Score] = []
    for data, series in found.items():
        for name, one in series.items():
            kind = str(one.meta.get("metric_type") or "")
            where = f"{component} {party}"
            if kind == _SUMMARY:
                scores += [
                    Score(component, party, data, str(key), float(value)) for key, value, *_ in one.data if _real(value)
                ]
            elif name.endswith(_PAIRED[0]):
                partner = series.get(f"{name.removesuffix(_PAIRED[0])}{_PAIRED[1]}")
                if partner is not None:
                    curves.append(_ks(data, one, partner, where))
            elif name.endswith(_PAIRED[1]):
                continue
            elif kind in _CURVES:
                guide = (_DIAGONAL,) if kind == "ROC_EVALUATION" else ()
                lines = (Line(_CURVES[kind], points(one)), *guide)
                across = str(one.meta.get("unit_name") or "share of all")
                group = curves if kind == "ROC_EVALUATION" else rest
                group.append(Chart(f"{_CURVES[kind]} · {data}", lines, across, "", where))
            elif end := next((end for end in _CURVES_BY_END if name.endswith(end)), ""):
                rest.append(Chart(f"{_CURVES_BY_END[end]} · {data}", (Line(name, points(one)),), "share", "", where))
            elif points(one):
                last = points(one)[-1][1]
                note = f"{texts.figure(last)}  ({len(one.data)})"
                over_time.append(Chart(f"{name} · {data}", (Line(name, points(one)),), "iteration", note, where))
    auc = {score.data: score.value for score in scores if score.name == "auc"}
    ks = {score.data: score.value for score in scores if score.name == "ks"}
    noted = [_noted(chart, {"ROC": ("auc", auc), "KS": ("ks", ks)}) for chart in curves]
    return [*over_time, *noted, *rest], scores


def points(series: Series) -> tuple[Point, ...]:
    """The points of a series that are numbers; a key that is no number is counted instead."""
    found = []
    for number, (key, value, *_) in enumerate(series.data):
        if _real(value):
            found.append((float(key) if _real(key) else float(number), float(value)))
    return tuple(found)


def _ks(data: str, fpr: Series, tpr: Series, where: str) -> Chart:
    return Chart(f"KS · {data}", (Line("tpr", points(tpr)), Line("fpr", points(fpr))), "share of all", "", where)


def _noted(chart: Chart, figures: Mapping[str, tuple[str, Mapping[str, float]]]) -> Chart:
    kind, _, data = chart.title.partition(" · ")
    name, by_data = figures.get(kind, ("", {}))
    if data not in by_data:
        return chart
    return msgspec.structs.replace(chart, note=f"{name} {texts.figure(by_data[data])}")


def _real(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

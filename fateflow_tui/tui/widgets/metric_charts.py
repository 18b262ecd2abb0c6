"""Charts, scores and curves of a job's metrics; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.formatting import figure
from fateflow_tui.sdk.types.tables import Series
from fateflow_tui.views.charts import Chart, Line, Point

if TYPE_CHECKING:
    from fateflow_tui.sdk.async_client import AsyncFateFlow
    from fateflow_tui.sdk.types.jobs import ComponentView, JobView


Found = Mapping[str, Mapping[str, Series]]

_DIAGONAL: Final = Line("", ((0.0, 0.0), (1.0, 1.0)), guide=True)
_SUMMARY: Final = "EVALUATION_SUMMARY"
_FPR, _TPR = "_ks_fpr", "_ks_tpr"
_CURVES: Final = {"ROC_EVALUATION": "ROC", "LIFT_EVALUATION": "lift", "GAIN_EVALUATION": "gain"}
_BY_END: Final = {"_accuracy": "accuracy", "_precision": "precision", "_recall": "recall"}
_RANKS: Final = {"ROC": 2, "KS": 3, "lift": 5, "gain": 5, "accuracy": 4, "precision": 4, "recall": 4}


class Score(msgspec.Struct, frozen=True):
    """A figure that stands alone. of: what was measured, on which data, as in `train hetero_lr_0`."""

    component: str
    party: str
    of: str
    name: str
    value: float


def charts_of(component: str, party: str, found: Found) -> tuple[list[Chart], list[Score]]:
    """The series of one component at one party."""
    where = f"{component} {party}"
    charts: list[Chart] = []
    scores: list[Score] = []
    for data, series in found.items():
        for name, one in series.items():
            if one.meta.get("metric_type") == _SUMMARY or not all(_real(key) for key, *_ in one.data):
                of = f"{data} {name}" if name not in (component, data) else data
                scores += [Score(component, party, of, str(key), float(v)) for key, v, *_ in one.data if _real(v)]
            elif chart := _chart(data, name, series, where):
                charts.append(chart)
    return charts, scores


def rank(chart: Chart) -> int:
    """What is looked at first stands first: what falls or rises while it trains, then ROC and KS."""
    kind = chart.title.partition(" ")[0]
    if kind == "loss":
        return 0
    return _RANKS.get(kind, 1)


def _chart(data: str, name: str, series: Mapping[str, Series], where: str) -> Chart | None:
    one = series[name]
    kind = _CURVES.get(str(one.meta.get("metric_type") or ""), "")
    if name.endswith(_FPR):
        base = name.removesuffix(_FPR)
        partner = series.get(f"{base}{_TPR}")
        lines = (Line("tpr", points(partner) if partner is not None else ()), Line("fpr", points(one)))
        return Chart(f"KS · {data}", lines, "share of all", _figure(series, base, "ks"), where)
    if name.endswith(_TPR) and f"{name.removesuffix(_TPR)}{_FPR}" in series:
        return None  # it is drawn with its partner
    if kind == "ROC":
        lines = (Line("tpr", points(one)), _DIAGONAL)
        return Chart(f"ROC · {data}", lines, "fpr", _figure(series, name.removesuffix("_roc"), "auc"), where)
    kind = kind or next((kind for end, kind in _BY_END.items() if name.endswith(end)), "")
    if kind:
        return Chart(f"{kind} · {data}", (Line(kind, points(one)),), "share of all", "", where)
    drawn = points(one)
    if not drawn:
        return None
    note = f"{figure(drawn[-1][1])}  ({len(drawn)})"
    return Chart(f"{name} · {data}", (Line(name, drawn),), "iteration", note, where)


def _figure(series: Mapping[str, Series], base: str, name: str) -> str:
    """`auc 0.992`, of the summary that belongs to a curve."""
    summary = series.get(base)
    values = {str(key): value for key, value, *_ in summary.data if _real(value)} if summary is not None else {}
    return f"{name} {figure(values[name])}" if name in values else ""


def points(series: Series) -> tuple[Point, ...]:
    """The points of a series that are numbers; a key that is no number is counted instead."""
    found = []
    for number, (key, value, *_) in enumerate(series.data):
        if _real(value):
            found.append((float(key) if _real(key) else float(number), float(value)))
    return tuple(found)


def _real(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_MOST = 4  # components that are asked, the last ones
_SCORES = ("auc", "ks", "accuracy", "rmse")


class Curve(msgspec.Struct, frozen=True):
    """A figure over time. values: one for a score that stands alone."""

    name: str
    component: str
    values: tuple[float, ...]


async def curves_of(flow: AsyncFateFlow, view: JobView) -> list[Curve]:
    """Of the parties that this site plays. Raises SchedulerUnreachable."""
    here = [line.party for line in view.party_lines if line.here]
    asked = [c for c in view.components if c.started_at and c.has_metrics][-_MOST:]
    found: dict[tuple[str, str], Curve] = {}
    for component in asked:
        for party in _parties(component, here):
            try:
                namespaces = await flow.tracking.metrics(view.job_id, component.name, party)
            except FateFlowError:
                continue  # it has none yet
            for series_by_name in namespaces.values():
                for name, series in series_by_name.items():
                    for curve in _curves(component.name, name, series):
                        found.setdefault((component.name, curve.name), curve)
    return list(found.values())


def _parties(component: ComponentView, here: list[str]) -> list[str]:
    """Arbiters know the loss, guests the scores."""
    own = [party for party in component.parties if party in here]
    return sorted(own, key=lambda party: not party.startswith(("arbiter", "guest")))[:2]


def _curves(component: str, name: str, series: Series) -> list[Curve]:
    kind = str(series.meta.get("metric_type", ""))
    if name == "loss" or kind == "LOSS":
        values = tuple(float(value) for _, value in series.data if isinstance(value, int | float))
        return [Curve("loss", component, values)] if values else []
    if kind == "EVALUATION_SUMMARY":
        scores = {str(key): value for key, value in series.data if isinstance(value, int | float)}
        return [Curve(score, component, (float(scores[score]),)) for score in _SCORES if score in scores]
    return []

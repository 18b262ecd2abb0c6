"""Which figures of a job are worth a look in passing: the loss as it falls, the scores of the evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fateflow_tui.core.errors import FateFlowError

if TYPE_CHECKING:
    from fateflow_tui.sdk.async_client import AsyncFateFlow
    from fateflow_tui.sdk.jobs import ComponentView, JobView
    from fateflow_tui.sdk.results.tracking import Series

_WITHOUT = ("Reader", "Sleep", "Upload", "Download", "Writer", "DataIO", "DataTransform", "Intersection")
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
    asked = [c for c in view.components if c.started_at and c.module not in _WITHOUT][-_MOST:]
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

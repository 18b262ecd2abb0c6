"""Differences between two jobs and between two model versions, as styled lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from fateflow_tui.core.cells import Spans, cut, on_one_line
from fateflow_tui.core.formatting import duration, is_number, marked
from fateflow_tui.views.text import aligned

if TYPE_CHECKING:
    from fateflow_tui.sdk.types.jobs import ComponentPair, DocumentChange, JobDiff, MetricPair
    from fateflow_tui.sdk.types.models import ModelDiff

_SIGNS: Final = {
    "added": ("+", "success"),
    "removed": ("-", "failed"),
    "changed": ("~", "warning"),
    "same": ("=", "muted"),
}
_VALUE_WIDTH: Final = 40  # cells of a value
_BAR_WIDTH: Final = 12  # cells of the largest change of a weight


def job_diff_lines(found: JobDiff) -> list[Spans]:
    """Return the two jobs, and how their documents, parameters, metrics and times differ."""
    lines: list[Spans] = []
    for name, job in (("A", found.a), ("B", found.b)):
        took = f"  {duration(job.took)}" if job.took else ""
        lines.append([(f"{name}  {job.job_id}  ", "strong"), (marked(job.status), job.status), (took, "")])
    for title, changes in (("dsl", found.dsl), ("conf", found.conf), *found.parameters.items()):
        if changes:
            lines += [[], [(title, "strong")], *map(_job_change, changes)]
    if found.same:
        lines += [[], [("documents and parameters are the same", "muted")]]
    if found.metrics:
        lines += [[], *_table(("METRIC", "PARTY", "A", "B", "B - A"), map(_metric_row, found.metrics))]
    if found.components:
        lines += [[], *_table(("COMPONENT", "MODULE", "A", "B", "B - A"), map(_time_row, found.components))]
    return lines


def model_diff_lines(found: ModelDiff, older: str, newer: str, *, limit: int = 0) -> list[Spans]:
    """Return how a model version differs from an older one: documents, parameters, weights.

    limit: the most changes that are shown of a document and of a model, the largest changes of weights first; 0: all.
    """
    lines: list[Spans] = [[("- ", "failed"), (older, "failed")], [("+ ", "success"), (newer, "success")]]
    for title, groups in (("documents", found.documents), ("parameters", found.parameters)):
        changed = {name: changes for name, changes in (groups or {}).items() if changes}
        lines += [[], [(title, "primary strong"), ("" if changed else "  no changes", "muted")]]
        for name, changes in changed.items():
            lines += [[(f"  {name}", "strong")], *_changes(changes, "    ", limit)]
    if found.models:
        lines += [[], [("models", "primary strong")]]
    for name, model in (found.models or {}).items():
        lines += _model(name, model, limit)
    return lines


def _job_change(one: DocumentChange) -> Spans:
    sign, style = _SIGNS.get(one.change, ("?", ""))
    where = f"{one.path or 'whole document'}{f' at {one.party}' if one.party else ''}"
    values = {"added": [one.new], "removed": [one.old]}.get(one.change, [one.old, one.new])
    return [(f"  {sign} ", style), (f"{where}: {' → '.join(map(_value, values))}", "")]


def _metric_row(one: MetricPair) -> list[str]:
    delta = f"{one.b - one.a:+.6g}" if is_number(one.a) and is_number(one.b) else ""
    values = ["-" if value is None else _value(value) for value in (one.a, one.b)]
    return [f"{one.component} {one.series} {one.key}", one.party, *values, delta]


def _time_row(one: ComponentPair) -> list[str]:
    a, b = (_state(status, took) for status, took in ((one.a, one.a_took), (one.b, one.b_took)))
    delta = f"{(one.b_took - one.a_took) / 1000:+.1f}s" if one.a_took and one.b_took else ""
    return [one.component, one.module, a, b, delta]


def _state(status: str, took: int) -> str:
    if status in ("", "reused"):
        return marked("reused") if status else "-"
    return f"{marked(status)[0]} {duration(took)}" if took else marked(status)


def _table(titles: Sequence[str], rows: Iterator[list[str]]) -> Iterator[Spans]:
    head: list[Spans] = [[(title, "muted")] for title in titles]
    return aligned([head, *([[(text, "")] for text in row] for row in rows)])


def _model(name: str, model: Mapping[str, Any], limit: int) -> Iterator[Spans]:
    change = str(model.get("change", "changed"))
    sign, style = _SIGNS.get(change, _SIGNS["changed"])
    largest = model.get("largest_delta")
    more = f", by up to {_value(largest)}" if largest else ""
    yield [(f"  {sign} ", style), (name, "strong"), (f"  {model.get('module', '')}  {change}{more}", "muted")]
    header = model.get("header") or {}
    for word, kind in (("added", "+"), ("removed", "-")):
        if header.get(word):
            yield [("      ", ""), (f"columns {kind} {', '.join(map(str, header[word]))}", _SIGNS[word][1])]
    weights = sorted(model.get("weights") or (), key=lambda one: (_is_count(one), -abs(one["delta"])))
    shown = weights[:limit] if limit else weights
    largest = max((abs(one["delta"]) for one in shown if not _is_count(one)), default=0)
    yield from aligned([_weight_cells(one, largest) for one in shown])
    left_out = len(weights) - len(shown) + int(model.get("left_out") or 0)
    if left_out:
        yield [(f"      {left_out} smaller changes are not shown", "muted")]
    yield from _changes(model.get("other") or (), "      ", limit)


def _weight_cells(one: Mapping[str, Any], largest: float) -> list[Spans]:
    bar = "" if _is_count(one) or not largest else "█" * max(1, round(abs(one["delta"]) / largest * _BAR_WIDTH))
    return [
        [(f"      {one['path']}", "")],
        [(_value(one["old"]), "")],
        [("→", "muted")],
        [(_value(one["new"]), "")],
        [(f"({one['delta']:+.3g})", "strong")],
        [(bar, "warning")],
    ]


def _changes(changes: Sequence[Mapping[str, Any]], indent: str, limit: int) -> Iterator[Spans]:
    shown = changes[:limit] if limit else changes
    yield from aligned([_change_cells(one, indent) for one in shown])
    if len(shown) < len(changes):
        yield [(f"{indent}{len(changes) - len(shown)} more", "muted")]


def _change_cells(one: Mapping[str, Any], indent: str) -> list[Spans]:
    sign, style = _SIGNS.get(str(one.get("change")), _SIGNS["changed"])
    old, new = _value(one.get("old")), _value(one.get("new"))
    value = {"added": new, "removed": old}.get(str(one.get("change")), f"{old} → {new}")
    return [[(indent, ""), (f"{sign} ", style), (str(one.get("path")), "")], [(value, style)]]


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return cut(
        on_one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)),
        _VALUE_WIDTH,
    )


def _is_count(weight: Mapping[str, Any]) -> bool:
    """Whether it counts something, such as iterations, and is no weight."""
    return isinstance(weight["old"], int) and isinstance(weight["new"], int)

"""The words of the preview; pure."""

from __future__ import annotations

from fateflow_tui.sdk.jobs import JobLine, JobView
from fateflow_tui.text.amounts import figure
from fateflow_tui.text.places import cut, on_one_line
from fateflow_tui.text.spans import Spans
from fateflow_tui.tui import texts
from fateflow_tui.tui.job_subject import has_model
from fateflow_tui.tui.widgets.cards import card_lines
from fateflow_tui.tui.widgets.curves import Curve


def fact_lines(line: JobLine | None, view: JobView | None, now: int, curves: list[Curve]) -> list[Spans]:
    """What it waits for or why it failed first, then who submitted it and when. curves: those to be named too."""
    if line is None:
        return []
    lines: list[Spans] = []
    if line.waiting is not None:
        lines += [[("· ", "warning"), (on_one_line(line.waiting.text), "warning")], []]
    cards = view.cards if view is not None else []
    if cards:
        first = cards[0]
        lines += card_lines(first, log=False)
        if len(cards) > 1:
            lines.append([(f"  and {len(cards) - 1} more: w says all", "muted")])
        lines.append([])
    elif line.reason and not line.status.succeeded:
        lines += [[(on_one_line(line.reason), line.status)], []]
    stop = view.stop if view is not None else None
    figures = ", ".join(f"{curve.name} {figure(curve.values[-1])}" for curve in curves)
    lines += [
        [(f"{name:<10}", "muted"), (on_one_line(value), style)]
        for name, value, style in (
            ("submitted", f"{texts.moment(line.created_at, now)} {_by(line)}".strip(), ""),
            ("name", line.name, ""),
            ("notes", line.description, ""),
            ("started", texts.moment(line.started_at, now), ""),
            ("ended", texts.moment(line.ended_at, now), ""),
            ("figures", figures, "success"),
            ("initiator", line.initiator, ""),
            ("model", view.model_version if view is not None and has_model(view) else "", ""),
            ("priority", str(view.priority or "") if view is not None else "", ""),
            ("reruns", str(view.reruns or "") if view is not None else "", ""),
            ("stopped by", f" {stop.by} {stop.reason}".rstrip() if stop is not None else "", ""),
        )
        if value
    ]
    return lines


def curve_lines(curves: list[Curve], room: int) -> list[Spans]:
    """A sparkline and the last value of each, by component."""
    lines: list[Spans] = []
    component = ""
    for curve in curves:
        if curve.component != component:
            component = curve.component
            lines += [[]] if lines else []
            lines.append([(cut(component, room), "muted")])
        last = figure(curve.values[-1])
        drawn = texts.sparkline(curve.values, max(0, room - len(last) - 12)) if len(curve.values) > 1 else ""
        count = [(f" ({len(curve.values)})", "muted")] if drawn else []
        lines.append([(f"{curve.name:<5} ", ""), (f"{drawn} " if drawn else "", "accent"), (last, "strong"), *count])
    return lines


def _by(line: JobLine) -> str:
    return f"by {line.submitted_by}" if line.submitted_by else ""

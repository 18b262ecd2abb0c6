"""Tables as text: the columns of their list, facts, the first rows; pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from fateflow_tui.core.cells import Spans, on_one_line, width
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.formatting import plural
from fateflow_tui.sdk.types.tables import TableJobs, TableLine, TablePreview, TableSource
from fateflow_tui.tui import columns
from fateflow_tui.tui.columns import Column
from fateflow_tui.views.text import moment

Row = Sequence[Any]


_WIDEST: Final = 28


_LOOKED_AT: Final = 50  # rows that the widths of columns are based on


def columns_of(header: Sequence[str] | None, rows: Sequence[Row]) -> list[Column[Row]]:
    """Return a column for each column of a table; columns on the right are dropped first."""
    count = max([len(header or ()), *(len(row) for row in rows[:_LOOKED_AT])], default=0)
    columns = []
    for place in range(count):
        title = on_one_line(str(header[place])) if header and place < len(header) else f"column {place}"
        values = [row[place] for row in rows[:_LOOKED_AT] if place < len(row)]
        widest = max([width(title), *(width(cell_text(value)) for value in values)])
        max_width = min(_WIDEST, widest)
        figures = place > 0 and bool(values) and all(map(_figure, values))
        most = max_width if widest == max_width else 0  # texts that are cut can be scrolled
        columns.append(Column(str(place), title, _text(place), max_width, most, rank=place, right=figures))
    return columns


def cell_text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str):
        number = _number(value)
        return f"{number:.6g}" if number is not None and len(value) > 9 else on_one_line(value)
    if isinstance(value, dict):
        return ", ".join(f"{on_one_line(str(key))}: {cell_text(member)}" for key, member in value.items())
    return json.dumps(value, ensure_ascii=False) if value is not None else ""


def _text(place: int) -> Any:
    def text(row: Row, max_width: int) -> Spans:
        return [(cell_text(row[place]) if place < len(row) else "", "muted" if place == 0 else "")]

    return text


def _figure(value: Any) -> bool:
    try:
        float(value or 0)
    except (TypeError, ValueError):
        return False
    return True


def _number(text: str) -> float | None:
    """Parse numbers with a point or an exponent only, so that ids keep their digits."""
    if not any(sign in text for sign in ".eE"):
        return None
    try:
        return float(text)
    except ValueError:
        return None


_JOBS: Final = 6  # jobs to list


class TableAnswer(msgspec.Struct, frozen=True):
    """Details of a table, each with the error if it could not be read."""

    preview: TablePreview | FateFlowError
    source: list[TableSource] | FateFlowError
    jobs: TableJobs | FateFlowError


def table_columns(now: Callable[[], int]) -> tuple[Column[TableLine], ...]:
    return (
        Column("namespace", "NAMESPACE", lambda t, max_width: [(on_one_line(t.namespace), "muted")], 10, 20),
        Column("name", "NAME", _name, 14, 32, sortable=True),
        Column("rows", "ROWS", lambda t, max_width: [(_count(t.count), "")], 9, 9, right=True, sortable=True),
        Column("columns", "COLS", lambda t, max_width: [(_count(t.columns), "")], 4, 4, rank=4, right=True),
        Column("parts", "PARTS", lambda t, max_width: [(_count(t.partition), "muted")], 5, 5, rank=5, right=True),
        Column("kind", "KIND", lambda t, max_width: [(t.kind, "")], 9, 10, rank=3, sortable=True),
        Column("state", "STATE", _state, 10, 16, rank=2),
        Column("origin", "CREATED BY", _origin, 18, rank=1),
        Column(
            "created",
            "CREATED",
            lambda t, _: [(moment(t.create_time or 0, now()), "muted")],
            12,
            12,
            rank=6,
        ),
    )


def key_of(table: TableLine) -> str:
    return f"{table.namespace}\t{table.table_name}"


def fact_lines(table: TableLine | None, found: TableAnswer | FateFlowError | None, now: int) -> list[Spans]:
    """Describe a table: facts, origin, and the jobs that read it."""
    if table is None:
        return []
    origin = table.origin or {}
    rows: list[tuple[str, Spans]] = [
        ("name", [(f"{table.namespace}.{table.table_name}", "strong")]),
        ("rows", [(_count(table.count), ""), (f" in {plural(table.partition or 0, 'partition')}", "muted")]),
        ("kind", [(table.kind, ""), (f"  {table.engine}", "muted")]),
        ("state", _state(table, 40)),
        ("created", [(moment(table.create_time or 0, now), "")]),
        ("created by", [(str(origin.get("component", "") or origin.get("upload", "")), "")]),
        ("job", [(str(origin.get("job_id", "")), "primary")]),
    ]
    if isinstance(found, TableAnswer):
        rows += _source_rows(found.source) + _job_rows(found.jobs)
    return [[(f"{name:<11}", "muted"), *spans] for name, spans in rows if spans and spans[0][0]]


def preview_words(preview: TablePreview | FateFlowError | None) -> str:
    """Return the text for a preview without rows."""
    if isinstance(preview, FateFlowError):
        return "\n".join(filter(None, [f"✗ {on_one_line(str(preview))}", preview.hint]))
    return "loading …" if preview is None else "the table is empty"


def _name(table: TableLine, max_width: int) -> Spans:
    return [(on_one_line(table.table_name), "" if table.enable else "muted")]


def _state(table: TableLine, max_width: int) -> Spans:
    spans: Spans = [("✓ enabled", "success")] if table.enable else [("■ disabled", "canceled")]
    return [*spans, (" bound", "accent")] if table.external else spans


def _origin(table: TableLine, max_width: int) -> Spans:
    origin = table.origin or {}
    component = str(origin.get("component", ""))
    job = str(origin.get("job_id", ""))
    named = f"{component} " if component else ""
    return [(named, ""), (columns.shortened_id(job, max(0, max_width - width(named))), "muted")]


def _count(value: Any) -> str:
    return f"{value:,}".replace(",", " ") if isinstance(value, int) else "?"


def _source_rows(source: Sequence[TableSource] | FateFlowError) -> list[tuple[str, Spans]]:
    if isinstance(source, FateFlowError):
        return [("from", [("✗ ", "failed"), (on_one_line(str(source)), "failed")])]
    rows: list[tuple[str, Spans]] = []
    for one in source:
        parent = one.parent_table_name and f"{one.parent_table_namespace}.{one.parent_table_name}"
        first = one.source_table_name and f"{one.source_table_namespace}.{one.source_table_name}"
        rows.append(("from", [(first or parent, "primary"), (f" by {one.component_name}", "muted")]))
    return rows


def _job_rows(jobs: TableJobs | FateFlowError) -> list[tuple[str, Spans]]:
    if isinstance(jobs, FateFlowError):
        return [("read by", [("✗ ", "failed"), (on_one_line(str(jobs)), "failed")])]
    rows: list[tuple[str, Spans]] = [
        ("" if number else "read by", [(job, "primary")]) for number, job in enumerate(jobs.job[:_JOBS])
    ]
    if len(jobs.job) > _JOBS:
        rows.append(("", [(f"and {len(jobs.job) - _JOBS} more", "muted")]))
    return rows or [("read by", [("no jobs yet", "muted")])]

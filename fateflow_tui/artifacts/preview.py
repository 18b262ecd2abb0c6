"""A table's first rows in the form that FATE's clients know."""

from __future__ import annotations

from typing import Any

import msgspec

from fateflow_tui.artifacts.plain import plain
from fateflow_tui.artifacts.table import Table

# FATE's word for the id column of a table that was uploaded, whatever its header line says.
_RAW_ID = "sid"


class Preview(msgspec.Struct, frozen=True):
    """header: column names; rows: JSON-able cells in the same order; total: rows of the whole table."""

    header: list[str]
    rows: list[list[Any]]
    total: int


def preview(table: Table, limit: int = 100) -> Preview:
    """The first `limit` rows.

    raw: id and texts. instances: id, label, numbers. scores: id, label, predict_result, predict_score,
    predict_detail as an object, type. Numbers that JSON cannot say are texts ("NaN", "Infinity").
    """
    meta = table.meta
    columns = meta.columns
    if meta.label:
        columns = [meta.sid, meta.label, *(name for name in meta.header if name != meta.label)]
    frame = table.head(limit).select(columns)
    rows = [[plain(cell) for cell in row] for row in frame.iter_rows()]
    if "predict_detail" in columns:
        at = columns.index("predict_detail")
        for row in rows:
            row[at] = msgspec.json.decode(row[at]) if row[at] else {}
    if meta.kind == "raw":
        columns = [_RAW_ID, *columns[1:]] if meta.have_head else [_RAW_ID]
    return Preview(columns, rows, meta.count)

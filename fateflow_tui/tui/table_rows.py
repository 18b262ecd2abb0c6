"""Rows of a data table as a listing shows them; pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from fateflow_tui.text.places import on_one_line, width
from fateflow_tui.text.spans import Spans
from fateflow_tui.tui.columns import Column

Row = Sequence[Any]
_WIDEST: Final = 28
_LOOKED_AT: Final = 50  # rows by which the width of a column is judged


def columns_of(header: Sequence[str] | None, rows: Sequence[Row]) -> list[Column[Row]]:
    """One for each column of a table; the ones to the right go first where there is no room."""
    count = max([len(header or ()), *(len(row) for row in rows[:_LOOKED_AT])], default=0)
    columns = []
    for place in range(count):
        title = on_one_line(str(header[place])) if header and place < len(header) else f"column {place}"
        values = [row[place] for row in rows[:_LOOKED_AT] if place < len(row)]
        widest = max([width(title), *(width(cell_text(value)) for value in values)])
        room = min(_WIDEST, widest)
        figures = place > 0 and bool(values) and all(map(_figure, values))
        most = room if widest == room else 0  # what is cut can be moved
        columns.append(Column(str(place), title, _text(place), room, most, rank=place, right=figures))
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
    def text(row: Row, room: int) -> Spans:
        return [(cell_text(row[place]) if place < len(row) else "", "muted" if place == 0 else "")]

    return text


def _figure(value: Any) -> bool:
    try:
        float(value or 0)
    except (TypeError, ValueError):
        return False
    return True


def _number(text: str) -> float | None:
    """Only for what has a point or an exponent: ids keep their digits."""
    if not any(sign in text for sign in ".eE"):
        return None
    try:
        return float(text)
    except ValueError:
        return None

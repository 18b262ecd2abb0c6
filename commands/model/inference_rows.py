"""Rows of a file as requests of online inference."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from fateflow_tui.commands.documents import read_text
from fateflow_tui.core.errors import BadRequest

_FEATURES, _OTHERS = "featureData", "sendToRemoteFeatureData"  # FATE-Serving's names


def requests_of(path: Path, id_column: str | None) -> list[dict[str, Any]]:
    """Return a request for each row of a CSV file with column names, or of a file with a JSON object per line.

    Objects are flat or in FATE-Serving's form. id_column: by which hosts find their features, sent as `id`; by default
    `id` or the first column. Raises BadRequest with the invalid line, and for a file without rows.
    """
    text = read_text(path)
    rows = _objects(text, path) if path.suffix.lower() in (".jsonl", ".ndjson", ".json") else _records(text, path)
    requests = [
        {"index": index, **_request(row, id_column, f"{path}:{line}")} for index, (line, row) in enumerate(rows)
    ]
    if not requests:
        raise BadRequest(f"{path} has no rows", hint="the first line of a CSV file has the column names")
    return requests


def id_of(request: dict[str, Any]) -> str:
    return str(next(iter(request[_OTHERS].values()), ""))


def plain(text: str) -> Any:
    """Return the number that a text is, or else the text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float) and not isinstance(value, bool) else text


def _request(row: dict[str, Any], id_column: str | None, where: str) -> dict[str, Any]:
    if isinstance(row.get(_FEATURES), dict):
        return {_FEATURES: row[_FEATURES], _OTHERS: row.get(_OTHERS) or {}}
    name = id_column or ("id" if "id" in row else next(iter(row), ""))
    if name not in row:
        raise BadRequest(f"{where} has no column {name!r}", hint=f"columns: {', '.join(row)}")
    features = {key: plain(value) if isinstance(value, str) else value for key, value in row.items() if key != name}
    return {_FEATURES: features, _OTHERS: {"id": str(row[name])}}


def _records(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.reader(StringIO(text, newline=""))
    names = [name.strip() for name in next(reader, [])]
    for values in reader:
        if not values:
            continue
        if len(values) != len(names):
            raise BadRequest(f"{path}:{reader.line_num} has {len(values)} values, the first line {len(names)} names")
        yield reader.line_num, dict(zip(names, values, strict=True))


def _objects(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise BadRequest(f"{path}:{number} is not a JSON object")
        yield number, row

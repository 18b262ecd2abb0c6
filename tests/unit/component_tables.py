"""Tables for tests of components."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from fateflow_tui.core.ids import Party
from fateflow_tui.worker.testing import Given

GUEST = Party("guest", "9999")
HOST = Party("host", "10000")
SECOND_HOST = Party("host", "10001")
LOCAL = Party("local", "0")


def raw(rows: dict[str, list[str]], **facts: Any) -> Given:
    """An uploaded table: all columns text, the id first."""
    return Given(pl.DataFrame(rows, schema=dict.fromkeys(rows, pl.String)), kind="raw", **facts)


def raw_file(path: Path) -> Given:
    """A CSV file with a header line as an upload would store it."""
    return Given(pl.read_csv(path, infer_schema=False), kind="raw")


def listed(rows: list[tuple[str, str]], **facts: Any) -> Given:
    """A table that was uploaded without a header line."""
    frame = pl.DataFrame(rows, schema={"sid": pl.String, "value": pl.String}, orient="row")
    return Given(frame, kind="raw", have_head=False, **facts)

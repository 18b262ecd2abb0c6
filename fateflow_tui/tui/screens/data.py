"""The Data screen: tables, their facts, first rows and lineage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.sdk.types.tables import TableLine, TablePreview
from fateflow_tui.tui import queries
from fateflow_tui.tui.columns import Column
from fateflow_tui.tui.screens.table_actions import TableActions
from fateflow_tui.tui.widgets.listing import Listing
from fateflow_tui.tui.widgets.table_text import (
    TableAnswer,
    columns_of,
    fact_lines,
    key_of,
    preview_words,
    table_columns,
)
from fateflow_tui.tui.widgets.text_views import Pane, TextView

_ROWS = 50  # rows of the preview


class DataScreen(TableActions):
    """The tables of this site."""

    NAME = "data"
    KIND = "table"
    TITLE = "Data"
    EMPTY = "no tables yet\npress U to upload a file"
    FILTER = "namespace, name, kind, job: demo breast disabled"
    SCOPED_CSS = False
    DEFAULT_CSS = """
    DataScreen #below { height: 50%; }
    DataScreen #facts { width: 52; }
    DataScreen #rows { width: 1fr; }
    DataScreen.-wide #facts { width: 70; }
    DataScreen.-short #below { height: 10; }
    DataScreen.-narrow #facts { width: 36; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._drawn: object = None

    def body(self) -> ComposeResult:
        yield from self.table()
        with Horizontal(id="below"):
            with Pane("Table", id="facts"):
                yield TextView()
            with Pane("Rows", id="rows"):
                yield Listing((), id="preview")

    def columns(self) -> tuple[Column[TableLine], ...]:
        return table_columns(now_ms)

    def key(self, record: TableLine) -> str:
        return key_of(record)

    def searched_texts(self, record: TableLine) -> Iterable[str]:
        states = ("enabled" if record.enable else "disabled", "bound" if record.external else "")
        origin = record.origin or {}
        return (record.namespace, record.table_name, record.kind, *states, *map(str, origin.values()))

    def orders(self) -> dict[str, Callable[[TableLine], Any]]:
        return {
            "created": lambda row: 0,
            "name": lambda row: (row.table_name.lower(), row.namespace),
            "rows": lambda row: -(row.count or 0),
            "kind": lambda row: row.kind,
        }

    async def fetch(self) -> list[TableLine]:
        return await queries.tables(self.client, outputs=self.dash.layout.get("data", "outputs", False))

    async def fetch_details(self, record: TableLine) -> TableAnswer:
        tables, names = self.client.tables, (record.namespace, record.table_name)
        found = await asyncio.gather(
            tables.preview(*names, _ROWS), tables.source(*names), tables.jobs(*names), return_exceptions=True
        )
        for one in found:
            if isinstance(one, BaseException) and not isinstance(one, FateFlowError):
                raise one
        return TableAnswer(*found)

    def show_details(self, record: TableLine | None, details: TableAnswer | FateFlowError | None) -> None:
        self.query_one(TextView).show(fact_lines(record, details, now_ms()))
        preview = details.preview if isinstance(details, TableAnswer) else details
        drawn = (record is None, preview)
        if drawn != self._drawn:
            self._drawn = drawn
            self._show_preview(record, preview)

    def _show_preview(self, record: TableLine | None, preview: TablePreview | FateFlowError | None) -> None:
        """Show the first rows, or why they cannot be read."""
        listing: Listing[Any] = self.query_one("#preview", Listing)
        rows = preview.data if isinstance(preview, TablePreview) else []
        listing.empty = preview_words(preview) if record is not None else ""
        listing.show_columns(columns_of(preview.header, rows) if isinstance(preview, TablePreview) else ())
        records = {str(number): row for number, row in enumerate(rows)}
        listing.show(list(records), records)
        count = f"{len(rows)} of {record.count}" if record and isinstance(preview, TablePreview) else ""
        self.query_one("#rows", Pane).set_heading(notes=[(count, "muted")] if count else [])

    def show_count(self) -> None:
        super().show_count()
        if self.dash.layout.get("data", "outputs", False):
            self.query_one("#table", Pane).set_heading("Data and outputs")
        else:
            self.query_one("#table", Pane).set_heading("Data")

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        if event.listing.id == "list":
            self.action_act("table.job")

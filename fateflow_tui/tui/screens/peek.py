"""The first rows of a table on the whole screen."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.tui import table_rows
from fateflow_tui.tui.screens.dialog import Dialog
from fateflow_tui.tui.widgets.listing import Listing
from fateflow_tui.tui.widgets.scroll_words import ScrollWords

_ROWS = 200


class PeekDialog(Dialog[None]):
    """Reads the table, and says what went wrong if it cannot be read."""

    DEFAULT_CSS = "PeekDialog > .box { width: 98%; height: 94%; max-width: 98%; max-height: 94%; padding: 0 1; }"

    def __init__(self, namespace: str, name: str) -> None:
        super().__init__()
        self._namespace, self._name = namespace, name

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(f"{self._namespace}.{self._name}")
            box.border_subtitle = Content(f"esc   $ fateflow table peek {self._namespace} {self._name}")
            yield ScrollWords()

    def on_mount(self) -> None:
        self.query_one(ScrollWords).show([[("reading …", "muted")]])
        self.run_worker(self._read(), exit_on_error=False)

    async def _read(self) -> None:
        words = self.query_one(ScrollWords)
        try:
            found = await self.app.feed.flow.tables.preview(self._namespace, self._name, _ROWS)  # type: ignore[attr-defined]
        except FateFlowError as error:
            words.show([[(str(error), "error")], [(error.hint or "", "muted")]])
            return
        listing: Listing[Any] = Listing(table_rows.columns_of(found.header, found.data), empty="the table is empty")
        records = {str(number): row for number, row in enumerate(found.data)}
        listing.show(list(records), records)
        box = self.query_one(".box", Vertical)
        size = f"{len(found.data)} of {found.count or 0:,} rows, {len(found.header)} columns"
        box.border_title = Content(f"{self._namespace}.{self._name} · {size}")
        await words.remove()
        await box.mount(listing)
        listing.focus()

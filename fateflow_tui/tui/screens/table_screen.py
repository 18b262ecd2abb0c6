"""The base of screens with a table: reading, filter, sort order, marks, and details of the row under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.timer import Timer
from textual.widgets import Input

from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.tui.actions import Selection, action
from fateflow_tui.tui.columns import Column
from fateflow_tui.tui.screens.dash_screen import DashScreen
from fateflow_tui.tui.snapshot import Change, Link
from fateflow_tui.tui.widgets.listing import Listing
from fateflow_tui.tui.widgets.text_views import Pane

T = TypeVar("T")

_REST = 0.12  # seconds after which details of the row under a resting cursor are read
_SETTLED = 0.5  # seconds between the end of a job and reading what it may have produced


class ReadAgainAction(DashScreen):
    """Reloading a whole screen."""

    def read_everything(self) -> None:
        raise NotImplementedError

    @action(
        "rows.again",
        key="r",
        label="refresh",
        tooltip="Reload everything on this screen",
    )
    def rows_again(self, selection: Selection) -> None:
        self.read_everything()


class TableScreen(ReadAgainAction, Generic[T]):
    """Subclasses set `KIND`, define columns and keys, read the rows in `fetch` and draw details in `show_details`."""

    KIND: ClassVar[str] = ""  # of a row in a selection, and the topic of the live store
    TITLE: ClassVar[str] = ""
    EMPTY: ClassVar[str] = ""
    FILTER: ClassVar[str] = "words"
    AFTER_JOBS: ClassVar[bool] = True  # jobs that end can change the rows
    DEFAULT_CSS = """
    TableScreen #filter { display: none; height: 1; border: none; padding: 0; background: $panel; margin: 0 1; }
    TableScreen.-filtering #filter { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._filter = ""
        self._sort = ""
        self.wanted = ""  # the key of the row to move the cursor to once it exists
        self._error: FateFlowError | None = None
        self._details: dict[str, tuple[T, Any]] = {}  # by key: the row, and its details
        self._rest: Timer | None = None
        self._later: Timer | None = None

    def columns(self) -> tuple[Column[T], ...]:
        """Return the columns; sortable ones have a key in `orders`."""
        raise NotImplementedError

    def key(self, record: T) -> str:
        raise NotImplementedError

    def searched_texts(self, record: T) -> Iterable[str]:
        """Return the texts that the filter searches."""
        raise NotImplementedError

    def orders(self) -> dict[str, Callable[[T], Any]]:
        """Return the sort keys by column; the first column is the order in which rows are read."""
        return {}

    async def fetch(self) -> list[T]:
        """Read all rows. Raises FateFlowError."""
        raise NotImplementedError

    async def fetch_details(self, record: T) -> Any:
        """Read details of a row; they are kept until the row changes. Raises FateFlowError."""
        return None

    def show_details(self, record: T | None, details: Any) -> None:
        """Draw the row under the cursor. details: from `fetch_details`, None until read, or its FateFlowError."""

    def table(self) -> ComposeResult:
        with Pane(self.TITLE, id="table"):
            yield Input(placeholder=self.FILTER, id="filter", compact=True)
            yield Listing(self.columns(), empty="loading …", id="list")

    @property
    def listing(self) -> Listing[T]:
        return self.query_one("#list", Listing)

    @property
    def records(self) -> list[T]:
        found: list[T] = self.snapshot.topics.get(self.KIND, [])
        return found

    def on_mount(self) -> None:
        self._filter = self.dash.layout.get(self.NAME, "filter", "")
        self._sort = self.dash.layout.get(self.NAME, "sort", next(iter(self.orders()), ""))
        if self._filter:
            self.query_one("#filter", Input).value = self._filter
        self.listing.focus()

    def changed(self, change: Change) -> None:
        if change.full_refresh and self.snapshot.connection.is_up:
            self.read_again()
        elif self.AFTER_JOBS and any(self._ended(job_id) for job_id in change.jobs):
            self._read_soon()
        if self.KIND in change.topics or change.full_refresh:
            self.show_rows()
        if change.connection:
            self.listing.empty = self._empty()
            self.listing.refresh()

    def selection(self) -> Selection:
        listing = next(iter(self.query("#list").results(Listing)), None)
        keys = [] if listing is None else [k for k in listing.keys if k in listing.marked] or [listing.cursor]
        rows = tuple(listing.records[key] for key in keys if key in listing.records) if listing is not None else ()
        return Selection(rows={self.KIND: rows}, connected=self.snapshot.connection.is_up)

    async def reread(self, cursor: str = "") -> None:
        """Read the rows again after a change. cursor: the key of the row to go to. Raises FateFlowError."""
        self.wanted = cursor or self.wanted
        await self.store.read(self.KIND, self.fetch())

    def chosen(self, selection: Selection) -> T:
        """Return the row that an action works on, the first one of several."""
        row: T = selection.of(self.KIND)[0]
        return row

    async def done(self, text: str, *, cli: str = "", cursor: str = "") -> None:
        """Show what an action did, and read the rows again. cursor: the key of the row to go to."""
        self.dash.toast(text, cli=cli)
        await self.reread(cursor)

    def read_again(self) -> None:
        self.run_worker(self._read(), group="rows", exclusive=True, exit_on_error=False)

    def _contains(self, record: T, words: list[str]) -> bool:
        return all(any(word in text.lower() for text in self.searched_texts(record)) for word in words)

    def show_rows(self) -> None:
        words = self._filter.lower().split()
        rows = [one for one in self.records if self._contains(one, words)]
        order = self.orders().get(self._sort)
        if order is not None and self._sort != next(iter(self.orders())):
            rows.sort(key=order)
        listing = self.listing
        listing.sorted_by = (self._sort, "▼")
        listing.empty = self._empty()
        keys = [self.key(one) for one in rows]
        moved = keys != listing.keys
        listing.show(keys, dict(zip(keys, rows, strict=True)))
        if self.wanted in keys:
            listing.move_to(self.wanted)
            self.wanted = ""
        elif moved:
            listing.reveal()
        self.show_count()
        self._draw_details()

    def show_count(self) -> None:
        listing, total = self.listing, len(self.records)
        notes = [(f"/ {self._filter} ", "accent"), ("── ", "muted")] if self._filter else []
        notes += [(f"◆ {len(listing.marked)} marked ── ", "accent")] if listing.marked else []
        count = f"{len(listing.keys)} of {total}" if self._filter else str(total) if total else ""
        self.query_one("#table", Pane).set_heading(notes=[*notes, (count, "muted")])

    def reload_details(self) -> None:
        """Read the details of the row under the cursor again."""
        self._details.pop(self.listing.cursor, None)
        self._draw_details()
        self._read_details()

    def on_listing_moved(self, event: Listing.Moved) -> None:
        if event.listing.id != "list":
            return
        self._draw_details()
        self.show_actions()
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(_REST, self._read_details)

    def on_listing_title_clicked(self, event: Listing.TitleClicked) -> None:
        if event.column in self.orders():
            self._set_order(event.column)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._filter = event.value
        self.dash.layout.set(self.NAME, "filter", event.value)
        self.show_rows()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.remove_class("-filtering")
        self.listing.focus()

    @action(
        "rows.filter",
        key="slash",
        label="filter",
        tooltip="Show only rows that contain all words; esc clears the filter",
        footer=20,
    )
    def rows_filter(self, selection: Selection) -> None:
        self.add_class("-filtering")
        self.query_one("#filter", Input).focus()

    @action(
        "rows.sort",
        key="o",
        label="sort",
        tooltip="Sort by the next column, or click a column's title",
    )
    def rows_sort(self, selection: Selection) -> None:
        names = list(self.orders())
        place = names.index(self._sort) if self._sort in names else 0
        self._set_order(names[(place + 1) % len(names)])

    def read_everything(self) -> None:
        self._details.clear()
        self.read_again()

    def app_back(self, selection: Selection) -> None:
        if self.has_class("-zoomed"):
            super().app_back(selection)
        elif self._filter or self.has_class("-filtering"):
            self.query_one("#filter", Input).value = ""
            self.remove_class("-filtering")
            self.listing.focus()
        else:
            self.unmark_all()

    def unmark_all(self) -> None:
        self.listing.unmark_all()
        self.show_count()
        self.show_actions()

    def _set_order(self, column: str) -> None:
        self._sort = column
        self.dash.layout.set(self.NAME, "sort", column)
        self.show_rows()

    def _ended(self, job_id: str) -> bool:
        line = self.snapshot.lines.get(job_id)
        return line is None or line.status.ended

    def _read_soon(self) -> None:
        if self._later is None:
            self._later = self.set_timer(_SETTLED, self._read_now)

    def _read_now(self) -> None:
        self._later = None
        self.read_again()

    async def _read(self) -> None:
        try:
            await self.reread()
        except FateFlowError as error:
            self._error = error
            self.listing.empty = self._empty()
            self.listing.refresh()
        else:
            fresh = self._error is not None or not self.listing.keys
            self._error = None
            if fresh:
                self.show_rows()
            self._read_details()

    def _draw_details(self) -> None:
        self.show_details(self.listing.record, self._details_of_row())

    def _details_of_row(self) -> Any:
        """The details of the row under the cursor; None until they are read."""
        row, answer = self._details.get(self.listing.cursor, (None, None))
        return answer if row is not None and row == self.listing.record else None

    def _read_details(self) -> None:
        record, key = self.listing.record, self.listing.cursor
        if record is not None and self._details_of_row() is None and self.snapshot.connection.is_up:
            # A coroutine object would never be awaited if the worker is replaced before it starts.
            work = partial(self._fetch_and_draw, key, record)
            self.run_worker(work, group="details", exclusive=True, exit_on_error=False)  # type: ignore[arg-type]

    async def _fetch_and_draw(self, key: str, record: T) -> None:
        try:
            answer = await self.fetch_details(record)
        except FateFlowError as error:
            answer = error
        self._details[key] = (record, answer)
        if key == self.listing.cursor:
            self._draw_details()

    def _empty(self) -> str:
        connection = self.snapshot.connection
        if self.records and self._filter:
            return f"no {self.KIND} matches the filter\npress esc to clear it"
        if connection.link is Link.DISCONNECTED:
            return f"not connected\n{connection.text}\n{connection.hint}"
        if self._error is not None:
            return f"{self._error}\n{self._error.hint}\npress r to retry"
        return self.EMPTY if self.KIND in self.snapshot.topics else "loading …"


class MarkableTableScreen(TableScreen[T]):
    """A table whose rows can be marked, to act on several at once."""

    @action(
        "rows.mark",
        key="space",
        label="mark",
        tooltip="Mark this row or unmark it, to act on several rows at once",
        footer=21,
    )
    def rows_mark(self, selection: Selection) -> None:
        self.listing.toggle_mark(self.listing.cursor)
        self.listing.action_move(1)
        self.show_count()
        self.show_actions()

    @action(
        "rows.unmark_all",
        key="u",
        label="unmark all",
        tooltip="Remove all marks",
    )
    def rows_unmark_all(self, selection: Selection) -> None:
        self.unmark_all()

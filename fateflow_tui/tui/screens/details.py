"""Dialogs that show one thing: a failure card, a model diff, the first rows of a table, a job's progress, its why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from fateflow_tui.core.cells import Spans, on_one_line
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.formatting import marked
from fateflow_tui.core.messages import FailureCard
from fateflow_tui.tui import columns
from fateflow_tui.tui.queries import ModelRow
from fateflow_tui.tui.screens.dialog import Dialog
from fateflow_tui.tui.snapshot import Change
from fateflow_tui.tui.widgets import table_text
from fateflow_tui.tui.widgets.listing import Listing
from fateflow_tui.tui.widgets.text_views import ScrollText, TextView
from fateflow_tui.views.cards import card_lines, log_lines
from fateflow_tui.views.diff import model_diff_lines
from fateflow_tui.views.text import error_lines
from fateflow_tui.views.why import why_lines

if TYPE_CHECKING:
    from fateflow_tui.tui.dashboard import Dashboard


_MAX_CHANGES: Final = 20  # of a document and of a model, in a diff


class CardDialog(Dialog[None]):
    """A failure card with its traceback."""

    DEFAULT_CSS = "CardDialog > .box { width: 94%; height: 90%; padding: 0 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "copy", show=False, id="card.copy", tooltip="Copy the whole card")
    ]

    def __init__(self, card: FailureCard) -> None:
        super().__init__()
        self._card = card

    def compose(self) -> ComposeResult:
        with Vertical(classes="box dangerous") as box:
            box.border_title = f"{self._card.component} at {self._card.party}, run {self._card.version + 1}"
            box.border_subtitle = "y copy   esc"
            yield ScrollText()

    def on_mount(self) -> None:
        self.query_one(ScrollText).show(whole_lines(self._card))
        self.query_one(ScrollText).focus()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.query_one(ScrollText).text)
        self.app.toast("copied the card")  # type: ignore[attr-defined]


def whole_lines(card: FailureCard) -> list[Spans]:
    lines = card_lines(card, log=False, short=True)
    if card.traceback:
        lines += [[], [("traceback", "title")]]
        lines += [[(f"  {on_one_line(line)}", "")] for line in card.traceback.rstrip().splitlines()]
    if card.log:
        lines += [[], [("last lines of the log", "title")]]
        lines += [[(f"  {line}", "muted")] for line in log_lines(card)]
    return lines


class DiffDialog(Dialog[None]):
    """The differences of two model versions, the older one first."""

    DEFAULT_CSS = """
    DiffDialog > .box { width: 94%; height: 90%; max-width: 130; padding: 1 2; }
    """

    def __init__(self, one: ModelRow, other: ModelRow) -> None:
        super().__init__()
        self._older, self._newer = sorted((one, other), key=lambda model: model.created_at)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content("Comparison of two versions")
            line = f"$ fateflow model diff {self._older.model_version} {self._newer.model_version}"
            box.border_subtitle = Content(f"esc   {line}")
            yield TextView()

    def on_mount(self) -> None:
        self.query_one(TextView).show([[("loading …", "muted")]])
        self.query_one(TextView).focus()
        self.run_worker(self._read(), exit_on_error=False)

    async def _read(self) -> None:
        older, newer = self._older.model_version, self._newer.model_version
        try:
            found = await self.app.store.client.models.diff(older, newer)  # type: ignore[attr-defined]
            lines = model_diff_lines(found, older, newer, limit=_MAX_CHANGES)
        except FateFlowError as error:
            lines = error_lines(error)
        self.query_one(TextView).show(lines)


_ROWS = 200


class PeekDialog(Dialog[None]):
    """The first rows of a table."""

    DEFAULT_CSS = "PeekDialog > .box { width: 98%; height: 94%; max-width: 98%; max-height: 94%; padding: 0 1; }"

    def __init__(self, namespace: str, name: str) -> None:
        super().__init__()
        self._namespace, self._name = namespace, name

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(f"{self._namespace}.{self._name}")
            box.border_subtitle = Content(f"esc   $ fateflow table peek {self._namespace} {self._name}")
            yield ScrollText()

    def on_mount(self) -> None:
        self.query_one(ScrollText).show([[("loading …", "muted")]])
        self.run_worker(self._read(), exit_on_error=False)

    async def _read(self) -> None:
        words = self.query_one(ScrollText)
        try:
            found = await self.app.store.client.tables.preview(self._namespace, self._name, _ROWS)  # type: ignore[attr-defined]
        except FateFlowError as error:
            words.show(error_lines(error))
            return
        listing: Listing[Any] = Listing(table_text.columns_of(found.header, found.data), empty="the table is empty")
        records = {str(number): row for number, row in enumerate(found.data)}
        listing.show(list(records), records)
        box = self.query_one(".box", Vertical)
        size = f"{len(found.data)} of {found.count or 0:,} rows, {len(found.header)} columns"
        box.border_title = Content(f"{self._namespace}.{self._name} · {size}")
        await words.remove()
        await box.mount(listing)
        listing.focus()


_BAR = 40


class FollowDialog(Dialog[bool]):
    """Follows a job. Closes with True when it succeeds; a failure stays visible; escape stops following."""

    def __init__(self, job_id: str, title: str) -> None:
        super().__init__()
        self._job_id, self._title = job_id, title
        self._stop_listening: Callable[[], None] = lambda: None

    @property
    def dash(self) -> Dashboard:
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content(f"esc closes, the job continues   $ fateflow job show {self._job_id}")
            yield Static("…")

    def on_mount(self) -> None:
        self._stop_listening = self.dash.store.listen(self._on_change)
        self.dash.store.subscribe(self._job_id)
        self._draw()

    def on_unmount(self) -> None:
        self._stop_listening()
        self.dash.store.unsubscribe(self._job_id)

    def _on_change(self, change: Change) -> None:
        if change.full_refresh or self._job_id in change.jobs or self._job_id in change.views:
            self._draw()

    def _draw(self) -> None:
        known = self.dash.store.snapshot
        line, view = known.lines.get(self._job_id), known.views.get(self._job_id)
        if line is None:
            return
        if line.status.succeeded:
            self._stop_listening()
            self.dismiss(True)
            return
        done, rest = columns.bar(line.progress, _BAR)
        lines: list[Spans] = [[(done, line.status), (rest, "frame"), (f"  {marked(line.status)}", line.status)]]
        if line.waiting is not None:
            lines.append([(on_one_line(line.waiting.text), "warning")])
        if line.status.ended:
            lines.append([(on_one_line(line.reason), line.status)])
            lines += [row for card in (view.cards if view else []) for row in ([], *card_lines(card, short=True))]
        text = Text()
        for number, spans in enumerate(lines):
            text.append("\n" if number else "")
            for word, style in spans:
                text.append(word, self.dash.palette[style])
        self.query_one(Static).update(text)


class WhyDialog(Dialog[None]):
    """Why a job has its status."""

    DEFAULT_CSS = "WhyDialog > .box { width: 96; }"

    def __init__(self, job_id: str, component: str = "") -> None:
        super().__init__()
        self._job_id = job_id
        self._component = component

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box") as box:
            box.border_title = f"Why {self._job_id}"
            box.border_subtitle = f"esc   $ fateflow job why {self._job_id}"
            yield Static("loading …")

    def on_mount(self) -> None:
        self.run_worker(self._read(), exit_on_error=False)

    async def _read(self) -> None:
        try:
            found = await self.app.store.client.jobs.why(self._job_id)  # type: ignore[attr-defined]
            lines = why_lines(found, now_ms(), details=True)
        except FateFlowError as error:
            lines = error_lines(error)
        styles = self.app.palette  # type: ignore[attr-defined]
        text = Text()
        for number, line in enumerate(lines):
            text.append("\n" if number else "")
            for word, style in line:
                text.append(word, styles[style])
        self.query_one(Static).update(text)

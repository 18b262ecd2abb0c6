"""The output tab: a component's tables, model and summary; for the whole job, a list of all tables."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from fateflow_tui.core.cells import Spans
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.formatting import plural
from fateflow_tui.sdk.types.jobs import OutputInfo
from fateflow_tui.sdk.types.tables import DataPreview
from fateflow_tui.tui.columns import Column
from fateflow_tui.tui.job_filter import Subject
from fateflow_tui.tui.widgets import table_text
from fateflow_tui.tui.widgets.choices import Chips
from fateflow_tui.tui.widgets.job_tab import JobTab
from fateflow_tui.tui.widgets.listing import Listing
from fateflow_tui.tui.widgets.tab_conf import tree_lines
from fateflow_tui.tui.widgets.tab_tasks import TasksTab
from fateflow_tui.tui.widgets.text_views import ScrollText

MODEL: Final = "model"
SUMMARY: Final = "summary"
_TABLES: Final[tuple[Column[OutputInfo], ...]] = (
    Column("component", "COMPONENT", lambda one, width: [(one.component_name, "strong")], 12, 28),
    Column("party", "PARTY", lambda one, width: [(f"{one.role}:{one.party_id}", "")], 10, 14),
    Column("port", "PORT", lambda one, width: [(one.data_name, "")], 6, 16, 2),
    Column("table", "TABLE", lambda one, width: [(f"{one.table_namespace}.{one.table_name}", "muted")], 16, rank=1),
)


class OutputTab(JobTab):
    """Keys choose the party and the section; a table shows its first rows."""

    DEFAULT_CSS = """
    OutputTab .chips { height: 1; }
    OutputTab #rows { height: 1fr; }
    OutputTab .-off { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "pick", "component", show=False, id="output.pick", tooltip="Show the outputs of this component"
        ),
    ]

    def __init__(self) -> None:
        super().__init__("output")
        self._tables: list[OutputInfo] = []
        self._preview = DataPreview()
        self._model: dict[str, Any] = {}
        self._summary: dict[str, Any] = {}
        self._drawn: object = None

    def compose(self) -> ComposeResult:
        with Horizontal(classes="chips"):
            yield Chips("party", "p", id="party")
            yield Chips("", "x", id="what")
        yield ScrollText(id="words")
        yield Vertical(id="rows")

    @property
    def party(self) -> str:
        return self.query_one("#party", Chips).chosen

    @property
    def table(self) -> tuple[str, str] | None:
        """Namespace and name of the table that is shown or under the cursor."""
        if self.subject is not None and not self.subject.component:
            for listing in self.query(Listing):
                one = listing.record
                return (one.table_namespace, one.table_name) if isinstance(one, OutputInfo) else None
            return None
        port = self.query_one("#what", Chips).chosen
        found = next((one for one in self._here() if one.data_name == port), None)
        return (found.table_namespace, found.table_name) if found is not None else None

    def wanted(self, subject: Subject) -> Any:
        chips = self.query_one("#party", Chips)
        elsewhere = [party for party in subject.parties if party not in subject.here]
        chips.offer(subject.parties, frozenset(elsewhere))
        tasks = tuple(
            (one.name, one.version, one.status)
            for one in subject.view.components
            if subject.component in ("", one.name) and one.status.ended
        )
        return subject.job_id, (subject.component, chips.chosen), tasks

    def forget(self) -> None:
        self._tables, self._preview, self._model, self._summary = [], DataPreview(), {}, {}

    async def read(self, subject: Subject) -> None:
        self._tables = await self.flow.jobs.outputs(subject.job_id, None, subject.component)
        if not subject.component or not self.party:
            return
        job_id, component, party = subject.job_id, subject.component, self.party
        made = any(f"{one.role}:{one.party_id}" == party for one in self._tables)
        self._preview = await self.flow.tracking.output_data(job_id, component, party) if made else DataPreview()
        model = await self.flow.tracking.output_model(job_id, component, party)
        self._model = {**model.param, "settings": model.meta} if model.param or model.meta else {}
        try:
            self._summary = await self.flow.tracking.summary(job_id, component, party)
        except FateFlowError:
            self._summary = {}  # no summary

    def draw(self) -> None:
        subject = self.subject
        if subject is None:
            return
        whole = not subject.component
        self.query_one(".chips").set_class(whole, "-off")
        what = self.query_one("#what", Chips)
        offered = [*self._preview.names] + [MODEL] * bool(self._model) + [SUMMARY] * bool(self._summary)
        what.offer([] if whole else offered)
        what.set_class(not offered, "-off")
        words = self.query_one("#words", ScrollText)
        lines = self._lines(subject, what.chosen)
        rows_shown = not lines
        words.set_class(rows_shown, "-off")
        self.query_one("#rows").set_class(not rows_shown, "-off")
        words.show(lines)
        drawn = (whole, what.chosen, self._preview, self._tables)
        if rows_shown and drawn != self._drawn:
            self._drawn = drawn
            self.run_worker(self._put(self._listing(whole, what.chosen)), group="rows", exclusive=True)

    def notes(self) -> Spans:
        if self.subject is None or not self.subject.component:
            return [(plural(len(self._tables), "table"), "muted")]
        port = self.query_one("#what", Chips).chosen
        if port not in self._preview.names:
            return []
        total = self._preview.total[self._preview.names.index(port)]
        return [(f"{total:,} rows", "muted")]

    def step(self, chips: str) -> None:
        self.query_one(f"#{chips}", Chips).step()

    def action_pick(self) -> None:
        for listing in self.query(Listing):
            if isinstance(listing.record, OutputInfo):
                self.post_message(TasksTab.Picked(listing.record.component_name))

    def on_chips_chosen(self, event: Chips.Chosen) -> None:
        if event.chips.id == "party":
            self.reload()
        else:
            self.draw()
        self.post_message(self.NotesChanged())

    def on_listing_moved(self) -> None:
        self.post_message(self.NotesChanged())

    def _here(self) -> list[OutputInfo]:
        return [one for one in self._tables if f"{one.role}:{one.party_id}" == self.party]

    def _lines(self, subject: Subject, what: str) -> list[Spans]:
        """Return the text to show; nothing if rows are shown instead."""
        if self.failure is not None or self.reading:
            return self.placeholder()
        if what == MODEL:
            return tree_lines(self._model)
        if what == SUMMARY:
            return tree_lines(self._summary)
        if subject.component and not self.party:
            return [[("not available: the parties are at other sites", "muted")]]
        if self.unread:
            return [[("", "")]]
        if (subject.component and not what) or not self._tables:
            about, chosen = subject.component or "this job", subject.chosen
            place = self.party if chosen is not None and self.party else "this site"
            ended = (chosen or subject.view).status.ended
            return [[(f"{about} has no output table or model at {place}{'' if ended else ' yet'}", "muted")]]
        return []

    def _listing(self, whole: bool, port: str) -> Listing[Any]:
        if whole:
            listing: Listing[Any] = Listing(_TABLES)
            records: dict[str, Any] = {str(number): one for number, one in enumerate(self._tables)}
        else:
            place = self._preview.names.index(port) if port in self._preview.names else 0
            rows = self._preview.rows[place] if place < len(self._preview.rows) else []
            header = self._preview.header[place] if place < len(self._preview.header) else None
            listing = Listing(table_text.columns_of(header, rows), empty="the table is empty")
            records = {str(number): row for number, row in enumerate(rows)}
        listing.show(list(records), records)
        return listing

    async def _put(self, listing: Listing[Any]) -> None:
        place = self.query_one("#rows", Vertical)
        had_focus = any(one.has_focus for one in place.children)
        async with self.batch():
            await place.remove_children()
            await place.mount(listing)
        if had_focus:
            listing.focus()

"""The tabs that explain a job's status: why it has it, and the failure cards of all parties."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ItemGrid, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from fateflow_tui.core.cells import Spans
from fateflow_tui.core.formatting import plural
from fateflow_tui.core.messages import FailureCard
from fateflow_tui.core.status import Status
from fateflow_tui.sdk.types.jobs import JobWhy
from fateflow_tui.tui.job_filter import Subject
from fateflow_tui.tui.widgets.job_tab import JobTab
from fateflow_tui.tui.widgets.text_views import ScrollText
from fateflow_tui.views.cards import LOG_LINES, card_mark, card_summary
from fateflow_tui.views.why import why_lines


class WhyTab(JobTab):
    """Reads the explanation on every change, and every few seconds while the job runs or waits."""

    def __init__(self) -> None:
        super().__init__("why")
        self._found: JobWhy | None = None
        self._about = ("", "")

    def compose(self) -> ComposeResult:
        yield ScrollText()

    def wanted(self, subject: Subject) -> Any:
        view = subject.view
        statuses = tuple((one.version, one.status) for one in view.components)
        slowly = 0 if view.status.ended else subject.now // 5000
        return view.job_id, subject.component, (view.status, view.waiting, view.reruns, statuses, slowly)

    async def read(self, subject: Subject) -> None:
        self._found = await self.flow.jobs.why(subject.job_id, subject.component)
        self._about = subject.job_id, subject.component

    def draw(self) -> None:
        subject, found = self.subject, self._found
        if subject is None:
            return
        fits = self._about == (subject.job_id, subject.component)
        lines = why_lines(found, subject.now, details=True) if found is not None and fits else []
        failed = self.placeholder() if self.failure is not None or not lines else []
        self.query_one(ScrollText).show([*failed, *lines])


class CardBox(Static, can_focus=True):
    """A failure card in a frame."""

    DEFAULT_CSS = """
    CardBox { border: round $frame; padding: 0 1; height: auto; border-title-color: $error;
        &:focus { border: heavy $error; border-title-style: bold; } }
    CardBox.-canceled { border-title-color: $warning; &:focus { border: heavy $warning; } }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", show=False, id="card.open", tooltip="Open the card with its traceback"),
        Binding("down,right,j", "app.focus_next", "next", show=False, id="card.next", tooltip="The next card"),
        Binding("up,left,k", "app.focus_previous", "previous", show=False, id="card.up", tooltip="The previous card"),
    ]

    class Opened(Message):
        """The user opens the card."""

        def __init__(self, card: FailureCard) -> None:
            super().__init__()
            self.card = card

    def __init__(self, card: FailureCard) -> None:
        super().__init__()
        self.card = card
        mark, style = card_mark(card)
        self.border_title = f"{mark} {card.component} at {card.party}"
        self.set_class(style == Status.CANCELED, "-canceled")
        self.border_subtitle = "enter: details" if card.traceback or len(card.log) > LOG_LINES else ""

    def render(self) -> Text:
        styles = self.app.palette  # type: ignore[attr-defined]
        text = Text(end="")
        for number, line in enumerate(card_summary(self.card, max(20, self.size.width))):
            text.append("\n" if number else "")
            for word, style in line:
                text.append(word, styles[style])
        return text

    def action_open(self) -> None:
        self.post_message(self.Opened(self.card))

    def on_click(self) -> None:
        self.action_open()


class CardsTab(JobTab):
    """Cards are side by side if the width allows, otherwise one below the other."""

    DEFAULT_CSS = """
    CardsTab ItemGrid { height: auto; grid-gutter: 0 1; }
    CardsTab #none { color: $muted; }
    """

    def __init__(self) -> None:
        super().__init__("cards")
        self._shown: list[FailureCard] | None = None

    def compose(self) -> ComposeResult:
        yield Static("", id="none", markup=False)
        with VerticalScroll(can_focus=False):
            yield ItemGrid(min_column_width=44)

    def draw(self) -> None:
        subject = self.subject
        if subject is None or subject.cards == self._shown:
            return
        self._shown = subject.cards
        had_focus = any(box.has_focus for box in self.query(CardBox))
        self.query_one("#none", Static).update(_none(subject) if not subject.cards else "")
        self.query_one("#none").display = not subject.cards
        grid = self.query_one(ItemGrid)
        self.run_worker(self._put(grid, list(subject.cards), had_focus), group="cards", exclusive=True)

    async def _put(self, grid: ItemGrid, cards: list[FailureCard], focus: bool) -> None:
        async with self.batch():
            await grid.remove_children()
            await grid.mount_all([CardBox(card) for card in cards])
        boxes = list(self.query(CardBox))
        if focus and boxes:
            boxes[0].focus()

    def notes(self) -> Spans:
        count = len(self.subject.cards) if self.subject is not None else 0
        return [(plural(count, "card"), "error" if count else "muted")]


def _none(subject: Subject) -> str:
    about = subject.component or "this job"
    if subject.view.status.ended and not subject.view.status.succeeded and not subject.view.cards:
        return f"no task of {about} has failed; press w to see why it ended"
    return f"no failures in {about}"

"""Failure cards of all parties beside each other."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ItemGrid, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from fateflow_tui.core.messages import FailureCard
from fateflow_tui.core.status import Status
from fateflow_tui.text.places import cut, on_one_line
from fateflow_tui.text.spans import Spans, wrapped
from fateflow_tui.tui import texts
from fateflow_tui.tui.job_subject import Subject
from fateflow_tui.tui.widgets.cards import log_lines, sign
from fateflow_tui.tui.widgets.job_tab import JobTab

_LOG = 12  # last lines that a card shows; the whole is shown on enter


class CardBox(Static, can_focus=True):
    """One card in a frame: the cause first, then where, how it ended, what to do, the last words."""

    DEFAULT_CSS = """
    CardBox { border: round $frame; padding: 0 1; height: auto; border-title-color: $error;
        &:focus { border: heavy $error; border-title-style: bold; } }
    CardBox.-canceled { border-title-color: $warning; &:focus { border: heavy $warning; } }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "whole", show=False, id="card.open", tooltip="The whole card, with its traceback"),
        Binding("down,right,j", "app.focus_next", "next", show=False, id="card.next", tooltip="The next card"),
        Binding("up,left,k", "app.focus_previous", "previous", show=False, id="card.up", tooltip="The card before"),
    ]

    class Opened(Message):
        """A card is to be shown whole."""

        def __init__(self, card: FailureCard) -> None:
            super().__init__()
            self.card = card

    def __init__(self, card: FailureCard) -> None:
        super().__init__()
        self.card = card
        mark, style = sign(card)
        self.border_title = f"{mark} {card.component} at {card.party}"
        self.set_class(style == Status.CANCELED, "-canceled")
        self.border_subtitle = "enter: all of it" if card.traceback or len(card.log) > _LOG else ""

    def render(self) -> Text:
        styles = self.app.palette  # type: ignore[attr-defined]
        text = Text(end="")
        for number, line in enumerate(brief_lines(self.card, max(20, self.size.width))):
            text.append("\n" if number else "")
            for word, style in line:
                text.append(word, styles[style])
        return text

    def action_open(self) -> None:
        self.post_message(self.Opened(self.card))

    def on_click(self) -> None:
        self.action_open()


class CardsTab(JobTab):
    """Beside each other where there is room, below each other elsewhere."""

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

    def look(self) -> None:
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
        return [(texts.plural(count, "card"), "error" if count else "muted")]


def brief_lines(card: FailureCard, room: int) -> list[Spans]:
    """What a person needs to go on, most needed first."""
    lines: list[Spans] = wrapped([(on_one_line(card.cause or card.kind), f"{sign(card)[1]} strong")], room)
    ended = {"signal": card.signal, "exit": "" if card.exit_code in (None, 0) else str(card.exit_code)}
    facts = {"fix": card.fix, "where": texts.path_end(card.where), **ended, "memory": texts.mib(card.peak_memory)}
    facts["run"] = str(card.version + 1) if card.version else ""
    for name, value in facts.items():
        if value:
            style = "success" if name == "fix" else ""
            lines += wrapped([(f"{name:<7}", "muted"), (on_one_line(value), style)], room)
    if card.log:
        lines.append([("─" * room, "frame")])
        lines += [[(cut(line, room), "muted")] for line in log_lines(card)[-_LOG:]]
    return lines


def _none(subject: Subject) -> str:
    about = subject.component or "this job"
    if subject.view.status.ended and not subject.view.status.succeeded and not subject.view.cards:
        return f"no task of {about} has failed; w says why it ended"
    return f"nothing of {about} has failed"

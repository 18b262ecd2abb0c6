"""Failure cards of all parties side by side."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ItemGrid, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from fateflow_tui.core.cells import Spans, cut, on_one_line, wrapped
from fateflow_tui.core.formatting import MARKS, plural
from fateflow_tui.core.messages import FailureCard
from fateflow_tui.core.status import Status
from fateflow_tui.tui import columns
from fateflow_tui.tui.job_filter import Subject
from fateflow_tui.tui.widgets.job_tab import JobTab


def card_lines(card: FailureCard, *, log: bool = True) -> list[Spans]:
    """Format a card: party, cause, place, exit, hint, and the last log lines."""
    mark, style = sign(card)
    lines: list[Spans] = [[(f"{mark} {card.component}", f"{style} strong"), (f"  at {card.party}", style)]]
    facts = (
        ("cause", card.cause, style),
        ("where", columns.path_end(card.where), ""),
        ("signal", card.signal, ""),
        ("exit", "" if card.exit_code in (None, 0) or card.signal else str(card.exit_code), ""),
        ("memory", columns.mib(card.peak_memory), ""),
        ("fix", card.hint, "success"),
    )
    lines += [[(f"  {name:<7}", "muted"), (on_one_line(value), style)] for name, value, style in facts if value]
    if log and card.log:
        lines += [[], *([("  ", ""), (line, "muted")] for line in log_lines(card))]
    return lines


def sign(card: FailureCard) -> tuple[str, str]:
    """Return the card's mark and style; a task that was stopped because another one failed is canceled."""
    status = Status.CANCELED if card.kind == "canceled" else Status.FAILED
    return MARKS[status], status


def log_lines(card: FailureCard) -> list[str]:
    """Return its last log lines with local time, level and message, as the card names the task already."""
    lines = []
    for line in card.log:
        head, bar, message = line.partition(" | ")
        words = head.split()
        try:
            at = round(datetime.fromisoformat(words[0]).timestamp() * 1000) if bar and len(words) == 4 else 0
        except ValueError:
            at = 0
        lines.append(on_one_line(f"{columns.clock(at)} {words[1]:<7} {message}" if at else line))
    return lines


_LOG = 12  # last log lines on a card; enter shows all of them


class CardBox(Static, can_focus=True):
    """A failure card in a frame."""

    DEFAULT_CSS = """
    CardBox { border: round $frame; padding: 0 1; height: auto; border-title-color: $error;
        &:focus { border: heavy $error; border-title-style: bold; } }
    CardBox.-canceled { border-title-color: $warning; &:focus { border: heavy $warning; } }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "whole", show=False, id="card.open", tooltip="Open the card with its traceback"),
        Binding("down,right,j", "app.focus_next", "next", show=False, id="card.next", tooltip="The next card"),
        Binding("up,left,k", "app.focus_previous", "previous", show=False, id="card.up", tooltip="The previous card"),
    ]

    class Opened(Message):
        """A card is to be opened."""

        def __init__(self, card: FailureCard) -> None:
            super().__init__()
            self.card = card

    def __init__(self, card: FailureCard) -> None:
        super().__init__()
        self.card = card
        mark, style = sign(card)
        self.border_title = f"{mark} {card.component} at {card.party}"
        self.set_class(style == Status.CANCELED, "-canceled")
        self.border_subtitle = "enter: full card" if card.traceback or len(card.log) > _LOG else ""

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
    """Side by side if there is enough width, otherwise below each other."""

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


def brief_lines(card: FailureCard, width: int) -> list[Spans]:
    """Format a card in brief, the most useful facts first."""
    lines: list[Spans] = wrapped([(on_one_line(card.cause or card.kind), f"{sign(card)[1]} strong")], width)
    ended = {"signal": card.signal, "exit": "" if card.exit_code in (None, 0) else str(card.exit_code)}
    facts = {"fix": card.hint, "where": columns.path_end(card.where), **ended, "memory": columns.mib(card.peak_memory)}
    facts["run"] = str(card.version + 1) if card.version else ""
    for name, value in facts.items():
        if value:
            style = "success" if name == "fix" else ""
            lines += wrapped([(f"{name:<7}", "muted"), (on_one_line(value), style)], width)
    if card.log:
        lines.append([("─" * width, "frame")])
        lines += [[(cut(line, width), "muted")] for line in log_lines(card)[-_LOG:]]
    return lines


def _none(subject: Subject) -> str:
    about = subject.component or "this job"
    if subject.view.status.ended and not subject.view.status.succeeded and not subject.view.cards:
        return f"no task of {about} has failed; press w to see why it ended"
    return f"no failures in {about}"

"""A failure card whole, with the traceback and the last lines of the log."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from fateflow_tui.core.messages import FailureCard
from fateflow_tui.text.places import on_one_line
from fateflow_tui.text.spans import Spans
from fateflow_tui.tui.screens.dialog import Dialog
from fateflow_tui.tui.widgets.cards import card_lines, log_lines
from fateflow_tui.tui.widgets.scroll_words import ScrollWords


class CardDialog(Dialog[None]):
    """As large as the screen allows, as tracebacks are long."""

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
            yield ScrollWords()

    def on_mount(self) -> None:
        self.query_one(ScrollWords).show(whole_lines(self._card))
        self.query_one(ScrollWords).focus()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.query_one(ScrollWords).text)
        self.app.tell("copied the card")  # type: ignore[attr-defined]


def whole_lines(card: FailureCard) -> list[Spans]:
    lines = card_lines(card, log=False)
    if card.traceback:
        lines += [[], [("traceback", "title")]]
        lines += [[(f"  {on_one_line(line)}", "")] for line in card.traceback.rstrip().splitlines()]
    if card.log:
        lines += [[], [("last lines of its log", "title")]]
        lines += [[(f"  {line}", "muted")] for line in log_lines(card)]
    return lines

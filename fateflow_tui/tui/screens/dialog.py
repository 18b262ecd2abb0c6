"""Dialogs: boxes above the screen; the question, what it is about, and the command line it stands for."""

from __future__ import annotations

from typing import ClassVar, TypeVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

T = TypeVar("T")


class Question(msgspec.Struct, frozen=True):
    """title: what is to be done. lines: to which objects, at which parties. yes: the word on the button."""

    title: str
    lines: tuple[str, ...] = ()
    cli: str = ""
    yes: str = "yes"
    dangerous: bool = False


class Dialog(ModalScreen[T]):
    """A box in the middle that `escape` closes without a result."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; }
    Dialog > .box {
        width: 76; max-width: 94%; height: auto; max-height: 90%;
        border: round $primary; border-title-color: $primary; border-title-style: bold;
        border-subtitle-color: $muted; background: $surface; padding: 1 2;
    }
    Dialog > .dangerous { border: round $error; border-title-color: $error; }
    Dialog .lines { height: auto; max-height: 18; }
    Dialog .cli { color: $muted; margin-top: 1; }
    Dialog .buttons { height: auto; margin-top: 1; align-horizontal: right; }
    Dialog Button { margin-left: 2; min-width: 12; height: 1; border: none; background: $panel; }
    Dialog Button:focus { background: $primary; color: $background; text-style: bold !important; }
    Dialog:ansi Button:focus { background: ansi_default; color: ansi_default; text-style: bold reverse !important; }
    Dialog Input { border: tall $frame; background: $background; &:focus { border: tall $primary; } }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "close", show=False, id="dialog.close", tooltip="Close this and do nothing")
    ]

    def action_close(self) -> None:
        self.dismiss(None)


class ConfirmDialog(Dialog[bool]):
    """Yes or no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes", show=False, id="dialog.yes", tooltip="Do it"),
        Binding("n", "answer(False)", "no", show=False, id="dialog.no", tooltip="Do nothing"),
        Binding("left,right", "app.focus_next", "other button", show=False, tooltip="To the other button"),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        question = self._question
        with Vertical(classes="box dangerous" if question.dangerous else "box") as box:
            box.border_title = Content(question.title)
            box.border_subtitle = "y yes   n no   esc"
            with VerticalScroll(classes="lines", can_focus=False):
                yield Static("\n".join(question.lines), markup=False)
            if question.cli:
                yield Static(f"$ {question.cli}", classes="cli", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(question.yes, id="yes", compact=True)
                yield Button("no", id="no", compact=True)

    def on_mount(self) -> None:
        self.query_one("#no" if self._question.dangerous else "#yes").focus()

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


class TextDialog(Dialog[str]):
    """One line of text; None when it was given up."""

    def __init__(self, title: str, text: str, placeholder: str = "") -> None:
        super().__init__()
        self._title, self._text, self._placeholder = title, text, placeholder

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = "enter keep it   esc leave it as it was"
            yield Input(self._text, placeholder=self._placeholder)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)

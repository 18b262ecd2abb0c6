"""Dialogs: confirmations, a line of text, and forms, each with its equivalent command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from fateflow_tui.tui.widgets.choices import LineCheckbox

T = TypeVar("T")


class Question(msgspec.Struct, frozen=True):
    """A question to confirm. title: the action. lines: the objects and parties that it affects. yes: the button's
    label.
    """

    title: str
    lines: tuple[str, ...] = ()
    cli: str = ""
    yes: str = "yes"
    dangerous: bool = False


class Dialog(ModalScreen[T]):
    """A centred box; `escape` closes it without a result."""

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
        Binding("escape", "close", "close", show=False, id="dialog.close", tooltip="Close without doing anything")
    ]

    def action_close(self) -> None:
        self.dismiss(None)


class ConfirmDialog(Dialog[bool]):
    """A question with the answers yes and no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes", show=False, id="dialog.yes", tooltip="Confirm"),
        Binding("n", "answer(False)", "no", show=False, id="dialog.no", tooltip="Cancel"),
        Binding("left,right", "app.focus_next", "other button", show=False, tooltip="The other button"),
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
    """One line of text; None if cancelled."""

    def __init__(self, title: str, text: str, placeholder: str = "") -> None:
        super().__init__()
        self._title, self._text, self._placeholder = title, text, placeholder

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = "enter save   esc cancel"
            yield Input(self._text, placeholder=self._placeholder)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)


class SendDialog(Dialog[T]):
    """A dialog with rows of inputs and the buttons `yes` and `no`; `action_send` closes it with its result."""

    DEFAULT_CSS = """
    SendDialog .row { height: 1; }
    SendDialog .row Input { width: 1fr; height: 1; border: none; padding: 0 1; background: $panel;
        &:focus { background: $cursor; border: none; } }
    """

    def action_send(self) -> None:
        raise NotImplementedError

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "yes":
            self.action_send()
        else:
            self.dismiss(None)


Values = dict[str, Any]


class FormField(msgspec.Struct, frozen=True):
    """A field of a form. value: a text, or the state of a checkbox. hint: a placeholder, or the checkbox's label."""

    name: str
    label: str
    value: str | bool = ""
    hint: str = ""


class FormDialog(SendDialog[Values]):
    """Asks for values. Returns them by field name, None if cancelled.

    lines: text above the fields. cli: the command line for values. problem: why values are invalid, "" if they are
    valid.
    """

    DEFAULT_CSS = """
    FormDialog > .box { width: 88; }
    FormDialog .above { margin-bottom: 1; }
    FormDialog .label { width: 14; color: $muted; }
    FormDialog #problem { color: $warning; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,enter", "send", "confirm", show=False, id="form.send", tooltip="Confirm with these values"),
        Binding("down", "app.focus_next", "next", show=False, id="form.next", tooltip="The next field"),
        Binding("up", "app.focus_previous", "previous", show=False, id="form.previous", tooltip="The previous field"),
    ]

    def __init__(
        self,
        title: str,
        fields: Sequence[FormField],
        *,
        cli: Callable[[Values], str],
        problem: Callable[[Values], str] = lambda values: "",
        lines: Sequence[str] = (),
        yes: str = "OK",
        dangerous: bool = False,
    ) -> None:
        super().__init__()
        self._title, self._fields, self._lines = title, tuple(fields), tuple(lines)
        self._cli, self._problem, self._yes, self._dangerous = cli, problem, yes, dangerous

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box dangerous" if self._dangerous else "box", can_focus=False) as box:
            box.border_title = Content(self._title)
            box.border_subtitle = f"enter {self._yes}   tab next   esc"
            if self._lines:
                yield Static("\n".join(self._lines), classes="above", markup=False)
            for number, field in enumerate(self._fields):
                with Horizontal(classes="row"):
                    yield Static(field.label, classes="label", markup=False)
                    if isinstance(field.value, bool):
                        yield LineCheckbox(field.hint, field.value, id=f"field-{number}")
                    else:
                        yield Input(field.value, placeholder=field.hint, id=f"field-{number}", compact=True)
            yield Static("", id="problem", markup=False)
            yield Static("", classes="cli", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(self._yes, id="yes", compact=True)
                yield Button("cancel", id="no", compact=True)

    def on_mount(self) -> None:
        self._show_line()
        empty = next((number for number, field in enumerate(self._fields) if field.value == ""), 0)
        self.query_one(f"#field-{empty}").focus()

    @property
    def values(self) -> Values:
        found: Values = {}
        for number, field in enumerate(self._fields):
            widget = self.query_one(f"#field-{number}")
            found[field.name] = widget.value if isinstance(widget, LineCheckbox) else self._text(widget)
        return found

    def on_input_changed(self, event: Input.Changed) -> None:
        self._show_line()

    def on_checkbox_changed(self, event: LineCheckbox.Changed) -> None:
        self._show_line()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.action_send()

    def action_send(self) -> None:
        values = self.values
        problem = self._problem(values)
        if problem:
            self.query_one("#problem", Static).update(f"✗ {problem}")
        else:
            self.dismiss(values)

    def _show_line(self) -> None:
        line = self._cli(self.values)
        self.query_one(".cli", Static).update(f"$ {line}" if line else "")
        self.query_one("#problem", Static).update("")

    @staticmethod
    def _text(widget: object) -> str:
        return widget.value.strip() if isinstance(widget, Input) else ""

"""A dialog with fields; it shows the command line that they stand for while they are filled in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Static

from fateflow_tui.tui.screens.dialog import Dialog
from fateflow_tui.tui.widgets.flag import Flag

Values = dict[str, Any]


class Field(msgspec.Struct, frozen=True):
    """value: a text, or whether a flag is set. hint: an example, where there is no text yet; the words of a flag."""

    name: str
    label: str
    value: str | bool = ""
    hint: str = ""


class FormDialog(Dialog[Values]):
    """What was filled in by the names of the fields; None when it was given up.

    lines: what stands above. cli: the command line for values. problem: why they will not do, "" if they will.
    """

    DEFAULT_CSS = """
    FormDialog > .box { width: 88; }
    FormDialog .above { margin-bottom: 1; }
    FormDialog .row { height: 1; margin-bottom: 0; }
    FormDialog .label { width: 14; color: $muted; }
    FormDialog .row Input { width: 1fr; height: 1; border: none; padding: 0 1; background: $panel;
        &:focus { background: $cursor; border: none; } }
    FormDialog #problem { color: $warning; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,enter", "send", "do it", show=False, id="form.send", tooltip="Do it with these values"),
        Binding("down", "app.focus_next", "next", show=False, id="form.next", tooltip="The next field"),
        Binding("up", "app.focus_previous", "previous", show=False, id="form.previous", tooltip="The field before"),
    ]

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        *,
        cli: Callable[[Values], str],
        problem: Callable[[Values], str] = lambda values: "",
        lines: Sequence[str] = (),
        yes: str = "do it",
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
                        yield Flag(field.hint, field.value, id=f"field-{number}")
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
            found[field.name] = widget.on if isinstance(widget, Flag) else self._text(widget)
        return found

    def on_input_changed(self, event: Input.Changed) -> None:
        self._show_line()

    def on_flag_turned(self, event: Flag.Turned) -> None:
        self._show_line()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.action_send()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "yes":
            self.action_send()
        else:
            self.dismiss(None)

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

"""The dialog that changes a component's parameters before a rerun, and checks them while typing."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar, Final

import msgspec
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.timer import Timer
from textual.widgets import Static, TextArea

from fateflow_tui.core.cells import width
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.formatting import PLAN_MARKS
from fateflow_tui.tui import parameters
from fateflow_tui.tui.parameters import Remark
from fateflow_tui.tui.screens.dialog import Dialog

_NAME: Final = re.compile(r'"(?:[^"\\]|\\.)*"(?=\s*:)')
_POINTER: Final = "   ◂ "
_REST: Final = 0.25  # seconds without a key after which the text is checked


class ChangedParameters(msgspec.Struct, frozen=True):
    """The component parameters that the user wrote, in the format of a version 2 conf."""

    parameters: dict[str, Any]


class ParameterEditor(TextArea):
    """A JSON editor with coloured names and messages after the lines they concern."""

    def __init__(self, text: str) -> None:
        self.remarks: list[Remark] = []
        super().__init__(text, show_line_numbers=True, soft_wrap=False, tab_behavior="focus", id="editor")

    def get_line(self, line_index: int) -> Text:
        line = super().get_line(line_index)
        styles = self.app.palette  # type: ignore[attr-defined]
        line.highlight_regex(_NAME, styles["primary"])
        for remark in self.remarks:
            if remark.line == line_index:
                style = styles["error" if remark.error else "warning"]
                line.stylize(style + styles["match"], remark.column)
                line.append(f"{_POINTER}{remark.text}", style)
        return line

    def show(self, remarks: list[Remark]) -> None:
        if remarks != self.remarks:
            self.remarks = remarks
            self._line_cache.clear()
            self._refresh_size()
            self.refresh()

    def _refresh_size(self) -> None:
        """Extend the width, as lines are cut at the longest line of the document and remarks can be longer."""
        super()._refresh_size()
        lines = self.document.lines
        ends = [len(lines[one.line]) + width(f"{_POINTER}{one.text}") for one in self.remarks if one.line < len(lines)]
        columns, rows = self.virtual_size
        self.virtual_size = Size(max([columns, *(end + self.gutter_width + 1 for end in ends)]), rows)


class ParametersDialog(Dialog[ChangedParameters]):
    """Edits the parameters; returns the changes once they are valid.

    conf, dsl: of the job, as the scheduler has them. cause: why the component failed.
    """

    DEFAULT_CSS = """
    ParametersDialog > .box { width: 110; max-width: 98%; height: 90%; max-height: 44; padding: 0 1; }
    ParametersDialog TextArea { height: 1fr; border: none; background: $surface; padding: 0;
        &:focus { border: none; } }
    ParametersDialog #report { height: auto; max-height: 8; margin-top: 1; }
    ParametersDialog .cli { margin-top: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+s",
            "send",
            "rerun",
            show=False,
            priority=True,
            id="parameters.send",
            tooltip="Rerun with these parameters",
        ),
        Binding("f8", "next_problem", "problem", show=False, id="parameters.next", tooltip="Go to the next problem"),
    ]

    def __init__(
        self, job_id: str, component: str, dsl: Any, conf: dict[str, Any], roles: list[str], cause: str = ""
    ) -> None:
        super().__init__()
        self._cause = cause
        self._job_id, self._component = job_id, component
        self._dsl, self._conf = dsl, conf
        self._given = parameters.of_component(conf, component, roles)
        self._text = json.dumps(self._given, indent=2, ensure_ascii=False)
        self._timer: Timer | None = None
        self._sound: dict[str, Any] | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(f"Parameters of {self._component} for a rerun")
            box.border_subtitle = "^s rerun   f8 next problem   esc"
            yield Static("values left out stay in effect; to reset a value, write its default", classes="cli")
            yield ParameterEditor(self._text)
            yield Static("", id="report")
            cli = f"$ fateflow job rerun {self._job_id} -cpn {self._component} -c CHANGES.json"
            yield Static(cli, classes="cli", markup=False)

    def on_mount(self) -> None:
        editor = self.query_one(ParameterEditor)
        editor.focus()
        editor.move_cursor(_likely_place(self._text, self._cause))
        self._check_soon()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        self._sound = None
        self._check_soon()

    def action_next_problem(self) -> None:
        editor = self.query_one(ParameterEditor)
        here = editor.cursor_location
        places = sorted((remark.line, remark.column) for remark in editor.remarks)
        if places:
            editor.move_cursor(next((place for place in places if place > here), places[0]))

    def action_send(self) -> None:
        if self._sound is not None:
            self.dismiss(ChangedParameters(self._sound))
            return
        self._check_now(send=True)

    def _check_soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_REST, self._check_now)

    def _check_now(self, send: bool = False) -> None:
        text = self.query_one(ParameterEditor).text
        self.run_worker(self._check(text, send), group="check", exclusive=True, exit_on_error=False)

    async def _check(self, text: str, send: bool) -> None:
        document, remarks = parameters.read(text)
        report: list[tuple[str, str]] = []
        if not remarks:
            changed = parameters.changed_conf(self._conf, document.value)
            if isinstance(changed, str):
                remarks = [Remark(0, 0, changed)]
            else:
                flow = self.app.store.client  # type: ignore[attr-defined]
                try:
                    remarks = parameters.placed(document, await flow.jobs.lint(self._dsl, changed))
                    if not any(remark.error for remark in remarks):
                        steps = await flow.jobs.rerun(
                            self._job_id, [self._component], component_parameters=document.value, plan=True
                        )
                        missing = parameters.left_out(self._given, document.value)
                        report = [(f"! {one} is left out and stays in effect", "warning") for one in missing]
                        report += [_step(step) for step in steps]
                        self._sound = document.value
                except FateFlowError as error:
                    report = [(str(error), "error"), (error.hint or "", "muted")]
        if not self.is_mounted or text != self.query_one(ParameterEditor).text:
            return
        self.query_one(ParameterEditor).show(remarks)
        for remark in remarks:
            report.append(
                (f"{remark.line + 1}:{remark.column + 1}  {remark.text}", "error" if remark.error else "warning")
            )
        self._show_report(report)
        if send and self._sound is not None:
            self.dismiss(ChangedParameters(self._sound))

    def _show_report(self, lines: list[tuple[str, str]]) -> None:
        styles = self.app.palette  # type: ignore[attr-defined]
        text = Text()
        for number, (line, style) in enumerate(lines[:8]):
            text.append("\n" if number else "")
            text.append(line, styles[style])
        self.query_one("#report", Static).update(text)


def _step(step: Any) -> tuple[str, str]:
    mark, style = PLAN_MARKS.get(step.action, "·"), "running" if step.action == "run" else "muted"
    return f"{mark} {step.action:<6} {step.component}  {step.why}".rstrip(), style


def _likely_place(text: str, cause: str) -> tuple[int, int]:
    """Return where editing most likely starts: after the value that the failure names, otherwise after the first
    value.
    """
    first = 0, 0
    for number, line in enumerate(text.split("\n")):
        _, colon, value = line.rstrip().rstrip(",").partition(": ")
        if not colon or value in ("{", "{}", "[", "[]"):
            continue
        place = number, len(line.rstrip().rstrip(",")) - (1 if value.endswith('"') else 0)
        first = first if first[0] else place
        if value.startswith('"') and f"'{value[1:-1]}'" in cause:
            return place
    return first

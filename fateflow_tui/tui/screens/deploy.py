"""Which components of a training shall predict."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import SelectionList, Static

from fateflow_tui.sdk.jobs import JobView
from fateflow_tui.text.statuses import marked
from fateflow_tui.tui.screens.dialog import Dialog


class DeployDialog(Dialog[list[str]]):
    """The chosen components, in the order of the job; [] for all that can predict."""

    DEFAULT_CSS = """
    DeployDialog SelectionList { height: auto; max-height: 16; border: none; padding: 0; background: $surface;
        &:focus { border: none; } }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,d", "send", "deploy", show=False, priority=True, id="deploy.send", tooltip="Deploy these")
    ]

    def __init__(self, view: JobView) -> None:
        super().__init__()
        self._view = view

    def compose(self) -> ComposeResult:
        view = self._view
        with Vertical(classes="box") as box:
            box.border_title = Content(f"Deploy the model of job {view.job_id}?")
            box.border_subtitle = "space choose   d deploy   esc"
            parties = ", ".join(marked(status) + f" {party}" for party, status in view.parties.items())
            yield Static(f"{view.model_id}\n{parties}\n", markup=False)
            choices: list[tuple[str, str, bool]] = [(one.name, one.name, True) for one in view.components]
            yield SelectionList(*choices)
            yield Static("", classes="cli", markup=False)

    def on_mount(self) -> None:
        self.query_one(SelectionList).focus()
        self._say()

    def on_selection_list_selected_changed(self, event: SelectionList.SelectedChanged[Any]) -> None:
        self._say()

    def action_send(self) -> None:
        chosen = self._chosen()
        if chosen:
            self.dismiss([] if len(chosen) == len(self._view.components) else chosen)

    def _chosen(self) -> list[str]:
        selected = set(self.query_one(SelectionList).selected)
        return [one.name for one in self._view.components if one.name in selected]

    def _say(self) -> None:
        chosen = self._chosen()
        some = f" --components {','.join(chosen)}" if len(chosen) < len(self._view.components) else ""
        line = (
            f"$ fateflow model deploy {self._view.model_version}{some}" if chosen else "choose at least one component"
        )
        self.query_one(".cli", Static).update(line)

"""How two versions of a model differ."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.tui.readings import ModelRow
from fateflow_tui.tui.screens.dialog import Dialog
from fateflow_tui.tui.widgets.model_text import diff_lines
from fateflow_tui.tui.widgets.reading import Reading


class DiffDialog(Dialog[None]):
    """Asks, and shows what was answered. The older version comes first."""

    DEFAULT_CSS = """
    DiffDialog > .box { width: 94%; height: 90%; max-width: 130; padding: 1 2; }
    """

    def __init__(self, one: ModelRow, other: ModelRow) -> None:
        super().__init__()
        self._older, self._newer = sorted((one, other), key=lambda model: model.created_at)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content("How two versions differ")
            line = f"$ fateflow model diff {self._older.model_version} {self._newer.model_version}"
            box.border_subtitle = Content(f"esc   {line}")
            yield Reading()

    def on_mount(self) -> None:
        self.query_one(Reading).show([[("asking …", "muted")]])
        self.query_one(Reading).focus()
        self.run_worker(self._ask(), exit_on_error=False)

    async def _ask(self) -> None:
        older, newer = self._older.model_version, self._newer.model_version
        try:
            found = await self.app.feed.flow.models.diff(older, newer)  # type: ignore[attr-defined]
            lines = diff_lines(found, older, newer)
        except FateFlowError as error:
            lines = [[(str(error), "error")], [(error.hint, "muted")]]
        self.query_one(Reading).show(lines)

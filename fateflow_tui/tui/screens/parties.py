"""Other parties and their sites."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from fateflow_tui.tui.screens.dash_screen import DashScreen, bindings_of
from fateflow_tui.tui.widgets.pane import Pane
from fateflow_tui.tui.widgets.words import Words


class PartiesScreen(DashScreen):
    """Mode 5."""

    PLACE = "parties"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("parties")

    def body(self) -> ComposeResult:
        with Pane("Parties", id="parties"):
            yield Words()

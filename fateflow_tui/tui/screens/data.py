"""Tables of this site."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from fateflow_tui.tui.screens.dash_screen import DashScreen, bindings_of
from fateflow_tui.tui.widgets.pane import Pane
from fateflow_tui.tui.widgets.words import Words


class DataScreen(DashScreen):
    """Mode 3."""

    PLACE = "data"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("data")

    def body(self) -> ComposeResult:
        with Pane("Data", id="data"):
            yield Words()

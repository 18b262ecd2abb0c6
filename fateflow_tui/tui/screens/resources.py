"""Cores and memory, and who holds them."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from fateflow_tui.tui.screens.dash_screen import DashScreen, bindings_of
from fateflow_tui.tui.widgets.pane import Pane
from fateflow_tui.tui.widgets.words import Words


class ResourcesScreen(DashScreen):
    """Mode 4."""

    PLACE = "resources"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("resources")

    def body(self) -> ComposeResult:
        with Pane("Resources", id="resources"):
            yield Words()

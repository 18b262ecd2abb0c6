"""Versions of models."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from fateflow_tui.tui.screens.dash_screen import DashScreen, bindings_of
from fateflow_tui.tui.widgets.pane import Pane
from fateflow_tui.tui.widgets.words import Words


class ModelsScreen(DashScreen):
    """Mode 2."""

    PLACE = "models"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("models")

    def body(self) -> ComposeResult:
        with Pane("Models", id="models"):
            yield Words()

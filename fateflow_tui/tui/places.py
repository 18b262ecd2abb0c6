"""The screens that a digit leads to; each is imported when it is first shown."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from fateflow_tui.tui.screens.dash_screen import DashScreen


class Place(msgspec.Struct, frozen=True):
    """name: of the mode, and of its actions' `screens`. where: `module:class`. cli: what shows the same."""

    name: str
    key: str
    title: str
    tooltip: str
    where: str
    cli: str

    def screen(self) -> DashScreen:
        module, _, name = self.where.partition(":")
        made: DashScreen = getattr(import_module(f"fateflow_tui.tui.screens.{module}"), name)()
        return made


PLACES: Final = (
    Place("jobs", "1", "Jobs", "What runs, what waits and why, what failed", "jobs:JobsScreen", "fateflow job list"),
    Place("models", "2", "Models", "Versions of models", "models:ModelsScreen", "fateflow model list"),
    Place("data", "3", "Data", "Tables of this site", "data:DataScreen", "fateflow data list"),
    Place(
        "resources",
        "4",
        "Resources",
        "Cores and memory, and who holds them",
        "resources:ResourcesScreen",
        "fateflow resource show",
    ),
    Place("parties", "5", "Parties", "Other parties and their sites", "parties:PartiesScreen", "fateflow party list"),
)

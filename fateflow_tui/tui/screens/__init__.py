"""The dashboard's screens, dialogs, and the table of the screens that a digit key opens."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from fateflow_tui.tui.actions import Action
    from fateflow_tui.tui.screens.dash_screen import DashScreen


class ScreenEntry(msgspec.Struct, frozen=True):
    """name: of the Textual mode. path: `module:class`, imported when the screen is first shown. command: the command
    line that lists the same.
    """

    name: str
    key: str
    title: str
    tooltip: str
    path: str
    command: str

    def load(self) -> type[DashScreen]:
        return _load(self.path)

    def create(self) -> DashScreen:
        return self.load()()


SCREENS: Final = (
    ScreenEntry(
        "jobs", "1", "Jobs", "Open the jobs: waiting, running and ended", "jobs:JobsScreen", "fateflow job list"
    ),
    ScreenEntry("models", "2", "Models", "Open the model versions", "models:ModelsScreen", "fateflow model list"),
    ScreenEntry("data", "3", "Data", "Open the tables of this site", "data:DataScreen", "fateflow data list"),
    ScreenEntry(
        "resources",
        "4",
        "Resources",
        "Open cores and memory: the jobs that hold them, and the queue",
        "resources:ResourcesScreen",
        "fateflow resource show",
    ),
    ScreenEntry(
        "parties",
        "5",
        "Parties",
        "Open the parties, their sites and grants",
        "parties:PartiesScreen",
        "fateflow party list",
    ),
)
_WITHOUT_KEY: Final = ("job:JobScreen",)


def all_actions() -> dict[str, Action]:
    """The actions of all screens by id. Imports every screen, so only a keymap file is checked against it."""
    paths = (*(entry.path for entry in SCREENS), *_WITHOUT_KEY)
    return {name: one for path in paths for name, one in _load(path).actions.items()}


def _load(path: str) -> type[DashScreen]:
    module, _, name = path.partition(":")
    found: type[DashScreen] = getattr(import_module(f"fateflow_tui.tui.screens.{module}"), name)
    return found

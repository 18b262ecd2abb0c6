"""The application: the dashboard with its screens and its command palette."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from textual.command import Provider
from textual.screen import Screen

from fateflow_tui.tui.dashboard import Dashboard
from fateflow_tui.tui.screens import SCREENS


def _palette_provider(name: str) -> type[Provider]:
    from fateflow_tui.tui import palette

    found: type[Provider] = getattr(palette, name)
    return found


class DashApp(Dashboard):
    """The dashboard with its screens."""

    TITLE = "fateflow"
    ENABLE_COMMAND_PALETTE = True
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {entry.name: entry.create for entry in SCREENS}
    DEFAULT_MODE = "jobs"
    COMMANDS: ClassVar[set[Any]] = {partial(_palette_provider, name) for name in ("Actions", "KnownJobs", "Themes")}
    CSS = """
    Toast { background: $panel; max-width: 80; }
    ToastRack { margin-bottom: 1; }
    CommandPalette > Vertical { width: 90%; max-width: 110; }
    CommandPalette { background: $background 60%; }
    * { scrollbar-color: $frame; scrollbar-color-hover: $muted; scrollbar-color-active: $primary;
        scrollbar-background: $background; scrollbar-background-hover: $background;
        scrollbar-background-active: $background; }
    """

    def open_job(self, job_id: str, tab: str = "") -> None:
        """Open the screen of a job. tab: the tab to show first, "" for the one that suits its status."""
        from fateflow_tui.tui.screens.job import JobScreen

        self.push_screen(JobScreen(job_id, tab))

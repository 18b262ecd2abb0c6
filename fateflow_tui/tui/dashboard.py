"""What screens use of the application: the live store, themes, keys, layout, toasts and confirmations."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App

from fateflow_tui.core.errors import BadRequest, FateFlowError
from fateflow_tui.tui import keymap, themes
from fateflow_tui.tui.keymap import ScreenLayouts
from fateflow_tui.tui.screens import all_actions
from fateflow_tui.tui.screens.dialog import ConfirmDialog, Question
from fateflow_tui.tui.store import ConnectionSettings, LiveStore
from fateflow_tui.tui.themes import Palette

if TYPE_CHECKING:
    from fateflow_tui.tui.drafts import Examples


class Dashboard(App[None]):
    """settings: where the scheduler is. theme: by name; "" for the last one used. demo: locates the demo's files."""

    def __init__(self, settings: ConnectionSettings, theme: str = "", demo: Callable[[], Path] | None = None) -> None:
        self._palettes: dict[str, Palette] = {}
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.store = LiveStore(settings)
        self._demo = demo
        self.layout = ScreenLayouts(keymap.state_directory() / keymap.LAYOUT)
        self.keymap_of_user: dict[str, str] = {}
        for one in themes.THEMES:
            self.register_theme(one)
        chosen = theme or self.layout.get("app", "theme", themes.DEFAULT)
        if theme and theme not in self.available_themes:
            raise BadRequest(
                f"unknown theme {theme!r}", hint=f"choose one of {', '.join(sorted(self.available_themes))}"
            )
        known = chosen if chosen in self.available_themes else themes.DEFAULT
        self.theme = themes.WITHOUT_COLORS if self.no_color else known

    @property
    def palette(self) -> Palette:
        """The styles of the current theme."""
        found = self._palettes.get(self.theme)
        if found is None:
            found = self._palettes[self.theme] = Palette(self.theme_variables, plain=self.no_color)
        return found

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.missing_variables(self.current_theme)

    def on_mount(self) -> None:
        try:
            self.keymap_of_user = keymap.read_keymap(keymap.config_directory() / keymap.KEYS, all_actions)
            self.set_keymap(self.keymap_of_user)
        except BadRequest as error:
            self.toast(f"{error}\n{error.hint}", title="keymap ignored", severity="warning")
        self.call_after_refresh(self._painted)

    async def on_unmount(self) -> None:
        if not self.no_color:
            self.layout.set("app", "theme", self.theme)
        self.layout.save()
        await self.store.stop()

    def _painted(self) -> None:
        """Connect, after freezing all objects so far so that the garbage collector skips them."""
        gc.freeze()
        gc.enable()
        self.store.start()

    def toast(self, text: str, *, title: str = "", cli: str = "", severity: Any = "information") -> None:
        """Show a toast. cli: the equivalent command line."""
        lines = f"{text}\n$ {cli}" if cli else text
        self.notify(lines, title=title, severity=severity, markup=False, timeout=4 if severity == "information" else 8)

    async def confirm(self, question: Question) -> bool:
        """Ask the user to confirm; call it only in a worker."""
        return await self.push_screen_wait(ConfirmDialog(question)) is True

    @contextmanager
    def show_failures(self, doing: str) -> Iterator[None]:
        """Show errors of the scheduler as toasts; other exceptions are bugs and propagate."""
        try:
            yield
        except FateFlowError as error:
            self.toast("\n".join(filter(None, [str(error), error.hint])), title=f"{doing} failed", severity="error")

    def examples(self) -> Examples | None:
        """Return the demo job, if its files exist."""
        from fateflow_tui.tui.drafts import examples_in

        with suppress(FateFlowError):
            return examples_in(self._demo()) if self._demo is not None else None
        return None

    def folder(self, screen: str) -> Path:
        """Return the folder last used on a screen, otherwise the working directory."""
        kept = Path(self.layout.get(screen, "folder", ""))
        return kept if kept.is_absolute() and kept.is_dir() else Path.cwd()

    def open_job(self, job_id: str, tab: str = "") -> None:
        """Open the screen of a job. tab: the tab to show first, "" for the one that suits its status."""
        raise NotImplementedError

"""The footer: the keys of the screen's actions; disabled ones are dimmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.style import Style
from rich.text import Text
from textual import events
from textual.widget import Widget

from fateflow_tui.tui.actions import Action, footer_of, key_label, keys_of

if TYPE_CHECKING:
    from fateflow_tui.tui.screens.dash_screen import DashScreen


class ActionBar(Widget):
    """One line of keys; actions without space are left to the help. A click runs the action.

    Textual's Footer neither leaves out the less important keys on a narrow terminal nor runs a dimmed action, which
    here shows why it is disabled.
    """

    DEFAULT_CSS = "ActionBar { dock: bottom; height: 1; background: $panel; color: $foreground; }"

    def __init__(self) -> None:
        super().__init__()
        self._spots: list[tuple[int, int, str]] = []

    def render(self) -> Text:
        screen: DashScreen = self.screen  # type: ignore[assignment]
        styles = self.app.palette  # type: ignore[attr-defined]
        selection = screen.selection()
        text = Text(no_wrap=True, overflow="crop", end="")
        text.append(" ")
        actions = footer_of(screen.actions)
        last = [action for action in actions if action.footer >= 90]
        width = self.size.width - 1 - sum(len(self._key(action)) + len(action.label) + 3 for action in last)
        self._spots = []
        for action in actions:
            key = self._key(action)
            places = len(key) + len(action.label) + 3
            if action.footer < 90:
                if places > width:
                    continue
                width -= places
            start = text.cell_len
            applies = not action.disabled_reason(selection)
            text.append(key, styles["accent strong"] if applies else styles["muted"])
            text.append(f" {action.label}", Style() if applies else styles["muted"])
            self._spots.append((start, text.cell_len, action.id))
            text.append("  ")
        return text

    def on_click(self, event: events.Click) -> None:
        for start, end, name in self._spots:
            if start <= event.x < end:
                self.run_worker(self.screen.run_action(f"act('{name}')"))

    def _key(self, action: Action) -> str:
        return key_label(keys_of(action, self.app.keymap_of_user)[0])  # type: ignore[attr-defined]

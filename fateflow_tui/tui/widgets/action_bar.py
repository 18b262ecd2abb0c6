"""The footer: the keys of the screen's actions; disabled ones are dimmed."""

from __future__ import annotations

from collections.abc import Callable

from rich.style import Style
from rich.text import Text
from textual import events
from textual.widget import Widget

from fateflow_tui.tui.actions import Action, Selection, footer_of, key_label, keys_of


class ActionBar(Widget):
    """One line of keys; actions without space are left to the help. A click runs the action.

    Textual's Footer neither leaves out the less important keys on a narrow terminal nor runs a dimmed action, which
    here shows why it is disabled.
    """

    DEFAULT_CSS = "ActionBar { dock: bottom; height: 1; background: $panel; color: $foreground; }"

    def __init__(self, actions: dict[str, Action], selection: Callable[[], Selection]) -> None:
        super().__init__()
        self._actions = footer_of(actions)
        self._selection = selection
        self._spots: list[tuple[int, int, str]] = []

    def render(self) -> Text:
        styles = self.app.palette  # type: ignore[attr-defined]
        selection = self._selection()
        text = Text(no_wrap=True, overflow="crop", end="")
        text.append(" ")
        actions = self._actions
        last = [action for action in actions if action.footer >= 90]
        width = self.size.width - 1 - sum(len(self._key(action)) + len(action.label) + 3 for action in last)
        self._spots = []
        for action in actions:
            key = self._key(action)
            cells = len(key) + len(action.label) + 3
            if action.footer < 90:
                if cells > width:
                    continue
                width -= cells
            start = text.cell_len
            enabled = not action.disabled_reason(selection)
            text.append(key, styles["accent strong"] if enabled else styles["muted"])
            text.append(f" {action.label}", Style() if enabled else styles["muted"])
            self._spots.append((start, text.cell_len, action.id))
            text.append("  ")
        return text

    def on_click(self, event: events.Click) -> None:
        for start, end, name in self._spots:
            if start <= event.x < end:
                self.run_worker(self.screen.run_action(f"act('{name}')"))

    def _key(self, action: Action) -> str:
        return key_label(keys_of(action, self.app.keymap_of_user)[0])  # type: ignore[attr-defined]

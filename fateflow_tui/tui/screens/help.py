"""Dialogs about keys: the help, and letters that jump to panes."""

from __future__ import annotations

from typing import Final

from rich.style import Style
from rich.table import Table
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

from fateflow_tui.tui.actions import key_label
from fateflow_tui.tui.screens.dialog import Dialog
from fateflow_tui.tui.widgets.text_views import Pane


class HelpDialog(Dialog[None]):
    """The key bindings, from the focused widget outwards, each with its description and its id for the keymap file."""

    DEFAULT_CSS = """
    HelpDialog > .box { width: 100; height: auto; }
    """

    def __init__(self, screen: Screen[object]) -> None:
        super().__init__()
        self._about = screen

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box") as box:
            box.border_title = "Keys"
            box.border_subtitle = "esc close   right: ids for keys.toml"
            yield Static(self._table())

    def _table(self) -> Table:
        styles = self.app.palette  # type: ignore[attr-defined]
        actions = getattr(self._about, "actions", {})
        table = Table.grid(padding=(0, 2), expand=True)
        table.add_column(style=styles["accent"], no_wrap=True)
        table.add_column(ratio=1)
        table.add_column(style=styles["muted"], no_wrap=True)
        for number, (title, bindings) in enumerate(self._groups().items()):
            if number:
                table.add_row()
            table.add_row(title, style=styles["primary strong"] + Style(bold=True))
            for name, (keys, binding) in bindings.items():
                table.add_row(f"  {' '.join(keys)}", binding.tooltip, name if name in actions else "")
        return table

    def _groups(self) -> dict[str, dict[str, tuple[list[str], Binding]]]:
        """Return the bindings with their keys, by title and id."""
        groups: dict[str, dict[str, tuple[list[str], Binding]]] = {}
        for owner, bindings in self._about._binding_chain:
            title = "This screen" if owner is self._about else _TITLES.get(type(owner).__name__, "Here")
            for key, several in bindings.key_to_bindings.items():
                for one in several:
                    if one.id and one.tooltip:
                        group = "Everywhere" if one.id.startswith(("app.", "go.")) else title
                        groups.setdefault(group, {}).setdefault(one.id, ([], one))[0].append(key_label(key))
        return groups


_TITLES: Final = {
    "Listing": "In the list",
    "FileList": "In the list of files",
    "Input": "While typing",
    "GraphView": "In the graph",
    "LogPane": "In the log",
    "CardBox": "On a failure card",
    "LineCheckbox": "On a checkbox",
}

_LETTERS = "asdfghjklqwertyuiop"


class JumpOverlay(ModalScreen[None]):
    """Shows a letter on each pane until a key is pressed; the letter moves the focus to its pane."""

    DEFAULT_CSS = """
    JumpOverlay { background: $background 40%; }
    JumpOverlay Static {
        position: absolute; width: 5; height: 1; text-align: center;
        background: $accent; color: $background; text-style: bold;
    }
    JumpOverlay:ansi Static { background: ansi_default; color: ansi_default; text-style: bold reverse; }
    """

    def __init__(self, screen: Screen[object]) -> None:
        super().__init__()
        self._spots: dict[str, Widget] = {}
        panes = [pane for pane in screen.query(Pane) if pane.region and targets(pane)]
        for letter, pane in zip(_LETTERS, panes, strict=False):
            self._spots[letter] = pane

    def compose(self) -> ComposeResult:
        for letter, pane in self._spots.items():
            label = Static(letter.upper())
            label.styles.offset = (pane.region.x + 2, pane.region.y)
            yield label

    async def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        pane = self._spots.get(event.key.lower())
        self.dismiss(None)
        if pane is not None:
            self.call_later(targets(pane)[0].focus)


def targets(pane: Widget) -> list[Widget]:
    """Return the widgets of a pane that can receive the focus."""
    return [one for one in [pane, *pane.query("*")] if one.focusable and one.region]

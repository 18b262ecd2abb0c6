"""Letters on all panes: the one that is pressed is where the focus goes."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

from fateflow_tui.tui.widgets.pane import Pane

_LETTERS = "asdfghjklqwertyuiop"


class JumpOverlay(ModalScreen[None]):
    """Lies over the screen until a key is pressed."""

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
    """What of a pane can have the focus, as it stands there now."""
    return [one for one in [pane, *pane.query("*")] if one.focusable and one.region]

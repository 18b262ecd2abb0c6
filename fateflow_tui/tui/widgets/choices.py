"""Widgets on one line: a choice among names, and a checkbox."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Checkbox


class Chips(Widget):
    """A choice among names on one line."""

    DEFAULT_CSS = "Chips { height: 1; }"

    class Chosen(Message):
        """Another name was chosen."""

        def __init__(self, chips: Chips, name: str) -> None:
            super().__init__()
            self.chips = chips
            self.name = name

        @property
        def control(self) -> Chips:
            return self.chips

    def __init__(self, title: str, key: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = title
        self._key = key
        self._names: list[str] = []
        self._dimmed: frozenset[str] = frozenset()
        self.chosen = ""
        self._spots: list[tuple[int, int, str]] = []

    def offer(self, names: list[str], dimmed: frozenset[str] = frozenset()) -> None:
        """Set the names; those in `dimmed` cannot be chosen. Keep the choice if it is still available."""
        able = [name for name in names if name not in dimmed]
        if self.chosen not in able:
            self.chosen = able[0] if able else ""
        self._names, self._dimmed = names, dimmed
        self.refresh()

    def step(self, by: int = 1) -> None:
        able = [name for name in self._names if name not in self._dimmed]
        if able:
            place = able.index(self.chosen) if self.chosen in able else 0
            self.choose(able[(place + by) % len(able)])

    def choose(self, name: str) -> None:
        if name != self.chosen:
            self.chosen = name
            self.refresh()
            self.post_message(self.Chosen(self, name))

    def render(self) -> Text:
        styles = self.app.palette  # type: ignore[attr-defined]
        text = Text(no_wrap=True, overflow="ellipsis", end="")
        text.append(f"{self._key} ", styles["accent strong"])
        text.append(f"{self._title} ", styles["muted"])
        self._spots = []
        for name in self._names:
            start = text.cell_len
            style = "strong underline" if name == self.chosen else "muted"
            text.append(name, styles[style])
            if name in self._dimmed:
                text.append(" (elsewhere)", styles["frame"])
            else:
                self._spots.append((start, text.cell_len, name))
            text.append("  ")
        return text

    def on_click(self, event: events.Click) -> None:
        for start, end, name in self._spots:
            if start <= event.x < end:
                self.choose(name)


class LineCheckbox(Checkbox, inherit_bindings=False):
    """A checkbox on one line, switched by the space bar; enter is left to the dialog.

    Textual draws the same mark in another colour when it is off; this one shows `[x]` or `[ ]`.
    """

    DEFAULT_CSS = """
    LineCheckbox { width: 1fr; background: transparent;
        & > .toggle--button { color: $muted; background: $surface; }
        &.-on > .toggle--button { color: $accent; background: $surface; }
        &:focus { background: $cursor; text-style: bold;
            & > .toggle--button { background: $cursor; }
            & > .toggle--label { color: $foreground; background: $cursor; text-style: bold; } }
    }
    LineCheckbox:ansi:focus { text-style: bold reverse; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "toggle_button", "toggle", show=False, id="checkbox.toggle", tooltip="Check or uncheck")
    ]
    BUTTON_LEFT = BUTTON_RIGHT = ""

    def __init__(self, label: str, value: bool = False, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(Content(label), value, id=id, classes=classes, compact=True)

    def render(self) -> Content:
        self.BUTTON_INNER = "[x]" if self.value else "[ ]"
        return super().render()

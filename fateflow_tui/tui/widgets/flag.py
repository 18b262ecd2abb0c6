"""Something that is so or not so: `[x] replace the table`."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget


class Flag(Widget, can_focus=True):
    """The space bar turns it. Its state is a sign, not only a colour."""

    DEFAULT_CSS = """
    Flag { height: 1; width: 1fr; &:focus { background: $cursor; text-style: bold; } }
    Flag:ansi:focus { text-style: bold reverse; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "turn", "turn", show=False, id="flag.turn", tooltip="Turn it on or off")
    ]

    class Turned(Message):
        """It is the other way now."""

        def __init__(self, flag: Flag) -> None:
            super().__init__()
            self.flag = flag

        @property
        def control(self) -> Flag:
            return self.flag

    def __init__(self, words: str, on: bool = False, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.words = words
        self.on = on

    def render(self) -> Text:
        styles = self.app.palette  # type: ignore[attr-defined]
        text = Text(no_wrap=True, overflow="ellipsis", end="")
        text.append("[x]" if self.on else "[ ]", styles["accent" if self.on else "muted"])
        text.append(f" {self.words}")
        return text

    def turn(self, on: bool) -> None:
        self.on = on
        self.refresh()

    def action_turn(self) -> None:
        self.turn(not self.on)
        self.post_message(self.Turned(self))

    def on_click(self, event: events.Click) -> None:
        self.action_turn()

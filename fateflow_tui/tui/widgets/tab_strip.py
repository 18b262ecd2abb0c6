"""One line of tabs: the one that is shown stands out; a click leads to another."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

from fateflow_tui.tui.actions import ACTIONS, key_label, keys_of


class TabStrip(Widget):
    """names: of actions `tab.NAME`, whose keys and labels are shown. Counts and marks stand behind a label."""

    DEFAULT_CSS = "TabStrip { height: 1; }"

    class Clicked(Message):
        """A tab is wanted."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, names: tuple[str, ...], actions: dict[str, str]) -> None:
        super().__init__()
        self._names = names
        self._actions = actions
        self.shown = names[0]
        self._marks: dict[str, tuple[str, str]] = {}
        self._spots: list[tuple[int, int, str]] = []

    def show(self, name: str, marks: dict[str, tuple[str, str]]) -> None:
        """marks: a short text and its style, by tab."""
        if (name, marks) != (self.shown, self._marks):
            self.shown, self._marks = name, marks
            self.refresh()

    def render(self) -> Text:
        app = self.app
        styles = app.palette  # type: ignore[attr-defined]
        text = Text(no_wrap=True, overflow="crop", end="")
        self._spots = []
        labels = {name: ACTIONS[self._actions[name]].label for name in self._names}
        marks = sum(len(mark) for mark, _ in self._marks.values())
        roomy = sum(len(label) + 5 for label in labels.values()) + marks <= self.size.width
        for name, label in labels.items():
            start = text.cell_len
            here = name == self.shown
            key = key_label(keys_of(ACTIONS[self._actions[name]], app.keymap_of_user)[0])  # type: ignore[attr-defined]
            if roomy or not label.startswith(key):
                text.append(f"{key} ", styles["accent strong" if here else "muted"])
            elif here:
                text.append(key, styles["accent strong"])
                label = label[len(key) :]
            text.append(label, styles["strong underline" if here else "muted"])
            mark, style = self._marks.get(name, ("", ""))
            text.append(mark, styles[style])
            self._spots.append((start, text.cell_len, name))
            text.append("  " if roomy else " ")
        return text

    def on_click(self, event: events.Click) -> None:
        for start, end, name in self._spots:
            if start <= event.x < end:
                self.post_message(self.Clicked(name))

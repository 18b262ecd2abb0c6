"""Lines of words that are read: scrolled by the keys of lists, and from the top when they are about something else."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from fateflow_tui.text.spans import Spans
from fateflow_tui.tui.widgets.scroll_words import ScrollWords


class Reading(ScrollWords):
    """As `ScrollWords`."""

    DEFAULT_CSS = "Reading { width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "scroll_up", "up", show=False, id="text.up", tooltip="One line up"),
        Binding("j", "scroll_down", "down", show=False, id="text.down", tooltip="One line down"),
        Binding("g", "scroll_home", "first", show=False, id="text.first", tooltip="To the beginning"),
        Binding("G", "scroll_end", "last", show=False, id="text.last", tooltip="To the end"),
    ]

    def show(self, lines: list[Spans], *, from_top: bool = False) -> None:
        """from_top: they are about something else than before."""
        super().show(lines)
        if from_top and self.scroll_offset:
            self.scroll_to(0, 0, animate=False)

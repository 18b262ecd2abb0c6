"""A framed part of a screen with a title at the left and notes at the right of its upper edge."""

from __future__ import annotations

from textual import events
from textual.containers import Vertical
from textual.content import Content

from fateflow_tui.text.places import cut
from fateflow_tui.text.spans import Spans, spans_width


class Pane(Vertical):
    """Has the look of the pane that has the focus when something in it has. zoom and jump find panes by this class."""

    SCOPED_CSS = False
    DEFAULT_CSS = """
    Pane {
        border: round $frame;
        border-title-color: $muted;
        border-title-background: transparent;
        padding: 0 1;
        height: 1fr;
        &:focus-within { border: round $primary; border-title-color: $primary; border-title-style: bold; }
    }
    Screen.-narrow Pane { padding: 0; }
    Screen.-zoomed Pane { display: none; }
    Screen.-zoomed .-away { display: none; }
    Screen.-zoomed .-around { height: 1fr !important; }
    Screen.-zoomed Pane.-zoomed { display: block; height: 1fr; width: 1fr; }
    """

    def __init__(self, title: str, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._heading = title
        self._notes: Spans = []

    def say(self, title: str | None = None, notes: Spans | None = None) -> None:
        """Sets the title, and what stands at the right of it."""
        self._heading = self._heading if title is None else title
        self._notes = self._notes if notes is None else notes
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        self._draw()

    def _draw(self) -> None:
        room = self.outer_size.width - 6 - len(self._heading)
        notes = self._notes
        if spans_width(notes) > room - 4:
            notes = [(cut("".join(text for text, _ in notes), max(0, room - 4)), "muted")]
        rule = room - spans_width(notes) - 4
        colors = {"warning": "$warning", "error": "$error", "accent": "$accent", "muted": "$muted"}
        parts: list[Content | tuple[str, str]] = [Content(self._heading)]
        if notes and notes[0][0] and rule > 0:
            parts.append((f" {'─' * rule} ", "not bold $frame"))
            parts += [(text, f"not bold {colors.get(style, '')}".strip()) for text, style in notes]
        self.border_title = Content.assemble(*parts)

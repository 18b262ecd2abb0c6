"""Widgets for styled lines, fixed or scrollable, and the framed pane around them."""

from __future__ import annotations

from typing import ClassVar, Self

from rich.segment import Segment
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from fateflow_tui.core.cells import Spans, cut, spans_width, wrapped


class TextLines(Widget):
    """Fixed lines; long ones wrap with a hanging indent."""

    DEFAULT_CSS = "TextLines { width: 1fr; height: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Spans] = []

    def show(self, lines: list[Spans]) -> None:
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def render(self) -> Text:
        styles = self.app.palette  # type: ignore[attr-defined]
        text = Text(no_wrap=True, overflow="crop", end="")
        lines = [piece for line in self._lines for piece in wrapped(line, self.size.width)]
        for number, line in enumerate(lines[: self.size.height]):
            text.append("\n" if number else "")
            for word, style in line:
                text.append(word, styles[style])
        return text


class Pane(Vertical):
    """A framed pane, highlighted while it contains the focus. Zoom and jump find panes by this class."""

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
        self._shown_heading = Content("")
        self._top_only = False

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        if self._top_only:  # a new title redraws the whole pane, unless it is told otherwise
            corner = self.content_offset
            regions = (Region(-corner.x, -corner.y, self.outer_size.width, 1),)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def set_heading(self, title: str | None = None, notes: Spans | None = None) -> None:
        """Set the title and the notes on its right."""
        self._heading = self._heading if title is None else title
        self._notes = self._notes if notes is None else notes
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        self._draw()

    def _draw(self) -> None:
        width = self.outer_size.width - 6 - len(self._heading)
        notes = self._notes
        if spans_width(notes) > width - 4:
            notes = [(cut("".join(text for text, _ in notes), max(0, width - 4)), "muted")]
        rule = width - spans_width(notes) - 4
        colors = {"warning": "$warning", "error": "$error", "accent": "$accent", "muted": "$muted"}
        parts: list[Content | tuple[str, str]] = [Content(self._heading)]
        if notes and notes[0][0] and rule > 0:
            parts.append((f" {'─' * rule} ", "not bold $frame"))
            parts += [(text, f"not bold {colors.get(style, '')}".strip()) for text, style in notes]
        heading = Content.assemble(*parts)
        if heading != self._shown_heading:
            self._shown_heading = heading
            self._top_only = True
            self.border_title = heading
            self._top_only = False


class ScrollText(ScrollView, can_focus=True):
    """Scrollable lines. Long ones wrap, or with `cut` scroll to the right."""

    DEFAULT_CSS = """
    ScrollText { scrollbar-size: 1 1; height: 1fr; scrollbar-gutter: stable; overflow-x: hidden;
        &.-cut { overflow-x: auto; } }
    """

    def __init__(self, *, cut: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._cut = cut
        self.set_class(cut, "-cut")
        self._lines: list[Spans] = []
        self._pieces: list[Spans] = []

    @property
    def text(self) -> str:
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def show(self, lines: list[Spans]) -> None:
        if lines != self._lines:
            self._lines = lines
            self._lay_out()

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out()

    def render_line(self, y: int) -> Strip:
        base, width = self.rich_style, self.size.width
        row = y + self.scroll_offset.y
        if row >= len(self._pieces):
            return Strip.blank(width, base)
        styles = self.app.palette  # type: ignore[attr-defined]
        strip = Strip([Segment(text, base + styles[style]) for text, style in self._pieces[row] if text])
        left = self.scroll_offset.x
        return strip.crop(left, left + width).adjust_cell_length(width, base)

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        if not width:
            return
        self._pieces = self._lines if self._cut else [one for line in self._lines for one in wrapped(line, width)]
        widest = max((sum(len(text) for text, _ in line) for line in self._pieces), default=0)
        self.virtual_size = Size(widest if self._cut else width, len(self._pieces))
        self.refresh()


class TextView(ScrollText):
    """Scrollable lines that fill the pane, with vi keys."""

    DEFAULT_CSS = "TextView { width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "scroll_up", "up", show=False, id="text.up", tooltip="One line up"),
        Binding("j", "scroll_down", "down", show=False, id="text.down", tooltip="One line down"),
        Binding("g", "scroll_home", "first", show=False, id="text.first", tooltip="To the beginning"),
        Binding("G", "scroll_end", "last", show=False, id="text.last", tooltip="To the end"),
    ]

    def show(self, lines: list[Spans], *, from_top: bool = False) -> None:
        """from_top: scroll to the beginning, as the subject changed."""
        super().show(lines)
        if from_top and self.scroll_offset:
            self.scroll_to(0, 0, animate=False)

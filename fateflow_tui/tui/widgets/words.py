"""Lines of words in their styles."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from fateflow_tui.text.spans import Spans, wrapped


class Words(Widget):
    """Lines of spans; one that is too long goes on below, under what follows its name."""

    DEFAULT_CSS = "Words { width: 1fr; height: 1fr; }"

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

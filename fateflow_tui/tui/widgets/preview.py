"""The job under the cursor in short: its components as lanes, the facts, and the course of its figures."""

from __future__ import annotations

import time

from textual.app import ComposeResult
from textual.containers import Horizontal

from fateflow_tui.sdk.jobs import JobLine, JobView
from fateflow_tui.tui.widgets import preview_text
from fateflow_tui.tui.widgets.curves import Curve
from fateflow_tui.tui.widgets.lanes import Lanes
from fateflow_tui.tui.widgets.pane import Pane
from fateflow_tui.tui.widgets.words import Words


class Preview(Pane):
    """Shows a line at once, and more as soon as the whole job and its figures are known."""

    SCOPED_CSS = False
    DEFAULT_CSS = """
    Preview { height: 12; }
    Preview Lanes { width: 3fr; }
    Preview #facts { width: 3fr; border-left: vkey $frame; padding-left: 1; margin-left: 1; }
    Preview #curves { width: 2fr; border-left: vkey $frame; padding-left: 1; margin-left: 1; }
    Preview #curves.-none, Screen.-narrow Preview #curves { display: none; }
    """

    def __init__(self) -> None:
        super().__init__("Preview", id="preview")
        self._line: JobLine | None = None
        self._view: JobView | None = None
        self._curves: list[Curve] = []

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Lanes()
            yield Words(id="facts")
            yield Words(id="curves")

    def show(self, line: JobLine | None, view: JobView | None, curves: list[Curve]) -> None:
        self._line, self._view, self._curves = line, view, curves
        self.query_one(Lanes).show(view)
        self.tick()
        words = self.query_one("#curves", Words)
        words.set_class(not curves, "-none")
        words.show(preview_text.curve_lines(curves, words.size.width or 30))
        done = f"{sum(c.status.ended for c in view.components)} of {len(view.components)} components" if view else ""
        self.say(f"Preview {line.job_id}" if line else "Preview", [(done, "muted")])

    def tick(self) -> None:
        """Times go on."""
        if self._view is not None and not self._view.status.ended:
            self.query_one(Lanes).refresh()
        now = time.time_ns() // 1_000_000
        narrow = self.screen.has_class("-narrow")
        facts = preview_text.fact_lines(self._line, self._view, now, self._curves if narrow else [])
        self.query_one("#facts", Words).show(facts)

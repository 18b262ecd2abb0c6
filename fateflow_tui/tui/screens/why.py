"""Why a job is as it is: the scheduler's own typed answer."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.sdk.jobs import JobWhy
from fateflow_tui.text.places import on_one_line
from fateflow_tui.text.spans import Spans
from fateflow_tui.text.statuses import marked
from fateflow_tui.tui import texts
from fateflow_tui.tui.screens.dialog import Dialog
from fateflow_tui.tui.widgets.cards import card_lines


class WhyDialog(Dialog[None]):
    """Asks, and shows what was answered."""

    DEFAULT_CSS = "WhyDialog > .box { width: 96; }"

    def __init__(self, job_id: str, component: str = "") -> None:
        super().__init__()
        self._job_id = job_id
        self._component = component

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box") as box:
            box.border_title = f"Why {self._job_id}"
            box.border_subtitle = f"esc   $ fateflow job why {self._job_id}"
            yield Static("asking …")

    def on_mount(self) -> None:
        self.run_worker(self._ask(), exit_on_error=False)

    async def _ask(self) -> None:
        try:
            found = await self.app.feed.flow.jobs.why(self._job_id)  # type: ignore[attr-defined]
            lines = why_lines(found)
        except FateFlowError as error:
            lines = [[(str(error), "error")], [(error.hint or "", "muted")]]
        styles = self.app.palette  # type: ignore[attr-defined]
        text = Text()
        for number, line in enumerate(lines):
            text.append("\n" if number else "")
            for word, style in line:
                text.append(word, styles[style])
        self.query_one(Static).update(text)


def why_lines(found: JobWhy) -> list[Spans]:
    """The answer as lines; pure."""
    lines: list[Spans] = [[(marked(found.status), f"{found.status} strong")]]
    if found.waiting is not None:
        reason = found.waiting
        lines += [[], [("waits  ", "muted"), (on_one_line(reason.text), "warning")]]
        rows = [("need", reason.need), ("free", reason.free), ("total", reason.total)]
        for name, amount in rows:
            if amount is not None:
                memory = f", {texts.mib(amount.memory)}" if amount.memory else ""
                lines.append([(f"{name:<7}", "muted"), (f"{texts.plural(amount.cores, 'core')}{memory}", "")])
        if reason.party:
            lines.append([("at     ", "muted"), (reason.party, "")])
        if reason.job_id:
            lines.append([("behind ", "muted"), (reason.job_id, "")])
    if found.stop is not None:
        lines += [[], [("stopped by  ", "muted"), (on_one_line(f"{found.stop.by} {found.stop.reason}".strip()), "")]]
    if found.reason:
        lines += [[], [("reason  ", "muted"), (on_one_line(found.reason), "")]]
    for card in found.cards:
        lines += [[], *card_lines(card)]
    if len(lines) == 1:
        lines.append([("nothing holds it up", "muted")])
    return lines

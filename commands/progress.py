"""A running job on stderr: drawn live on a terminal, told line by line elsewhere."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from commands.context import Session
from commands.job_text import component_lines, component_state, component_time, headline, why
from commands.output import Output
from fateflow_tui.text.statuses import marked

if TYPE_CHECKING:
    from fateflow_tui.sdk.jobs import ComponentView, JobView


class Progress(Protocol):
    """Shows a job as it is now; called again and again."""

    def show(self, job: JobView) -> None: ...


_STYLES: Final = {"running": "cyan", "success": "green", "failed": "red", "timeout": "red", "canceled": "yellow"}


def progress_for(session: Session) -> AbstractContextManager[Progress]:
    return Drawing(session) if session.is_interactive else Telling(session.output)


class Telling:
    """One line for each change: of the job, and of a component over all parties."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._told: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def show(self, job: JobView) -> None:
        reason = why(job) if job.waiting is not None else ""
        self._tell("", f"{marked(job.status)}  {job.job_id}  {reason}".rstrip())
        for component in job.components:
            if component.status != "waiting":
                time = component_time(component, component.ended_at) if component.ended_at else ""
                self._tell(component.name, f"  {component_state(component)}  {component.name}  {time}".rstrip())

    def _tell(self, what: str, line: str) -> None:
        if self._told.get(what) != line:
            self._told[what] = line
            self._output.talk(line)


class Drawing:
    """The whole job, redrawn in place: a headline, then one line per component. It can be left and entered again."""

    def __init__(self, session: Session) -> None:
        from rich.console import Console

        self._now = session.now
        self._console = Console(file=sys.stderr, highlight=False)

    def __enter__(self) -> Self:
        from rich.live import Live

        # A new one each time: one that has been stopped would wipe away what was written since.
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, job: JobView) -> None:
        self._live.update(self._text(job), refresh=True)

    def _text(self, job: JobView) -> Any:
        from rich.text import Text

        now = self._now()
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(headline(job, now), style="bold")
        if job.waiting is not None:
            text.append(f"\n  {job.waiting.text}", style="yellow")
        shown = visible(job.components, max(3, self._console.height - 4))
        for component, line in zip(shown, component_lines(shown, now), strict=True):
            text.append(f"\n{line}", style="blue" if component.reused_from else _STYLES.get(component.status, "dim"))
        if len(shown) < len(job.components):
            text.append(f"\n  {len(job.components) - len(shown)} more", style="dim")
        return text


def visible(components: list[ComponentView], lines: int) -> list[ComponentView]:
    """As many components as fit, around the first that has not ended."""
    if len(components) <= lines:
        return components
    current = next((i for i, one in enumerate(components) if not one.status.ended), len(components) - 1)
    start = max(0, min(current - lines // 3, len(components) - lines))
    return components[start : start + lines]

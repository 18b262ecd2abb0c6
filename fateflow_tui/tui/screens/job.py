"""One job."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from fateflow_tui.tui.action import Selection
from fateflow_tui.tui.screens.dash_screen import DashScreen, bindings_of
from fateflow_tui.tui.snapshot import Change
from fateflow_tui.tui.widgets.preview import Preview


class JobScreen(DashScreen):
    """Stands on the list of jobs; escape leads back. tab: what is to be seen first."""

    PLACE = "job"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("job")
    DEFAULT_CSS = "JobScreen Preview { height: 1fr; }"

    def __init__(self, job_id: str, tab: str = "") -> None:
        super().__init__()
        self.job_id = job_id
        self.tab = tab

    def body(self) -> ComposeResult:
        yield Preview()

    def on_mount(self) -> None:
        self.feed.look_at(self.job_id)

    def on_unmount(self) -> None:
        self.feed.look_away(self.job_id)

    def changed(self, change: Change) -> None:
        if change.anew or self.job_id in change.views or self.job_id in change.jobs:
            known = self.snapshot
            self.query_one(Preview).show(known.lines.get(self.job_id), known.views.get(self.job_id), [])

    def selection(self) -> Selection:
        line = self.snapshot.lines.get(self.job_id)
        view = self.snapshot.views.get(self.job_id)
        return Selection(jobs=(line,) if line else (), view=view, connected=self.snapshot.connection.is_up)

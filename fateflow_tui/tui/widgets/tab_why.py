"""Why the job or the component has its status."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult

from fateflow_tui.sdk.types.jobs import JobWhy
from fateflow_tui.tui.job_filter import Subject
from fateflow_tui.tui.widgets.job_tab import JobTab
from fateflow_tui.tui.widgets.text_views import ScrollText
from fateflow_tui.views.why import why_lines


class WhyTab(JobTab):
    """Reads the explanation on every change, and every few seconds while the job runs or waits."""

    def __init__(self) -> None:
        super().__init__("why")
        self._found: JobWhy | None = None
        self._about = ("", "")

    def compose(self) -> ComposeResult:
        yield ScrollText()

    def wanted(self, subject: Subject) -> Any:
        view = subject.view
        statuses = tuple((one.version, one.status) for one in view.components)
        slowly = 0 if view.status.ended else subject.now // 5000
        return view.job_id, subject.component, (view.status, view.waiting, view.reruns, statuses, slowly)

    async def read(self, subject: Subject) -> None:
        self._found = await self.flow.jobs.why(subject.job_id, subject.component)
        self._about = subject.job_id, subject.component

    def draw(self) -> None:
        subject, found = self.subject, self._found
        if subject is None:
            return
        fits = self._about == (subject.job_id, subject.component)
        lines = why_lines(found, subject.now, details=True) if found is not None and fits else []
        failed = self.placeholder() if self.failure is not None or not lines else []
        self.query_one(ScrollText).show([*failed, *lines])

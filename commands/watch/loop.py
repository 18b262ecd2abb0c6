"""Rounds of watch mode: lint, plan and, with --run, run what has changed; until it is interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

import msgspec

from fateflow_tui.commands.context import Session
from fateflow_tui.commands.documents import placed, problems_placed
from fateflow_tui.commands.errors import OK, USAGE
from fateflow_tui.commands.progress import poll_job
from fateflow_tui.commands.watch import events as events
from fateflow_tui.commands.watch.file_watcher import FilesChanged, FileUnreadable, FileWatcher, Texts
from fateflow_tui.commands.watch.reporters import Reporter, ended, failed
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import BadDocument, FateFlowError, TimedOut

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from fateflow_tui.commands.progress import Progress
    from fateflow_tui.core.plan import ReusePlan
    from fateflow_tui.sdk.types.jobs import JobView

_STOP_TIMEOUT: Final = 30.0  # seconds to wait for a superseded job


class WatchLoop:
    """Watches a pair of documents. run: submit jobs. reuse: reuse identical components of earlier jobs."""

    def __init__(self, session: Session, files: FileWatcher, reporter: Reporter, *, run: bool, reuse: bool) -> None:
        self._session = session
        self._files = files
        self._reporter = reporter
        self._run = run
        self._reuse = reuse
        self._code = OK
        self._job_id = ""  # of the running job
        self._before: str | None = None  # the job that scores are compared with
        self._content: Any = None  # the parsed documents of the running job
        self._progress: AbstractContextManager[Progress] = reporter.progress()

    def once(self) -> int:
        """Run one round and return its exit code. Raises BadRequest for a document that cannot be read."""
        self._begin(once=True)
        while self._job_id:
            self._follow()
        return self._code

    def forever(self) -> NoReturn:
        """Run round after round, whatever fails. Raises BadRequest for a document that cannot be read at first."""
        self._begin()
        while True:
            found = self._follow() if self._job_id else self._files.next()
            if isinstance(found, FileUnreadable):
                self._reporter.report(events.Unreadable(at=now_ms(), message=found.why))
            elif found is not None:
                self._round(found.texts, found.names)

    def leave(self) -> None:
        """Report that a running job continues after watching ends."""
        if self._job_id:
            self._reporter.report(events.Left(at=now_ms(), job_id=self._job_id))

    def _begin(self, *, once: bool = False) -> None:
        texts = self._files.first()
        dsl, conf = map(str, self._files.paths)
        self._reporter.report(events.Watching(at=now_ms(), dsl=dsl, conf=conf, run=self._run, once=once))
        self._round(texts, [path.name for path in self._files.paths])

    def _round(self, texts: Texts, files: list[str]) -> None:
        self._reporter.report(events.Saved(at=now_ms(), files=files))
        sources = self._files.sources(texts)
        try:
            with problems_placed(sources):
                self._code = self._check(texts)
        except BadDocument as error:
            self._code = error.exit_code
            self._report_problems(error.data or [])
        except FateFlowError as error:
            self._fail(error)

    def _check(self, texts: Texts) -> int:
        """Lint, plan and submit the documents; return the exit code, OK while the job runs."""
        found = [msgspec.to_builtins(problem) for problem in self._session.flow.lint(texts.dsl, texts.conf)]
        sources = self._files.sources(texts)
        if self._report_problems([placed(problem, sources) for problem in found]):
            self._keep("the documents have errors")
            return USAGE
        content = _parsed(texts)
        if self._job_id and content == self._content:
            self._keep("the content of the documents has not changed")
            return OK
        self._supersede()
        plan = self._session.flow.jobs.reuse_plan(texts.dsl, texts.conf, self._reuse)
        self._reporter.report(_planned(plan, now_ms()))
        if self._run:
            self._content = content
            self._before = self._before or plan.compared
            self._submit(texts, plan)
        return OK

    def _submit(self, texts: Texts, plan: ReusePlan) -> None:
        """Submit the job, unless an earlier one has done everything."""
        now = now_ms()
        if plan.source and not plan.removed and all(step.action == "reuse" for step in plan.components):
            self._reporter.report(events.Idle(at=now, job_id=plan.source))
            return
        submitted = self._session.flow.submit(texts.dsl, texts.conf, reuse=plan.source or False)
        self._job_id = submitted.job_id
        self._progress = self._reporter.progress()
        self._reporter.report(events.Submitted(at=now, job_id=submitted.job_id, source=plan.source))

    def _follow(self) -> FilesChanged | FileUnreadable | None:
        """Show the job until it has ended or something is saved."""
        try:
            with self._progress as progress:
                while True:
                    job = poll_job(self._session.flow, self._job_id)
                    progress.show(job)
                    if job.status.ended:
                        break
                    if (found := self._files.next(timeout=0)) is not None:
                        return found
        except FateFlowError as error:
            self._job_id = ""
            self._fail(error)
            return None
        self._end(job)
        return None

    def _supersede(self) -> None:
        """Stop the running job, unless it has ended by now."""
        if not self._job_id:
            return
        flow, job_id = self._session.flow, self._job_id
        job = flow.job(job_id)
        if job.status.ended:
            self._end(job)
            return
        flow.stop(job_id, reason="its documents have changed")
        try:
            status = str(flow.wait(job_id, timeout=_STOP_TIMEOUT).status)
        except TimedOut:  # the stop request is retried
            status = str(job.status)
        self._job_id = ""
        self._reporter.report(events.Superseded(at=now_ms(), job_id=job_id, status=status))

    def _end(self, job: JobView) -> None:
        found: list[events.EvaluationScore] = []
        if job.status.succeeded:
            from fateflow_tui.commands.watch.reporters import scores

            found = scores(self._session, job, self._before)
            self._before = job.job_id
        event = ended(job, found, now_ms())
        self._job_id, self._code = "", event.exit_code
        self._reporter.report(event)

    def _keep(self, why: str) -> None:
        if self._job_id:
            self._reporter.report(events.Kept(at=now_ms(), job_id=self._job_id, why=why))

    def _fail(self, error: FateFlowError) -> None:
        self._code = error.exit_code
        self._reporter.report(failed(error, now_ms()))

    def _report_problems(self, problems: list[dict[str, Any]]) -> int:
        """Report problems and return the number of errors."""
        errors = [problem["severity"] for problem in problems].count("error")
        warnings = len(problems) - errors
        self._reporter.report(events.Linted(at=now_ms(), errors=errors, warnings=warnings, problems=problems))
        return errors


def _parsed(texts: Texts) -> Any:
    from fateflow_tui.core.document import read_json

    return [read_json(text).value for text in texts]


def _planned(plan: ReusePlan, now: int) -> events.Planned:
    return events.Planned(
        at=now,
        source=plan.source,
        compared=plan.compared,
        run=[step.component for step in plan.components if step.action == "run"],
        reuse=[step.component for step in plan.components if step.action == "reuse"],
        removed=plan.removed,
        components=plan.components,
    )

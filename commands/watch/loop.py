"""Rounds of watch mode: lint, plan and, if wished, run what has changed; until it is interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from fateflow_tui.commands.context import Session
from fateflow_tui.commands.documents import placed, problems_placed
from fateflow_tui.commands.errors import OK, USAGE
from fateflow_tui.commands.progress import poll_job
from fateflow_tui.commands.watch import events as events
from fateflow_tui.commands.watch.file_watcher import Saved, Saves, Texts, Unreadable
from fateflow_tui.commands.watch.reporters import Teller, ended, failed
from fateflow_tui.core.errors import BadDocument, FateFlowError, TimedOut

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from fateflow_tui.commands.progress import Progress
    from fateflow_tui.sdk.types import ReusePlan
    from fateflow_tui.sdk.types.jobs import JobView

_STOPS_WITHIN: Final = 30.0  # seconds that a superseded job is waited for


class WatchLoop:
    """Watches one pair of documents. run: whether jobs are submitted. reuse: whether they take over what is alike."""

    def __init__(self, session: Session, saves: Saves, teller: Teller, *, run: bool, reuse: bool) -> None:
        self._session = session
        self._saves = saves
        self._teller = teller
        self._run = run
        self._reuse = reuse
        self._code = OK
        self._job_id = ""  # of the job that runs
        self._before: str | None = None  # the job whose scores the next ones are compared with
        self._meaning: Any = None  # what the documents of that job say, however they are written
        self._progress: AbstractContextManager[Progress] = teller.progress()

    def once(self) -> int:
        """One round to its end; gives its exit code. Raises BadRequest for a document that cannot be read."""
        self._begin(once=True)
        while self._job_id:
            self._follow()
        return self._code

    def forever(self) -> NoReturn:
        """Round after round, whatever goes wrong. Raises BadRequest for a document that cannot be read at first."""
        self._begin()
        while True:
            found = self._follow() if self._job_id else self._saves.next()
            if isinstance(found, Unreadable):
                self._teller.tell(events.Unreadable(at=self._session.now(), message=found.why))
            elif found is not None:
                self._round(found.texts, found.names)

    def leave(self) -> None:
        """Says that a job goes on although nobody follows it any more."""
        if self._job_id:
            self._teller.tell(events.Left(at=self._session.now(), job_id=self._job_id))

    def _begin(self, *, once: bool = False) -> None:
        texts = self._saves.first()
        dsl, conf = map(str, self._saves.paths)
        self._teller.tell(events.Watching(at=self._session.now(), dsl=dsl, conf=conf, run=self._run, once=once))
        self._round(texts, [path.name for path in self._saves.paths])

    def _round(self, texts: Texts, files: list[str]) -> None:
        self._teller.tell(events.Saved(at=self._session.now(), files=files))
        sources = self._saves.sources(texts)
        try:
            with problems_placed(sources):
                self._code = self._considered(texts)
        except BadDocument as error:
            self._code = error.exit_code
            self._tell_problems(error.data or [])
        except FateFlowError as error:
            self._fail(error)

    def _considered(self, texts: Texts) -> int:
        """One round; its exit code, OK as long as its job runs."""
        body = {"job_dsl": texts.dsl, "job_runtime_conf": texts.conf}
        found = self._session.flow.request("dsl/lint", body).data
        sources = self._saves.sources(texts)
        if self._tell_problems([placed(problem, sources) for problem in found]):
            self._keep("the documents have errors")
            return USAGE
        meaning = _meaning(texts)
        if self._job_id and meaning == self._meaning:
            self._keep("the documents say the same as before")
            return OK
        self._supersede()
        plan = self._session.flow.jobs.reuse_plan(texts.dsl, texts.conf, self._reuse)
        self._teller.tell(_planned(plan, self._session.now()))
        if self._run:
            self._meaning = meaning
            self._before = self._before or plan.compared
            self._submit(texts, plan)
        return OK

    def _submit(self, texts: Texts, plan: ReusePlan) -> None:
        """Unless an earlier job has done all of it."""
        now = self._session.now()
        if plan.source and not plan.removed and all(step.action == "reuse" for step in plan.components):
            self._teller.tell(events.Idle(at=now, job_id=plan.source))
            return
        submitted = self._session.flow.submit(texts.dsl, texts.conf, reuse=plan.source or False)
        self._job_id = submitted.job_id
        self._progress = self._teller.progress()
        self._teller.tell(events.Submitted(at=now, job_id=submitted.job_id, source=plan.source))

    def _follow(self) -> Saved | Unreadable | None:
        """Shows the job until it has ended, or until something is saved meanwhile."""
        try:
            with self._progress as progress:
                while True:
                    job = poll_job(self._session.flow, self._job_id)
                    progress.show(job)
                    if job.status.ended:
                        break
                    if (found := self._saves.next(timeout=0)) is not None:
                        return found
        except FateFlowError as error:
            self._job_id = ""
            self._fail(error)
            return None
        self._end(job)
        return None

    def _supersede(self) -> None:
        """Stops the job that runs, unless it has ended by now."""
        if not self._job_id:
            return
        flow, job_id = self._session.flow, self._job_id
        job = flow.job(job_id)
        if job.status.ended:
            self._end(job)
            return
        flow.stop(job_id, reason="its documents have changed")
        try:
            status = str(flow.wait(job_id, timeout=_STOPS_WITHIN).status)
        except TimedOut:  # the parties are told again until they answer
            status = str(job.status)
        self._job_id = ""
        self._teller.tell(events.Superseded(at=self._session.now(), job_id=job_id, status=status))

    def _end(self, job: JobView) -> None:
        found: list[events.Score] = []
        if job.status.succeeded:
            from fateflow_tui.commands.watch.reporters import scores

            found = scores(self._session, job, self._before)
            self._before = job.job_id
        told = ended(job, found, self._session.now())
        self._job_id, self._code = "", told.exit_code
        self._teller.tell(told)

    def _keep(self, why: str) -> None:
        if self._job_id:
            self._teller.tell(events.Kept(at=self._session.now(), job_id=self._job_id, why=why))

    def _fail(self, error: FateFlowError) -> None:
        self._code = error.exit_code
        self._teller.tell(failed(error, self._session.now()))

    def _tell_problems(self, problems: list[dict[str, Any]]) -> int:
        """The number of errors among them."""
        errors = [problem["severity"] for problem in problems].count("error")
        warnings = len(problems) - errors
        self._teller.tell(events.Linted(at=self._session.now(), errors=errors, warnings=warnings, problems=problems))
        return errors


def _meaning(texts: Texts) -> Any:
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

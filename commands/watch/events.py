"""The events of watch mode; with `--json` each is one line, named by `event`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from fateflow_tui.core.messages import FailureCard
    from fateflow_tui.core.plan import ReuseStep


class WatchEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag=str.lower):
    """An event. at: ms since the epoch."""

    at: int = 0


class Watching(WatchEvent, frozen=True, kw_only=True):
    """Watching starts. run: whether jobs are submitted. once: whether there is only one round."""

    dsl: str
    conf: str
    run: bool
    once: bool = False


class Saved(WatchEvent, frozen=True, kw_only=True):
    """A round starts for the saved files."""

    files: list[str]


class Unreadable(WatchEvent, frozen=True, kw_only=True):
    """A file is missing or not text."""

    message: str


class Linted(WatchEvent, frozen=True, kw_only=True):
    """The documents were checked. problems: with `file`, `line`, `column` and the `source` line."""

    errors: int
    warnings: int
    problems: list[dict[str, Any]]


class Planned(WatchEvent, frozen=True, kw_only=True):
    """What a job would do; see `fateflow_tui.core.plan.ReusePlan`. run, reuse: names of components."""

    source: str | None
    compared: str | None
    run: list[str]
    reuse: list[str]
    removed: list[str]
    components: list[ReuseStep]


class Idle(WatchEvent, frozen=True, kw_only=True):
    """Nothing is submitted, because an earlier job has done everything."""

    job_id: str


class Kept(WatchEvent, frozen=True, kw_only=True):
    """The running job continues, because the save does not affect it."""

    job_id: str
    why: str


class Superseded(WatchEvent, frozen=True, kw_only=True):
    """The running job was stopped because its documents have changed. status: of the stopped job."""

    job_id: str
    status: str


class Submitted(WatchEvent, frozen=True, kw_only=True):
    """A job was submitted. source: the reused job, or None."""

    job_id: str
    source: str | None


class Moved(WatchEvent, frozen=True, kw_only=True):
    """The status of the job or of a component changed; `reused` for a reused component."""

    job_id: str
    component: str
    status: str
    reused_from: str = ""


class EvaluationScore(msgspec.Struct, frozen=True):
    """A number of an evaluation. namespace: the data. before: its value in the previous job, or None."""

    component: str
    namespace: str
    metric: str
    value: float
    before: float | None = None


class Ended(WatchEvent, frozen=True, kw_only=True):
    """The job has ended. elapsed: ms. run, reused: names of components. scores: compared with the last successful job.
    exit_code: that of `job watch`.
    """

    job_id: str
    status: str
    progress: int
    elapsed: int
    run: list[str]
    reused: list[str]
    scores: list[EvaluationScore]
    cards: list[FailureCard]
    exit_code: int


class Failed(WatchEvent, frozen=True, kw_only=True):
    """The round failed; the next save starts another."""

    error: str
    message: str
    hint: str
    exit_code: int
    data: Any


class Left(WatchEvent, frozen=True, kw_only=True):
    """Watching was interrupted while a job ran, which continues."""

    job_id: str

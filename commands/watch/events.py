"""What happens while documents are watched; with `--json` each is one line, named by `event`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from fateflow_tui.core.messages import FailureCard
    from fateflow_tui.sdk.types import ReuseStep


class WatchEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag=str.lower):
    """Something happened. at: ms since the epoch."""

    at: int = 0


class Watching(WatchEvent, frozen=True, kw_only=True):
    """It begins. run: whether jobs are submitted. once: whether it is for one round only."""

    dsl: str
    conf: str
    run: bool
    once: bool = False


class Saved(WatchEvent, frozen=True, kw_only=True):
    """A round begins, for the files that have been saved."""

    files: list[str]


class Unreadable(WatchEvent, frozen=True, kw_only=True):
    """A file is away, or is no text."""

    message: str


class Linted(WatchEvent, frozen=True, kw_only=True):
    """problems: with `file`, `line`, `column` and the `source` of the line."""

    errors: int
    warnings: int
    problems: list[dict[str, Any]]


class Planned(WatchEvent, frozen=True, kw_only=True):
    """What a job would do; see `fateflow_tui.sdk.types.ReusePlan`. run, reuse: the names of the components."""

    source: str | None
    compared: str | None
    run: list[str]
    reuse: list[str]
    removed: list[str]
    components: list[ReuseStep]


class Idle(WatchEvent, frozen=True, kw_only=True):
    """Nothing is submitted, as an earlier job has done all of it."""

    job_id: str


class Kept(WatchEvent, frozen=True, kw_only=True):
    """The save does not concern the job that runs, which goes on."""

    job_id: str
    why: str


class Superseded(WatchEvent, frozen=True, kw_only=True):
    """The job that ran was stopped because its documents have changed. status: how it stands."""

    job_id: str
    status: str


class Submitted(WatchEvent, frozen=True, kw_only=True):
    """source: the job that is reused, None for none."""

    job_id: str
    source: str | None


class Moved(WatchEvent, frozen=True, kw_only=True):
    """The job, or a component of it, has another status; `reused` for what was taken over."""

    job_id: str
    component: str
    status: str
    reused_from: str = ""


class Score(msgspec.Struct, frozen=True):
    """One number of an evaluation. namespace: of what data. before: in the job before, None if it has none."""

    component: str
    namespace: str
    metric: str
    value: float
    before: float | None = None


class Ended(WatchEvent, frozen=True, kw_only=True):
    """The job has ended. elapsed: ms. run, reused: the names of the components. scores: beside those of the last job
    that succeeded. exit_code: as of `job watch`.
    """

    job_id: str
    status: str
    progress: int
    elapsed: int
    run: list[str]
    reused: list[str]
    scores: list[Score]
    cards: list[FailureCard]
    exit_code: int


class Failed(WatchEvent, frozen=True, kw_only=True):
    """The round could not be finished; the next save begins another."""

    error: str
    message: str
    hint: str
    exit_code: int
    data: Any


class Left(WatchEvent, frozen=True, kw_only=True):
    """It was interrupted while a job ran, which goes on."""

    job_id: str

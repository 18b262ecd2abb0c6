"""Why a job or component is in its state: the typed reasons, and the facts that the site adds.

kind        cause                                                        meaning
waiting     cores memory behind peer party confirmation retry needs      it continues by itself when the cause is gone
            parallelism turn
running     -                                                            its workers work
silent      -                                                            a worker has sent no heartbeat for long
failed      component exception memory signal exit lost peer             see `cards`, the first cause first; elsewhere:
            elsewhere -                                                  only the driver's site knows more
refused     role command component dataset table module model capacity   a party does not take part; `lacks` names what
            route trust other                                            it misses
canceled    stop job                                                     a user stopped it; or it ended with its job
timeout     waiting running task                                         a limit of the job was reached
reused      -                                                            the outputs of `job_id` were reused
success     -
passed      -                                                            `need_run` is false: the input was passed on
"""

from __future__ import annotations

import msgspec

from fateflow_tui.core.messages import FailureCard
from fateflow_tui.core.plan import Resources
from fateflow_tui.core.records import WaitingReason


class Holding(msgspec.Struct, frozen=True):
    """What a job holds at a party. ends_at: when it is expected to release it, 0 if unknown. here: the party is played
    by this site, whose parties share its capacity.
    """

    job_id: str
    party: str
    held: Resources
    ends_at: int = 0
    here: bool = False


class Heartbeat(msgspec.Struct, frozen=True):
    """The last visible activity of a worker. what: start, progress, metrics, value or log."""

    at: int
    what: str
    text: str = ""


class AwaitedValue(msgspec.Struct, frozen=True):
    """A value that a worker waits for, and since when."""

    name: str
    source: str
    since: int
    tag: str = ""


class DurationStats(msgspec.Struct, frozen=True):
    """How long tasks of a module take at this site: the median in ms, and the number of tasks."""

    duration: int
    count: int


class Why(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reason. text: in a sentence. hint: what would resolve it, or ''.

    party, component: where. since: ms since the epoch. estimate: when it is expected to end, 0 if unknown;
    basis: what that rests on. need, free, total, holders: of a shortage. job_id: the job in front, or the one whose
    outcome was reused. by, reason: of a stop. lacks: of a refusal, names by kind. usual: the median duration in ms.
    sign, awaits, stack: of a running worker. cards: of a failure, the first cause first.
    """

    kind: str
    text: str
    cause: str = ""
    hint: str = msgspec.field(name="mend", default="")
    party: str = ""
    component: str = ""
    since: int = 0
    estimate: int = 0
    basis: str = ""
    need: Resources | None = None
    free: Resources | None = None
    total: Resources | None = None
    holders: list[Holding] = []
    job_id: str = ""
    by: str = ""
    reason: str = ""
    lacks: dict[str, list[str]] = {}
    usual: int = 0
    sign: Heartbeat | None = None
    awaits: AwaitedValue | None = None
    stack: str = ""
    cards: list[FailureCard] = []


class WorkerHealth(msgspec.Struct, frozen=True):
    """What this site knows of a running worker. stack: of its threads, if it was requested."""

    sign: Heartbeat | None = None
    awaits: AwaitedValue | None = None
    stack: str = ""


class SiteContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a site knows besides the job's own state.

    waiting: the scheduler's own reason. holders: what jobs hold at any party. usual: by `module/role`.
    vitals: of workers here, by `records.task_key`. silent_after: ms without a heartbeat after which a worker is silent.
    """

    now: int
    waiting: WaitingReason | None = None
    holders: list[Holding] = []
    usual: dict[str, DurationStats] = {}
    vitals: dict[str, WorkerHealth] = {}
    silent_after: int = 300_000

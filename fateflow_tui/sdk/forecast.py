"""What a job would do, before it is submitted."""

from __future__ import annotations

import msgspec


class Leaving(msgspec.Struct, frozen=True):
    """A value that a module may send from one party to others while it runs."""

    component: str
    name: str
    to: list[str]


class TaskForecast(msgspec.Struct, frozen=True, kw_only=True):
    """A component at a party. expected: ms that it took here before (the median of `runs`), 0 where nothing is known.

    action: run or reuse. reads, writes: tables; of another site's party only how many (`their tables`).
    """

    component: str
    module: str
    action: str = "run"
    expected: int = 0
    runs: int = 0
    reads: list[str] = []
    writes: list[str] = []
    their_tables: int = 0


class PartyForecast(msgspec.Struct, frozen=True, kw_only=True):
    """What one party does. here: this site plays it. cores, memory (MiB): what the job holds there while it runs.

    refusal: why it would not take part, as far as this site can tell.
    """

    party: str
    here: bool
    cores: int
    memory: int
    tasks: list[TaskForecast]
    leaves: list[Leaving] = []
    refusal: str = ""


class JobForecast(msgspec.Struct, frozen=True, kw_only=True):
    """A job that was not submitted. expected: ms in all, 0 unless something is known of all that would run.

    unknown: components of which nothing is known. source: the job that would be reused, ''.
    """

    initiator: str
    job_type: str
    components: list[str]
    parties: list[PartyForecast]
    expected: int = 0
    unknown: list[str] = []
    source: str = ""
    model_id: str = ""
    model_version: str = ""

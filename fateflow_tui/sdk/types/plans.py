"""Typed answers about jobs before they run and beside each other."""

from __future__ import annotations

from typing import Any

import msgspec

from fateflow_tui.core.status import Status


class Changed(msgspec.Struct, frozen=True):
    """A place where two documents differ. change: added, removed or changed. party: '' where all have it."""

    path: str
    change: str
    old: Any = None
    new: Any = None
    party: str = ""


class MetricPair(msgspec.Struct, frozen=True):
    """The last value of a series in both jobs, None where one has none. series: `namespace.name`."""

    component: str
    party: str
    series: str
    key: str
    a: float | str | None = None
    b: float | str | None = None


class ComponentPair(msgspec.Struct, frozen=True, kw_only=True):
    """A component in both jobs: its status or `reused`, '' where one has it not, and ms that it ran."""

    component: str
    module: str
    a: str = ""
    b: str = ""
    a_took: int = 0
    b_took: int = 0


class ComparedJob(msgspec.Struct, frozen=True):
    """One of the two. took: ms."""

    job_id: str
    status: Status
    took: int = 0


class JobDiff(msgspec.Struct, frozen=True, kw_only=True):
    """Two jobs beside each other. same: their documents and parameters do not differ. parameters: by component."""

    a: ComparedJob
    b: ComparedJob
    same: bool
    dsl: list[Changed] = []
    conf: list[Changed] = []
    parameters: dict[str, list[Changed]] = {}
    metrics: list[MetricPair] = []
    components: list[ComponentPair] = []


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

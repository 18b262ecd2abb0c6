"""What differs between two jobs."""

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

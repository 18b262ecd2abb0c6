"""Tables."""

from __future__ import annotations

from typing import Any

import msgspec


class TableInfo(msgspec.Struct, frozen=True):
    """schema: {"sid": name, "header": "a,b,c"}."""

    table_name: str | None
    namespace: str | None
    exist: int
    count: int | None = None
    partition: int | None = None
    schema: dict[str, Any] | None = None


class TablePreview(msgspec.Struct, frozen=True):
    """The first rows of a table: cells in the order of the header, the id first."""

    header: list[str] = []
    data: list[list[Any]] = []
    count: int | None = None


class TableSource(msgspec.Struct, frozen=True):
    """One step of where a table comes from: a parent of it, what that was made of, and by which component of a job."""

    parent_table_name: str = ""
    parent_table_namespace: str = ""
    source_table_name: str = ""
    source_table_namespace: str = ""
    job_id: str = ""
    component_name: str = ""


class TableJobs(msgspec.Struct, frozen=True):
    """The jobs that have read a table."""

    job: list[str] = []
    count: int = 0


class TableLine(msgspec.Struct, frozen=True, kw_only=True):
    """A table in short. origin: {job_id, component} that made it. external: bound to a file that stays where it is.
    enable: jobs may read it. create_time: ms since the epoch.
    """

    namespace: str
    table_name: str
    count: int | None = None
    partition: int | None = None
    kind: str = ""
    engine: str = ""
    origin: dict[str, Any] | None = None
    external: bool = False
    enable: bool = True
    create_time: int | None = None
    columns: Any = None


class ComponentTables(msgspec.Struct, frozen=True):
    """A component's tables at one party: input and output name -> {name, namespace}."""

    input: dict[str, Any] = {}
    output: dict[str, Any] = {}

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


class Series(msgspec.Struct, frozen=True):
    """A metric: [key, value] points in order of the key. meta: name, metric_type and what its kind adds."""

    data: list[list[Any]] = []
    meta: dict[str, Any] = {}


class MetricPoints(msgspec.Struct, frozen=True):
    """Points that a running task has added to a series. party: `role:id`."""

    party: str
    component: str
    namespace: str
    name: str
    points: list[list[Any]]
    meta: dict[str, Any] = {}


class OutputTable(msgspec.Struct, frozen=True):
    """An output table of a component."""

    table_name: str
    table_namespace: str
    data_name: str


class DataPreview(msgspec.Struct, frozen=True):
    """The first rows of each output table of a component; one entry per table in every list."""

    rows: list[list[list[Any]]] = []
    header: list[list[str] | None] = []
    total: list[int] = []
    names: list[str] = []


class OutputModel(msgspec.Struct, frozen=True):
    """A component's model: param, what was learned; meta, with which settings; module, what made it. {} without one."""

    param: dict[str, Any] = {}
    meta: dict[str, Any] = {}
    module: str = ""


class DataView(msgspec.Struct, frozen=True):
    """Who takes part in a job. partner: the other parties, roles: all of them, role -> ids. dataset: role -> party ->
    {reader: `namespace.name`}.
    """

    partner: dict[str, list[int]] = {}
    roles: dict[str, list[int]] = {}
    dataset: dict[str, dict[str, dict[str, str]]] = {}


class Dependencies(msgspec.Struct, frozen=True):
    """A DAG. component_list: in topological order. dependencies: component -> [{component_name, type,
    up_output_info}]. component_module: component -> module. component_need_run: component -> whether it runs here.
    """

    component_list: list[str] = []
    dependencies: dict[str, list[dict[str, Any]]] = {}
    component_module: dict[str, str] = {}
    component_need_run: dict[str, bool] = {}

"""Tables, metric series and other outputs of tasks."""

from __future__ import annotations

from typing import Any

import msgspec


class TableInfo(msgspec.Struct, frozen=True):
    """A table. exist: 0 when there is none of this name. count: rows. schema: {"sid": name, "header": "a,b,c"}."""

    table_name: str | None
    namespace: str | None
    exist: int
    count: int | None = None
    partition: int | None = None
    schema: dict[str, Any] | None = None


class TablePreview(msgspec.Struct, frozen=True):
    """The first rows of a table. data: cells in the order of the header, the id first. count: rows of the table."""

    header: list[str] = []
    data: list[list[Any]] = []
    count: int | None = None


class TableSource(msgspec.Struct, frozen=True):
    """One step of a table's origin: a parent table, its source, and the component of the job that made it."""

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
    """A table in a list. count: rows. origin: {job_id, component} that made it. external: bound to a file that was not
    copied. enable: jobs may read it. create_time: ms since the epoch.
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
    """A metric series. data: [key, value] points in order of the key. meta: name, metric_type and more."""

    data: list[list[Any]] = []
    meta: dict[str, Any] = {}


class MetricPoints(msgspec.Struct, frozen=True):
    """New points of a metric series. party: `role:id`. points: [key, value] each."""

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
    """The first rows of each output table of a component. Every list has one entry per table. total: its rows."""

    rows: list[list[list[Any]]] = []
    header: list[list[str] | None] = []
    total: list[int] = []
    names: list[str] = []


class OutputModel(msgspec.Struct, frozen=True):
    """A component's model; empty without one. param: learned values. meta: settings. module: that trained it."""

    param: dict[str, Any] = {}
    meta: dict[str, Any] = {}
    module: str = ""


class DataView(msgspec.Struct, frozen=True):
    """The parties of a job and their tables. partner: the other parties; roles: all parties; both role -> ids. dataset:
    role -> party id -> {reader: `namespace.name`}.
    """

    partner: dict[str, list[int]] = {}
    roles: dict[str, list[int]] = {}
    dataset: dict[str, dict[str, dict[str, str]]] = {}


class Dependencies(msgspec.Struct, frozen=True):
    """A DAG in the form of FATE-Board.

    component_list: in topological order. dependencies: component -> [{component_name, type, up_output_info}].
    component_module: component -> module. component_need_run: component -> whether it runs here.
    """

    component_list: list[str] = []
    dependencies: dict[str, list[dict[str, Any]]] = {}
    component_module: dict[str, str] = {}
    component_need_run: dict[str, bool] = {}

"""A task's outputs: tables by port, and one model."""

from __future__ import annotations

import uuid
from hashlib import sha256
from typing import Any

from fateflow_tui.artifacts.models import ComponentModel, PartyModels
from fateflow_tui.artifacts.tables import Table, TableMeta, Tables, TableWriter
from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.ids import output_namespace, party_model_id
from fateflow_tui.core.records import Output
from fateflow_tui.core.work import TaskOrder


class TaskOutputs:
    """Collects outputs while a module runs. model: parameters and meta, stored by `complete`."""

    def __init__(self, order: TaskOrder, tables: Tables, models: PartyModels) -> None:
        self.model: tuple[dict[str, Any], dict[str, Any]] | None = None
        self._order = order
        self._tables = tables
        self._models = models
        self._written: dict[int, TableWriter] = {}
        self._passed: dict[int, Table] = {}

    def write(self, port: int, **facts: Any) -> TableWriter:
        self._claim(port)
        order = self._order
        writer = self._tables.create(
            output_namespace(order.job_id, order.component, order.version),
            uuid.uuid4().hex,
            origin={"job_id": order.job_id, "component": order.component},
            **facts,
        )
        self._written[port] = writer
        return writer

    def pass_on(self, table: Table, port: int) -> None:
        self._claim(port)
        self._passed[port] = table

    def complete(self) -> list[Output]:
        """Stores the model and returns everything, tables in the order of their ports."""
        tables = dict(self._passed)
        for port, writer in self._written.items():
            if writer.table is None:
                raise ComponentFailed(
                    f"the table of output {self._port_name(port)!r} was begun but never closed",
                    hint="write it in a `with` block, or call its `close`",
                )
            tables[port] = writer.table
        outputs = [_data(self._port_name(port), table.meta) for port, table in sorted(tables.items())]
        # What a predict job makes of a model it was given is not that model: the version it uses stays as it is.
        if self.model is not None and self._order.job_parameters.get("job_type") != "predict":
            outputs.append(self._save_model(*self.model))
        return outputs

    def discard(self) -> None:
        for writer in self._written.values():
            if writer.table is not None:
                self._tables.delete(writer.table.meta.namespace, writer.table.meta.name)
            else:
                writer.discard()

    def _claim(self, port: int) -> None:
        writer = self._written.get(port)
        if port in self._passed or (writer is not None and not writer.discarded):
            raise ComponentFailed(f"output {self._port_name(port)!r} of {self._order.component} has a table already")

    def _port_name(self, port: int) -> str:
        names = self._order.plan.data_ports
        return names[port] if port < len(names) else str(port)

    def _save_model(self, parameters: dict[str, Any], meta: dict[str, Any]) -> Output:
        order = self._order
        alias = order.plan.model_port
        content = self._models.save(
            party_model_id(order.party, order.model_id),
            order.model_version,
            ComponentModel(order.component, order.plan.module, parameters, meta, alias),
        )
        return Output("model", alias, sha256=sha256(content).hexdigest(), size=len(content))


def _data(port: str, meta: TableMeta) -> Output:
    return Output("data", port, meta.namespace, meta.name, meta.count, sha256=meta.identity)

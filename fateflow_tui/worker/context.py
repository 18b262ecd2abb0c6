"""What a module gets to work with: the implementation of `components.contract.Context`."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.metrics import MetricsWriter
from fateflow_tui.artifacts.models import PartyModels
from fateflow_tui.artifacts.plain import plain
from fateflow_tui.artifacts.tables import Table, Tables, TableWriter
from fateflow_tui.components.contract import Inputs
from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.ids import Party
from fateflow_tui.core.ports import ModuleFacts
from fateflow_tui.core.status import Status
from fateflow_tui.core.work import TaskOrder, TaskResult
from fateflow_tui.registry import Registry
from fateflow_tui.worker.codec import decode, encode
from fateflow_tui.worker.declared import Declared
from fateflow_tui.worker.exchange import Exchange
from fateflow_tui.worker.inputs import TaskInputs
from fateflow_tui.worker.outputs import TaskOutputs

if TYPE_CHECKING:
    from fateflow_tui.components.contract import Value


class TaskContext:
    """One run of one party's task. `finish` or `abandon` ends it; nothing may be written after that."""

    def __init__(self, order: TaskOrder, facts: ModuleFacts, exchange: Exchange, log: logging.Logger) -> None:
        home = Home(Path(order.home))
        self.job_id = order.job_id
        self.component = order.component
        self.version = order.version
        self.party = order.party
        self.roles: Mapping[str, Sequence[Party]] = {
            role: tuple(Party.of(role, party_id) for party_id in ids) for role, ids in order.roles.items()
        }
        self.job_parameters: Mapping[str, Any] = order.job_parameters
        self.tables = Tables(home.tables)
        self.log = log
        self.registry = Registry(home.models)
        models = PartyModels(home.models)
        self._inputs = TaskInputs(order, self.tables, models)
        self.inputs: Inputs = self._inputs
        self._outputs = TaskOutputs(order, self.tables, models)
        self._metrics = MetricsWriter(home.metrics(order.job_id, order.party, order.component, order.version))
        self._exchange = exchange
        self._declared = Declared(facts, order.party, self.roles)
        self._summary: dict[str, Any] | None = None
        self._module_version = facts.version

    def write(self, port: int = 0, *, kind: str = "instances", label: str = "", **facts: Any) -> TableWriter:
        return self._outputs.write(port, kind=kind, label=label, **facts)

    def pass_on(self, table: Table, port: int = 0) -> None:
        self._outputs.pass_on(table, port)

    def save_model(self, parameters: dict[str, Any], meta: dict[str, Any]) -> None:
        self._outputs.model = (plain(parameters), plain(meta))

    def metric(
        self,
        namespace: str,
        name: str,
        points: Sequence[tuple[float | int | str, Any]] = (),
        meta: Mapping[str, Any] | None = None,
    ) -> None:
        self._metrics.append(namespace, name, points, meta)
        self._exchange.metrics_written(namespace, name)

    def progress(self, done: int, total: int) -> None:
        self._exchange.progress(done, total)

    def summary(self, values: Mapping[str, Any]) -> None:
        self._summary = plain(dict(values))

    def send(self, name: str, value: Value, to: Party | Sequence[Party] | str, tag: str | int = "") -> None:
        targets = self._declared.targets(name, to)
        if targets:
            self._exchange.send(targets, name, str(tag), encode(value))

    def receive(self, name: str, source: Party, tag: str | int = "", timeout: float | None = None) -> Any:
        self._declared.check_source(name, source)
        payload = self._exchange.receive(source, name, str(tag), timeout)
        try:
            return decode(payload)
        except ComponentFailed as error:
            raise ComponentFailed(f"{name} from {source}: {error.message}") from error

    def receive_all(self, name: str, role: str, tag: str | int = "") -> list[Any]:
        sources = [party for party in self.roles.get(role, ()) if party != self.party]
        return [self.receive(name, source, tag) for source in sources]

    def pass_inputs(self) -> None:
        """Makes the first input the output: what a component does that is not to run."""
        table = self._inputs.first()
        if table is not None:
            self.pass_on(table)

    def finish(self, status: Status) -> TaskResult:
        """Stores the model and gives the last word. Raises ComponentFailed when an output is not complete."""
        outputs = self._outputs.complete()
        self._metrics.close()
        return TaskResult(status, outputs, self._summary, module_version=self._module_version)

    def abandon(self) -> None:
        """Leaves nothing of the outputs behind; metrics and logs stay, they tell what happened."""
        self._outputs.discard()
        self._metrics.close()

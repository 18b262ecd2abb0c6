"""The context of a running module: inputs, outputs, declared variables and the exchange with other parties."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.metrics import MetricsWriter
from fateflow_tui.artifacts.models import ComponentModel, PartyModels
from fateflow_tui.artifacts.table import Table, TableMeta, plain
from fateflow_tui.artifacts.table_writer import TableWriter
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.components.contract import Inputs, Model
from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.ids import Party, output_namespace, party_model_id
from fateflow_tui.core.ports import ModuleFacts, Variable
from fateflow_tui.core.records import TaskOutput
from fateflow_tui.core.status import Status
from fateflow_tui.core.work import MetricsWritten, ModelRef, TaskOutcome, TaskSpec
from fateflow_tui.registry import Registry
from fateflow_tui.worker.codec import Buffer, Payload, decode, encode

if TYPE_CHECKING:
    from fateflow_tui.components.contract import Value


class Declared:
    """Check the sends and receives of one task. Raises ComponentFailed, naming the variable."""

    def __init__(self, facts: ModuleFacts, party: Party, roles: Mapping[str, Sequence[Party]]) -> None:
        self._facts = facts
        self._party = party
        self._roles = roles

    def targets(self, name: str, to: Party | Sequence[Party] | str) -> list[Party]:
        """The parties named by `to`; a role names all its parties but this one."""
        variable = self._variable(name)
        self._check_role(variable, self._party.role, variable.sources, "sent by")
        if isinstance(to, str):
            self._check_role(variable, to, variable.targets, "sent to")
            targets = [party for party in self._roles.get(to, ()) if party != self._party]
        else:
            targets = [to] if isinstance(to, Party) else list(to)
        for target in targets:
            self._check_role(variable, target.role, variable.targets, "sent to")
            self._check_takes_part(variable, target)
        return targets

    def check_source(self, name: str, source: Party) -> None:
        variable = self._variable(name)
        self._check_role(variable, source.role, variable.sources, "sent by")
        self._check_role(variable, self._party.role, variable.targets, "received by")
        self._check_takes_part(variable, source)

    def _variable(self, name: str) -> Variable:
        variable = self._facts.variables.get(name)
        if variable is None:
            known = ", ".join(self._facts.variables) or "none"
            raise ComponentFailed(
                f"module {self._facts.name} does not declare the variable {name!r}; it declares: {known}",
                hint="add it to the module's `variables`, with the roles that send and receive it",
            )
        return variable

    def _check_role(self, variable: Variable, role: str, allowed: frozenset[str], verb: str) -> None:
        if role not in allowed:
            raise ComponentFailed(
                f"{variable.name} of module {self._facts.name} may not be {verb} a {role}; "
                f"it goes from {_listed(variable.sources)} to {_listed(variable.targets)}"
            )

    def _check_takes_part(self, variable: Variable, party: Party) -> None:
        if party not in self._roles.get(party.role, ()):
            raise ComponentFailed(f"{variable.name}: {party} does not take part in this component")


def _listed(roles: frozenset[str]) -> str:
    return ", ".join(sorted(roles))


class Exchange(Protocol):
    """One task's end of the message bus. Names, tags and directions have been checked before it is called."""

    def send(self, to: Sequence[Party], name: str, tag: str, payload: Payload) -> None:
        """Send a value; return once the bus has accepted it. Raises ComponentFailed if it is refused."""
        ...

    def receive(self, source: Party, name: str, tag: str, timeout: float | None) -> Buffer:
        """Wait for the payload. Raises ComponentFailed if the other side has ended, or after `timeout` seconds."""
        ...

    def progress(self, done: int, total: int) -> None: ...

    def metrics_written(self, frame: MetricsWritten) -> None: ...


LIVE_POINTS = 50  # of one batch, that are sent on as they come; the file has all


class TaskInputs:
    """Implements `components.contract.Inputs` for a task spec. A missing table or model raises NotFound."""

    def __init__(self, spec: TaskSpec, tables: Tables, models: PartyModels) -> None:
        self._spec = spec
        self._tables = tables
        self._models = models

    def keys(self) -> list[str]:
        return list(self._spec.tables)

    def tables(self, key: str) -> list[Table]:
        return [self._tables.open(ref.namespace, ref.name) for ref in self._spec.tables.get(key, [])]

    def table(self, key: str) -> Table | None:
        found = self.tables(key)
        return found[-1] if found else None

    def first(self) -> Table | None:
        """The first table, which a component with `need_run: false` passes on."""
        return next((table for key in self.keys() if (table := self.table(key)) is not None), None)

    def model(self) -> Model | None:
        found = self._load("model")
        return found[-1] if found else None

    def isometric_models(self) -> list[Model]:
        return self._load("isometric_model")

    def _load(self, key: str) -> list[Model]:
        return [self._open(ref) for ref in self._spec.models.get(key, [])]

    def _open(self, ref: ModelRef) -> Model:
        return self._models.load(ref.party_model_id, ref.version, ref.component, ref.alias)


class TaskOutputs:
    """Collect the outputs of a module. model: parameters and meta, stored by `complete`."""

    def __init__(self, spec: TaskSpec, tables: Tables, models: PartyModels) -> None:
        self.model: tuple[dict[str, Any], dict[str, Any]] | None = None
        self._spec = spec
        self._tables = tables
        self._models = models
        self._written: dict[int, TableWriter] = {}
        self._passed: dict[int, Table] = {}

    def write(self, port: int, **facts: Any) -> TableWriter:
        self._claim(port)
        spec = self._spec
        writer = self._tables.create(
            output_namespace(spec.job_id, spec.component, spec.version),
            uuid.uuid4().hex,
            origin={"job_id": spec.job_id, "component": spec.component},
            **facts,
        )
        self._written[port] = writer
        return writer

    def pass_on(self, table: Table, port: int) -> None:
        self._claim(port)
        self._passed[port] = table

    def complete(self) -> list[TaskOutput]:
        """Store the model and return all outputs, tables in the order of their ports."""
        tables = dict(self._passed)
        for port, writer in self._written.items():
            if writer.table is None:
                raise ComponentFailed(
                    f"the table of output {self._port_name(port)!r} was never closed",
                    hint="write it in a `with` block, or call its `close`",
                )
            tables[port] = writer.table
        outputs = [_data(self._port_name(port), table.meta) for port, table in sorted(tables.items())]
        # A predict job must not overwrite the model that it uses.
        if self.model is not None and self._spec.job_parameters.get("job_type") != "predict":
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
            raise ComponentFailed(f"output {self._port_name(port)!r} of {self._spec.component} has a table already")

    def _port_name(self, port: int) -> str:
        names = self._spec.plan.data_ports
        return names[port] if port < len(names) else str(port)

    def _save_model(self, parameters: dict[str, Any], meta: dict[str, Any]) -> TaskOutput:
        spec = self._spec
        alias = spec.plan.model_port
        content = self._models.save(
            party_model_id(spec.party, spec.model_id),
            spec.model_version,
            ComponentModel(spec.component, spec.plan.module, parameters, meta, alias),
        )
        return TaskOutput("model", alias, sha256=sha256(content).hexdigest(), size=len(content))


def _data(port: str, meta: TableMeta) -> TaskOutput:
    return TaskOutput("data", port, meta.namespace, meta.name, meta.count, sha256=meta.identity)


class TaskContext:
    """One run of a party's task. Nothing may be written after `finish` or `abandon`."""

    def __init__(self, spec: TaskSpec, facts: ModuleFacts, exchange: Exchange, log: logging.Logger) -> None:
        home = Home(Path(spec.home))
        self.job_id = spec.job_id
        self.component = spec.component
        self.version = spec.version
        self.party = spec.party
        self.roles: Mapping[str, Sequence[Party]] = {
            role: tuple(Party.of(role, party_id) for party_id in ids) for role, ids in spec.roles.items()
        }
        self.job_parameters: Mapping[str, Any] = spec.job_parameters
        self.tables = Tables(home.tables)
        self.log = log
        self.registry = Registry(home.models)
        models = PartyModels(home.models)
        self._inputs = TaskInputs(spec, self.tables, models)
        self.inputs: Inputs = self._inputs
        self._outputs = TaskOutputs(spec, self.tables, models)
        self._metrics = MetricsWriter(home.metrics(spec.job_id, spec.party, spec.component, spec.version))
        self._exchange = exchange
        self._declared = Declared(facts, spec.party, self.roles)
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
        rows = self._metrics.append(namespace, name, points, meta)
        count = self._metrics.count(namespace, name)
        self._exchange.metrics_written(
            MetricsWritten(namespace, name, rows[-LIVE_POINTS:], count, plain(dict(meta or {})))
        )

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
        """Pass the first input on as the output, for a component with `need_run: false`."""
        table = self._inputs.first()
        if table is not None:
            self.pass_on(table)

    def finish(self, status: Status) -> TaskOutcome:
        """Store the model and return the outcome. Raises ComponentFailed if an output is incomplete."""
        outputs = self._outputs.complete()
        self._metrics.close()
        return TaskOutcome(status, outputs, self._summary, module_version=self._module_version)

    def abandon(self) -> None:
        """Delete the outputs; metrics and logs stay."""
        self._outputs.discard()
        self._metrics.close()

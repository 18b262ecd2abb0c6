"""Run a module for several parties in one process, to test components."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.logs import TaskLogHandler
from fateflow_tui.artifacts.metrics import Series
from fateflow_tui.artifacts.metrics import read as read_metrics
from fateflow_tui.artifacts.models import ComponentModel, PartyModels
from fateflow_tui.artifacts.table import Table, TableMeta
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.components.catalog import load_catalog
from fateflow_tui.components.contract import Module
from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.ids import Party, party_model_id
from fateflow_tui.core.messages import FailureCard
from fateflow_tui.core.plan import TaskPlan
from fateflow_tui.core.status import Status
from fateflow_tui.core.work import MetricsWritten, ModelRef, TableRef, TaskSpec
from fateflow_tui.worker.cards import card_of_error
from fateflow_tui.worker.child import execute
from fateflow_tui.worker.codec import Buffer, Payload
from fateflow_tui.worker.context import TaskContext

if TYPE_CHECKING:
    import polars as pl


class MemoryBus:
    """Mailboxes of several tasks in threads. When a task has ended, receivers waiting for it fail."""

    def __init__(self, parties: Iterable[Party], timeout: float) -> None:
        """timeout: of a receive without its own, in seconds."""
        self._running = set(parties)
        self._timeout = timeout
        self._changed = threading.Condition()
        self._values: defaultdict[tuple[Party, Party, str, str], deque[bytearray]] = defaultdict(deque)

    def end(self, party: Party) -> None:
        with self._changed:
            self._running.discard(party)
            self._changed.notify_all()

    def put(self, source: Party, targets: Sequence[Party], name: str, tag: str, payload: Payload) -> None:
        with self._changed:
            for target in targets:
                self._values[source, target, name, tag].append(payload.joined())
            self._changed.notify_all()

    def take(self, source: Party, target: Party, name: str, tag: str, timeout: float | None) -> Buffer:
        key = (source, target, name, tag)
        limit = self._timeout if timeout is None else timeout
        with self._changed:
            waiting = self._values[key]
            in_time = self._changed.wait_for(lambda: waiting or source not in self._running, limit)
            if waiting:
                return waiting.popleft()
        text = f"{target} waits for {name} with tag {tag!r}"
        if in_time:
            raise ComponentFailed(f"{text}, but {source} ended without sending it")
        raise ComponentFailed(f"{text} from {source}, which did not arrive within {limit} s")


class MemoryExchange:
    """One party's end of a MemoryBus; records the progress shown."""

    def __init__(self, bus: MemoryBus, party: Party) -> None:
        self._bus = bus
        self._party = party
        self.shown: list[tuple[int, int]] = []

    def send(self, to: Sequence[Party], name: str, tag: str, payload: Payload) -> None:
        self._bus.put(self._party, to, name, tag, payload)

    def receive(self, source: Party, name: str, tag: str, timeout: float | None) -> Buffer:
        return self._bus.take(source, self._party, name, tag, timeout)

    def progress(self, done: int, total: int) -> None:
        self.shown.append((done, total))

    def metrics_written(self, frame: MetricsWritten) -> None:
        """Ignore it; the points are in the file."""


JOB = "harness"
MODEL = "harness-model"


class Given:
    """An input table: its rows (the id column first, text) and facts of `TableMeta` such as kind and label."""

    def __init__(self, frame: pl.DataFrame, *, kind: str = "instances", label: str = "", **facts: Any) -> None:
        self.frame = frame
        self.facts = {"kind": kind, "label": label, **facts}


class Result(msgspec.Struct):
    """The results of a task at one party.

    status: None if it raised. tables and metas: by the name of the output port ("0", "1", ... unless `data_ports`
    names them). error: what it raised, with its card. progress: (done, total) pairs.
    """

    status: Status | None = None
    tables: dict[str, Any] = {}  # of pl.DataFrame
    metas: dict[str, TableMeta] = {}
    metrics: Series = {}
    summary: dict[str, Any] | None = None
    model: ComponentModel | None = None
    error: BaseException | None = None
    card: FailureCard | None = None
    progress: list[tuple[int, int]] = []


def run_module(
    module: str | type[Module[Any]],
    parties: Mapping[Party, Mapping[str, Any]],
    *,
    check: bool = True,
    home: Path | None = None,
    component: str = "tested_0",
    data_ports: Sequence[str] = (),
    job_parameters: Mapping[str, Any] | None = None,
    timeout: float = 60.0,
) -> dict[Party, Result]:
    """Run a module (a class, or its name in the catalog) once for each party and wait for all.

    parties: for each party any of `parameters` (what differs from the defaults), `tables` ({key: [Given, frame or
    Table]}) and `models` ({"model" or "isometric_model": [ComponentModel]}). check: raise the first error instead
    of returning it. home: for modules that use stored tables; a temporary one otherwise. timeout: of each receive.
    """
    kind = load_catalog().module(module) if isinstance(module, str) else module
    if home is None:
        with tempfile.TemporaryDirectory(prefix="fateflow-") as directory:
            return run_module(
                kind,
                parties,
                check=check,
                home=Path(directory),
                component=component,
                data_ports=data_ports,
                job_parameters=job_parameters,
                timeout=timeout,
            )
    roles: dict[str, list[int]] = {}
    for party in parties:
        roles.setdefault(party.role, []).append(int(party.party_id))
    bus = MemoryBus(parties, timeout)
    runs: list[_Run] = []
    for party, given in parties.items():
        parameters = kind.parameter_type().model_dump() | dict(given.get("parameters", {}))
        spec = TaskSpec(
            job_id=JOB,
            component=component,
            version=0,
            party=party,
            plan=TaskPlan(component, kind.name, [], parameters, data_ports=list(data_ports)),
            home=str(home),
            roles=roles,
            job_parameters=dict(job_parameters or {}),
            tables=_store_tables(Home(home), party, given.get("tables", {})),
            models=_store_models(Home(home), party, given.get("models", {})),
            model_id=MODEL,
            model_version=JOB,
        )
        runs.append(_Run(kind, spec, bus))
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    first = min((run for run in runs if run.result.error), key=lambda run: run.ended, default=None)
    if check and first is not None and first.result.error is not None:
        first.result.error.add_note(f"at {first.spec.party}")
        raise first.result.error
    return {run.spec.party: run.result for run in runs}


class _Run(threading.Thread):
    """One party's task."""

    _counter = 0
    _lock = threading.Lock()

    def __init__(self, module: type[Module[Any]], spec: TaskSpec, bus: MemoryBus) -> None:
        super().__init__(name=str(spec.party), daemon=True)
        self.spec = spec
        self.result = Result()
        self.ended = 0  # the position in which it ended
        self._module = module
        self._bus = bus

    def run(self) -> None:
        home = Home(Path(self.spec.home))
        handler = TaskLogHandler(home, self.spec.job_id, self.spec.party, self.spec.component)
        log = logging.Logger(str(self.spec.party))
        log.addHandler(handler)
        exchange = MemoryExchange(self._bus, self.spec.party)
        try:
            self._execute(TaskContext(self.spec, self._module.facts(), exchange, log), home)
        except BaseException as error:
            self.result.error = error
            self.result.card = card_of_error(self.spec, error, [])
        finally:
            with _Run._lock:
                _Run._counter += 1
                self.ended = _Run._counter
            self.result.progress = exchange.shown
            self._bus.end(self.spec.party)
            handler.close()

    def _execute(self, context: TaskContext, home: Home) -> None:
        done = execute(self._module, self.spec, context)
        tables = {out.name: Tables(home.tables).open(out.namespace, out.table) for out in done.outputs if out.table}
        models = PartyModels(home.models)
        spec = self.spec
        owner = party_model_id(spec.party, spec.model_id)
        self.result = Result(
            status=done.status,
            tables={name: table.frame() for name, table in tables.items()},
            metas={name: table.meta for name, table in tables.items()},
            metrics=read_metrics(home.metrics(spec.job_id, spec.party, spec.component, spec.version)),
            summary=done.summary,
            model=next(
                (models.load(owner, JOB, spec.component, out.name) for out in done.outputs if out.kind == "model"),
                None,
            ),
        )


def _store_tables(home: Home, party: Party, given: Mapping[str, Sequence[Any]]) -> dict[str, list[TableRef]]:
    tables = Tables(home.tables)
    stored: dict[str, list[TableRef]] = {}
    for key, entries in given.items():
        for number, entry in enumerate(entries):
            if isinstance(entry, Table):
                reference = TableRef(entry.meta.namespace, entry.meta.name, "upstream_0", "data")
            else:
                source = entry if isinstance(entry, Given) else Given(entry)
                reference = TableRef(f"input_{party.role}_{party.party_id}", f"{key}_{number}", "upstream_0", "data")
                with tables.create(reference.namespace, reference.name, replace=True, **source.facts) as writer:
                    writer.write(source.frame)
            stored.setdefault(key, []).append(reference)
    return stored


def _store_models(home: Home, party: Party, given: Mapping[str, Sequence[ComponentModel]]) -> dict[str, list[ModelRef]]:
    owner = party_model_id(party, MODEL)
    stored: dict[str, list[ModelRef]] = {}
    for key, entries in given.items():
        for model in entries:
            PartyModels(home.models).save(owner, JOB, model)
            stored.setdefault(key, []).append(ModelRef(owner, JOB, model.component, model.alias, model.module))
    return stored

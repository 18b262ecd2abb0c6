"""A task's inputs, opened when they are asked for."""

from __future__ import annotations

from fateflow_tui.artifacts.models import PartyModels
from fateflow_tui.artifacts.tables import Table, Tables
from fateflow_tui.components.contract import Model
from fateflow_tui.core.work import ModelRef, TaskOrder


class TaskInputs:
    """Implements `components.contract.Inputs` for an order. A table or model that is not there raises NotFound."""

    def __init__(self, order: TaskOrder, tables: Tables, models: PartyModels) -> None:
        self._order = order
        self._tables = tables
        self._models = models

    def keys(self) -> list[str]:
        return list(self._order.tables)

    def tables(self, key: str) -> list[Table]:
        return [self._tables.open(ref.namespace, ref.name) for ref in self._order.tables.get(key, [])]

    def table(self, key: str) -> Table | None:
        found = self.tables(key)
        return found[-1] if found else None

    def first(self) -> Table | None:
        """What a component that is not to run passes on: the table under its first key that has one."""
        return next((table for key in self.keys() if (table := self.table(key)) is not None), None)

    def model(self) -> Model | None:
        found = self._load("model")
        return found[-1] if found else None

    def isometric_models(self) -> list[Model]:
        return self._load("isometric_model")

    def _load(self, key: str) -> list[Model]:
        return [self._open(ref) for ref in self._order.models.get(key, [])]

    def _open(self, ref: ModelRef) -> Model:
        return self._models.load(ref.party_model_id, ref.version, ref.component, ref.alias)

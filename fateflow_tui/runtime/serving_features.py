"""Where a party's own features are found while a row is scored: tables that the site's operator named for it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.components.online import Row
from fateflow_tui.core.errors import BadRequest, FateFlowError, NotFound
from fateflow_tui.core.ids import Party
from fateflow_tui.core.ports import Collection
from fateflow_tui.runtime.clock import now_ms
from fateflow_tui.runtime.indexed_table import IndexedTable
from fateflow_tui.runtime.serving_errors import InferenceFailed, ServingCode
from fateflow_tui.runtime.serving_messages import Ids

logger = logging.getLogger(__name__)

_KINDS: Final = ("raw", "instances")
_USUAL_NAMES: Final = ("id", "device_id")


class FeatureBinding(msgspec.Struct, frozen=True):
    """Where a party's features are looked up. model_id: "" for all models. bound_at: ms since the epoch."""

    party: Party
    namespace: str
    name: str
    model_id: str = ""
    bound_at: int = 0


class FeatureTables:
    """Nothing is looked up that was not bound here by an operator of this site."""

    def __init__(self, home: Home, tables: Tables, records: Collection) -> None:
        self._home = home
        self._tables = tables
        self._records = records
        self._bound = {key: msgspec.convert(kept.record, FeatureBinding) for key, kept in records.all().items()}
        self._indexed: dict[tuple[str, str], IndexedTable] = {}

    async def bind(self, binding: FeatureBinding) -> tuple[FeatureBinding, int]:
        """Returns when the table can be looked into, with its number of rows. Raises NotFound, BadRequest and what
        building the index raises.
        """
        meta = self._tables.open(binding.namespace, binding.name).meta
        if meta.kind not in _KINDS:
            raise BadRequest(f"table {meta.namespace}/{meta.name} holds {meta.kind}, not features")
        index = await self._table(binding).index()
        bound = msgspec.structs.replace(binding, bound_at=now_ms())
        self._records.put(_key(bound.party, bound.model_id), msgspec.to_builtins(bound))
        self._bound[_key(bound.party, bound.model_id)] = bound
        return bound, len(index)

    def unbind(self, party: Party, model_id: str = "") -> None:
        """Raises NotFound."""
        key = _key(party, model_id)
        if key not in self._bound:
            raise NotFound(f"{party} has no features bound" + (f" for model {model_id}" if model_id else ""))
        self._records.delete(key)
        gone = self._bound.pop(key)
        place = (gone.namespace, gone.name)
        if all((one.namespace, one.name) != place for one in self._bound.values()) and place in self._indexed:
            self._indexed.pop(place).remove()

    def all(self) -> list[FeatureBinding]:
        return sorted(self._bound.values(), key=lambda binding: (binding.party, binding.model_id))

    def of(self, party: Party, model_id: str) -> FeatureBinding | None:
        """What was bound for this model, else for all."""
        return self._bound.get(_key(party, model_id)) or self._bound.get(_key(party, ""))

    async def find(self, party: Party, model_id: str, ids: Ids, patience: float) -> Row:
        """The party's row. patience: seconds to wait for an index that must be built first. Raises InferenceFailed,
        in words that say nothing of the table: they may go to another party.
        """
        binding = self.of(party, model_id)
        if binding is None:
            raise InferenceFailed(
                ServingCode.FEATURE_SOURCE,
                f"no features are bound for {party}",
                hint=f"at its site: fateflow serving features bind -r {party.role} -p {party.party_id} "
                "--namespace NAMESPACE --name TABLE",
            )
        try:
            index = await self._table(binding).index(patience)
            identifier = _identifier(ids, index.facts.sid)
            values = index.find(identifier)
        except TimeoutError:
            raise InferenceFailed(
                ServingCode.FEATURE_SOURCE, f"the features of {party} are being made ready", hint="ask again soon"
            ) from None
        except InferenceFailed:
            raise
        except (FateFlowError, OSError) as error:
            logger.error(
                "features of %s cannot be looked up in %s/%s: %s", party, binding.namespace, binding.name, error
            )
            raise InferenceFailed(
                ServingCode.FEATURE_SOURCE,
                f"the features that are bound for {party} cannot be looked up; the log of its site tells why",
            ) from error
        if values is None:
            raise InferenceFailed(ServingCode.NO_SUCH_ID, f"{party} has no row with this id")
        return Row(values, index.facts.delimiter)

    async def close(self) -> None:
        for table in self._indexed.values():
            await table.close()

    def _table(self, binding: FeatureBinding) -> IndexedTable:
        place = (binding.namespace, binding.name)
        if place not in self._indexed:
            self._indexed[place] = IndexedTable(self._home, self._tables, *place)
        return self._indexed[place]


def _identifier(ids: Mapping[str, Any], sid: str) -> str:
    """The id by which to look: the one that is named like the table's id column or in a usual way, or the only one."""
    for name in (sid, *_USUAL_NAMES):
        if name in ids:
            return str(ids[name])
    if len(ids) == 1:
        return str(next(iter(ids.values())))
    sent = ", ".join(sorted(ids)) or "nothing"
    raise InferenceFailed(
        ServingCode.REQUEST,
        f"which id to look up is not clear: {sent} was sent",
        hint='send one id in sendToRemoteFeatureData, as {"id": "..."}',
    )


def _key(party: Party, model_id: str) -> str:
    return f"{party}/{model_id}"

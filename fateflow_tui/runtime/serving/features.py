"""A party's own features for online inference: indexed tables that the site's operator has bound."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from fateflow_tui.artifacts.feature_index import FeatureIndex
from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.table import META_FILE, TableMeta
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.components.online import Row
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import BadRequest, ComponentFailed, DamagedFile, FateFlowError, NotFound
from fateflow_tui.core.ids import Party
from fateflow_tui.core.ports import RecordCollection
from fateflow_tui.runtime.serving.messages import Ids, InferenceFailed, ServingCode

# Identifies the table's metadata file on disk: changed metadata is a new file.
_Mark = tuple[int, ...]


class IndexedTable:
    """A table with an index, a file below `<home>/serving` that survives restarts."""

    def __init__(self, home: Home, tables: Tables, namespace: str, name: str) -> None:
        self._home = home
        self._tables = tables
        self._place = namespace, name
        self._facts = home.table(namespace, name) / META_FILE
        digest = sha256(f"{namespace}/{name}".encode()).hexdigest()[:32]
        self._path = home.root / "serving" / f"{digest}.sqlite"
        self._index: FeatureIndex | None = None
        self._mark: _Mark | None = None  # of the table that the open index belongs to
        self._source: Path | None = None  # the external file that the table is bound to
        self._renewal: asyncio.Task[FeatureIndex] | None = None

    async def index(self, patience: float | None = None) -> FeatureIndex:
        """Return the index of the table as it is now. patience: seconds to wait while it is built; None for no limit.

        Raises NotFound if there is no such table, TimeoutError, ComponentFailed if the index cannot be built.
        """
        if self._index is not None and self._mark is not None and self._mark == self._look():
            return self._index
        if self._renewal is None:
            self._renewal = asyncio.create_task(self._renew())
            self._renewal.add_done_callback(self._renewed)
        return await asyncio.wait_for(asyncio.shield(self._renewal), patience)

    def remove(self) -> None:
        """Delete the index."""
        self._forget()
        self._path.unlink(missing_ok=True)

    async def close(self) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)
        self._forget()

    async def _renew(self) -> FeatureIndex:
        """Read the table's mark first: if the table is replaced meanwhile, the next lookup notices."""
        mark = self._look()
        meta = self._tables.open(*self._place).meta
        if (obstacle := meta.obstacle()) is not None:
            self._forget()
            raise obstacle
        source = Path(meta.files[0]) if meta.source is not None else None
        if source != self._source:
            self._source, mark = source, None
        if self._index is None or self._index.facts.table != meta.identity:
            self._forget()
            self._index = self._stored(meta) or await self._built()
        # If the table was replaced while the index was built, the next lookup checks it again.
        self._mark = mark if self._index.facts.table == meta.identity else None
        return self._index

    def _renewed(self, renewal: asyncio.Task[FeatureIndex]) -> None:
        self._renewal = None
        if not renewal.cancelled():
            renewal.exception()  # waiters get the error; without any, it is not unhandled

    def _stored(self, meta: TableMeta) -> FeatureIndex | None:
        """The index that an earlier run of this site built, if it belongs to this table."""
        if not self._path.exists():
            return None
        try:
            index = FeatureIndex(self._path)
        except DamagedFile:
            return None
        if index.facts.table == meta.identity:
            return index
        index.close()
        return None

    async def _built(self) -> FeatureIndex:
        words = (os.getpid(), self._home.root, *self._place, self._path)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fateflow_tui.worker.feature_index", *map(str, words)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, complaint = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            lines = complaint.decode(errors="replace").strip().splitlines() or [f"exit code {process.returncode}"]
            raise ComponentFailed(f"the index of table {'/'.join(self._place)} could not be built: {lines[-1]}")
        return FeatureIndex(self._path)

    def _forget(self) -> None:
        if self._index is not None:
            self._index.close()
        self._index = self._mark = None

    def _look(self) -> _Mark | None:
        """The state of the metadata file and the external file; None if one is missing."""
        try:
            paths = (self._facts,) if self._source is None else (self._facts, self._source)
            return tuple(number for path in paths for number in _mark_of(path))
        except OSError:
            return None


def _mark_of(path: Path) -> _Mark:
    facts = os.stat(path)
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


logger = logging.getLogger(__name__)

_KINDS: Final = ("raw", "instances")
_ID_NAMES: Final = ("id", "device_id")


class FeatureBinding(msgspec.Struct, frozen=True):
    """The table of a party's features. model_id: "" for all models. bound_at: ms since the epoch."""

    party: Party
    namespace: str
    name: str
    model_id: str = ""
    bound_at: int = 0


class FeatureTables:
    """The tables that an operator of this site has bound; no others are read."""

    def __init__(self, home: Home, tables: Tables, records: RecordCollection) -> None:
        self._home = home
        self._tables = tables
        self._records = records
        self._bound = {key: msgspec.convert(kept.record, FeatureBinding) for key, kept in records.all().items()}
        self._indexed: dict[tuple[str, str], IndexedTable] = {}

    async def bind(self, binding: FeatureBinding) -> tuple[FeatureBinding, int]:
        """Bind a table and build its index; return the binding and the number of rows. Raises NotFound, BadRequest, and
        as `IndexedTable.index`.
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
        """The binding for this model, else the one for all models."""
        return self._bound.get(_key(party, model_id)) or self._bound.get(_key(party, ""))

    async def find(self, party: Party, model_id: str, ids: Ids, patience: float) -> Row:
        """Return the party's row. patience: seconds to wait while the index is built. Raises InferenceFailed, with a
        message that reveals nothing about the table, because it may go to another party.
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
                ServingCode.FEATURE_SOURCE, f"the features of {party} are being indexed", hint="try again soon"
            ) from None
        except InferenceFailed:
            raise
        except (FateFlowError, OSError) as error:
            logger.error(
                "features of %s cannot be looked up in %s/%s: %s", party, binding.namespace, binding.name, error
            )
            raise InferenceFailed(
                ServingCode.FEATURE_SOURCE,
                f"the features that are bound for {party} cannot be looked up; see the log of its site",
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
    """The id to look up: the one named like the table's id column, else `id` or `device_id`, else the only one."""
    for name in (sid, *_ID_NAMES):
        if name in ids:
            return str(ids[name])
    if len(ids) == 1:
        return str(next(iter(ids.values())))
    sent = ", ".join(sorted(ids)) or "nothing"
    raise InferenceFailed(
        ServingCode.REQUEST,
        f"cannot tell which id to look up: {sent} was sent",
        hint='send one id in sendToRemoteFeatureData, as {"id": "..."}',
    )


def _key(party: Party, model_id: str) -> str:
    return f"{party}/{model_id}"

"""A job as its file stores it, its schema version, and the effect of a commit, a lease and a release. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from fateflow_tui.core.errors import LeaseLost, StaleVersion
from fateflow_tui.core.ports import JobCommit, Lease, StoredJob
from fateflow_tui.store.storage import SCHEMA_TABLE, Schema, Tables

"""A document as TinyDB has it: records by table and TinyDB's number."""


JOBS: Final = Schema(1, {})
COLLECTIONS: Final = Schema(1, {})

KEY: Final = "_key"
META: Final = "meta"

_records: Final = msgspec.json.Decoder(dict[str, dict[str, Any]])


class _Keyed(msgspec.Struct):
    key: str = msgspec.field(name=KEY)


class _File(msgspec.Struct):
    version: int


class TableRecords(msgspec.Struct, frozen=True):
    """Records in JSON by TinyDB's number, in order of arrival, and that number by key."""

    records: dict[str, msgspec.Raw]
    numbers: dict[str, str]

    @classmethod
    def of(cls, records: Mapping[str, msgspec.Raw]) -> TableRecords:
        """Raises msgspec.ValidationError when a record has no key or two have the same."""
        keys = [msgspec.json.decode(record, type=_Keyed).key for record in records.values()]
        # Numbered afresh: who removed records with stock TinyDB left gaps, and new numbers follow from the count.
        table = cls(
            {str(number): record for number, record in enumerate(records.values(), 1)},
            {key: str(number) for number, key in enumerate(keys, 1)},
        )
        if len(table.numbers) != len(keys):
            raise msgspec.ValidationError("two records have the same key")
        return table

    def with_records(self, changed: Mapping[str, Mapping[str, Any]]) -> TableRecords:
        records, numbers = dict(self.records), dict(self.numbers)
        for key, record in changed.items():
            if KEY in record:
                raise ValueError(f"the field {KEY!r} is the store's own; record {key!r} has it")
            number = numbers.setdefault(key, str(len(records) + 1))
            records[number] = msgspec.Raw(msgspec.json.encode({KEY: key, **record}))
        return TableRecords(records, numbers)

    def plain(self) -> dict[str, dict[str, Any]]:
        # All at once, in half the time of a call for each record.
        records = _records.decode(msgspec.json.encode(self.records))
        for record in records.values():
            del record[KEY]
        return {key: records[number] for key, number in self.numbers.items()}


_EMPTY: Final = TableRecords({}, {})


class Document(msgspec.Struct, frozen=True):
    """One job, never changed in place. version 0: only a lease was taken, nothing was committed yet.

    lease: None before the first one. A released lease keeps its epoch and has no owner.
    """

    version: int = 0
    lease: Lease | None = None
    tables: dict[str, TableRecords] = {}

    @classmethod
    def of(cls, tables: Tables) -> Document:
        """Raises msgspec.MsgspecError or UnicodeDecodeError when the file was not written by `to_tables`."""
        contents = {name: TableRecords.of(records) for name, records in tables.items()}
        meta = contents.pop(META, _EMPTY)
        if "file" not in meta.numbers:
            raise msgspec.ValidationError("it does not say its version")
        file = msgspec.json.decode(meta.records[meta.numbers["file"]], type=_File)
        lease = None
        if "lease" in meta.numbers:
            lease = msgspec.json.decode(meta.records[meta.numbers["lease"]], type=Lease)
        return cls(file.version, lease, contents)

    def to_tables(self) -> Tables:
        meta = {"file": {"version": self.version}}
        if self.lease is not None:
            meta["lease"] = msgspec.structs.asdict(self.lease)
        contents = {META: _EMPTY.with_records(meta), **self.tables}
        return {name: table.records for name, table in contents.items()}

    def stored(self, job_id: str) -> StoredJob:
        """All records decoded; the caller's own copy."""
        return StoredJob(job_id, self.version, {name: table.plain() for name, table in self.tables.items()})

    def changed(self, change: JobCommit) -> Document:
        """The next version. Raises LeaseLost or StaleVersion.

        A change under an epoch must be under the newest one, also when that lease has expired or was released:
        as long as nobody took over, nobody else decides. A change without epoch is only compared by version.
        """
        if reserved := {META, SCHEMA_TABLE} & change.records.keys():
            raise ValueError(f"the tables {sorted(reserved)} are the store's own")
        lease = self.lease or Lease("", 0, 0)
        if change.epoch not in (0, lease.epoch):
            driver = lease.owner or "nobody"
            raise LeaseLost(
                f"job {change.job_id} is driven by {driver} under epoch {lease.epoch}; a change under epoch "
                f"{change.epoch} was refused",
                hint="let go of the job; whoever leases it now goes on with it",
                data={"job_id": change.job_id, "owner": lease.owner, "epoch": lease.epoch},
            )
        if change.version != self.version:
            raise StaleVersion(
                f"job {change.job_id} is at version {self.version}; a change of version {change.version} was refused",
                hint="load the job again and decide again",
                data={"job_id": change.job_id, "version": self.version},
            )
        tables = dict(self.tables)
        for name, records in change.records.items():
            tables[name] = tables.get(name, _EMPTY).with_records(records)
        return Document(self.version + 1, self.lease, tables)

    def leased(self, owner: str, ttl: int, now: int) -> Document | None:
        """With the lease taken or renewed until `now + ttl` (ms); None while somebody else holds it."""
        held = self.lease or Lease("", 0, 0)
        if held.owner != owner:
            if held.owner and held.expires_at > now:
                return None
            return Document(self.version, Lease(owner, held.epoch + 1, now + ttl), self.tables)
        # A clock that went back must not shorten what was promised.
        return Document(self.version, Lease(owner, held.epoch, max(held.expires_at, now + ttl)), self.tables)

    def released(self, owner: str) -> Document | None:
        """Without an owner; None when this owner did not hold it."""
        if self.lease is None or self.lease.owner != owner:
            return None
        return Document(self.version, Lease("", self.lease.epoch, 0), self.tables)

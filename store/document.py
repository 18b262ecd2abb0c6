"""A job as its file stores it, its schema version, and the effect of a commit, a lease and a release. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from fateflow_tui.core.errors import StaleEpoch, StaleVersion
from fateflow_tui.core.ports import JobCommit, StoredJob
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
        # Renumber: removing records with stock TinyDB leaves gaps, and new numbers are derived from the count.
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
                raise ValueError(f"record {key!r} uses the reserved field {KEY!r}")
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


class _Lease(msgspec.Struct, frozen=True):
    """The epoch as it is stored. owner, expires_at: for earlier versions, which open the file as one that is free."""

    owner: str = ""
    epoch: int = 0
    expires_at: int = 0


class Document(msgspec.Struct, frozen=True):
    """One job, never changed in place. version: number of commits. epoch: of its driver; 0 without one."""

    version: int = 0
    epoch: int = 0
    tables: dict[str, TableRecords] = {}

    @classmethod
    def of(cls, tables: Tables) -> Document:
        """Raises msgspec.MsgspecError or UnicodeDecodeError when the file was not written by `to_tables`."""
        contents = {name: TableRecords.of(records) for name, records in tables.items()}
        meta = contents.pop(META, _EMPTY)
        if "file" not in meta.numbers:
            raise msgspec.ValidationError("it does not say its version")
        file = msgspec.json.decode(meta.records[meta.numbers["file"]], type=_File)
        lease = _Lease()
        if "lease" in meta.numbers:
            lease = msgspec.json.decode(meta.records[meta.numbers["lease"]], type=_Lease)
        return cls(file.version, lease.epoch, contents)

    def to_tables(self) -> Tables:
        meta: dict[str, dict[str, Any]] = {"file": {"version": self.version}}
        if self.epoch:
            meta["lease"] = msgspec.structs.asdict(_Lease(epoch=self.epoch))
        contents = {META: _EMPTY.with_records(meta), **self.tables}
        return {name: table.records for name, table in contents.items()}

    def stored(self, job_id: str) -> StoredJob:
        """All records, decoded into a copy for the caller."""
        return StoredJob(job_id, self.version, {name: table.plain() for name, table in self.tables.items()})

    def changed(self, change: JobCommit) -> Document:
        """Return the next version. Raises StaleEpoch or StaleVersion.

        A commit with an epoch must have the current one; the first commit of a new file sets it. A commit without an
        epoch is checked by version only.
        """
        if reserved := {META, SCHEMA_TABLE} & change.records.keys():
            raise ValueError(f"the tables {sorted(reserved)} are reserved")
        is_new = self.version == 0 and self.epoch == 0
        epoch = change.epoch if is_new else self.epoch
        if change.epoch not in (0, epoch):
            raise StaleEpoch(
                f"job {change.job_id} is at epoch {epoch}; a commit of epoch {change.epoch} was rejected",
                hint="stop driving the job; another scheduler has taken it over",
                data={"job_id": change.job_id, "epoch": epoch},
            )
        if change.version != self.version:
            raise StaleVersion(
                f"job {change.job_id} is at version {self.version}; a commit of version {change.version} was rejected",
                hint="reload the job and try again",
                data={"job_id": change.job_id, "version": self.version},
            )
        tables = dict(self.tables)
        for name, records in change.records.items():
            tables[name] = tables.get(name, _EMPTY).with_records(records)
        return Document(self.version + 1, epoch, tables)

    def advanced(self) -> Document:
        """The same content under the next epoch."""
        return Document(self.version, self.epoch + 1, self.tables)

"""Small site-wide records, one TinyDB file per collection: parties, tags, models.

A record is kept as {"_key": ..., "_version": ..., its own fields}. The table `meta` counts the saves; the count is
the version of what was saved, so a record that is deleted and created again never repeats a version.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
from tinydb import TinyDB, where
from tinydb.storages import MemoryStorage, Storage

from fateflow_tui.core.errors import StaleVersion
from fateflow_tui.core.ports import Versioned
from fateflow_tui.store.document import COLLECTIONS, KEY, META
from fateflow_tui.store.locks import FileLock
from fateflow_tui.store.storage import SCHEMA_TABLE, AtomicStorage, Tables, temporary_path

VERSION: Final = "_version"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


class Lock(Protocol):
    """A lock that excludes other writers. It can be acquired repeatedly, but not nested."""

    def held(self) -> AbstractContextManager[None]: ...


class TinyCollection:
    """`core.ports.Collection` on a TinyDB storage. name: of its table. lock: held while it writes."""

    def __init__(self, name: str, storage: Storage, lock: Lock) -> None:
        if not _NAME.fullmatch(name) or name in (META, SCHEMA_TABLE):
            raise ValueError(f"invalid collection name {name!r}")
        self.name = name
        self._storage = storage
        self._lock = lock

    def get(self, key: str) -> Versioned | None:
        found = self._working_copy().table(self.name).get(where(KEY) == key)
        return _versioned(found) if isinstance(found, Mapping) else None

    def all(self) -> dict[str, Versioned]:
        records = self._working_copy().table(self.name).all()
        return {record[KEY]: _versioned(record) for record in records}

    def put(self, key: str, record: Mapping[str, Any], expected_version: int | None = None) -> int:
        if reserved := {KEY, VERSION} & record.keys():
            raise ValueError(f"record {key!r} uses the reserved fields {sorted(reserved)}")
        with self._lock.held():
            database = self._working_copy()
            self._compare(database, key, expected_version)
            version = _next_version(database)
            saved = {KEY: key, VERSION: version, **record}
            table = database.table(self.name)
            # TinyDB's own update would keep fields that the new record does not have.
            if not table.update(lambda old: _replace(old, saved), where(KEY) == key):
                table.insert(saved)
            self._save(database)
        return version

    def delete(self, key: str, expected_version: int | None = None) -> None:
        with self._lock.held():
            database = self._working_copy()
            self._compare(database, key, expected_version)
            if database.table(self.name).remove(where(KEY) == key):
                _next_version(database)
                self._save(database)

    def _working_copy(self) -> TinyDB:
        """The current tables in memory, so that several changes become one save."""
        database = TinyDB(storage=MemoryStorage)
        database.storage.write(self._storage.read() or {})
        return database

    def _save(self, database: TinyDB) -> None:
        self._storage.write(database.storage.read() or {})

    def _compare(self, database: TinyDB, key: str, expected: int | None) -> None:
        found = database.table(self.name).get(where(KEY) == key)
        version = found[VERSION] if isinstance(found, Mapping) else 0
        if expected is not None and expected != version:
            raise StaleVersion(
                f"{self.name} record {key!r} is at version {version}, not {expected}: another writer changed it",
                hint="read it again and retry",
                data={"collection": self.name, "key": key, "version": version},
            )


def open_collection(home: Path, name: str) -> TinyCollection:
    """The collection in `<home>/db/<name>.json`; the file is created by the first save."""
    path = home / "db" / f"{name}.json"
    lock = FileLock(home / "db" / "locks" / f"{name}.lock")
    collection = TinyCollection(name, AtomicStorage(path, COLLECTIONS, _check), lock)
    temporary = temporary_path(path)
    if temporary.exists():
        with lock.held():
            temporary.unlink(missing_ok=True)
    return collection


class _Saved(msgspec.Struct):
    key: str = msgspec.field(name=KEY)
    version: int = msgspec.field(name=VERSION)


def _check(tables: Tables) -> None:
    for name, records in tables.items():
        if name != META:
            for record in records.values():
                msgspec.json.decode(record, type=_Saved)


def _versioned(record: Mapping[str, Any]) -> Versioned:
    own = {name: value for name, value in record.items() if name not in (KEY, VERSION)}
    return Versioned(record[VERSION], own)


def _replace(old: MutableMapping[str, Any], new: Mapping[str, Any]) -> None:
    old.clear()
    old.update(new)


def _next_version(database: TinyDB) -> int:
    meta = database.table(META)
    file = meta.get(where(KEY) == "file")
    version = 1 + (file["version"] if isinstance(file, Mapping) else 0)
    meta.upsert({KEY: "file", "version": version}, where(KEY) == "file")
    return version

"""A table's rows by id in an SQLite file, to look one up without reading the others.

It is built once by a process that may use Polars, and read by the scheduler. It records which table it was built
from; a table that is replaced needs a new index.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import msgspec

from fateflow_tui.artifacts.table import Table
from fateflow_tui.core.errors import DamagedFile
from fateflow_tui.core.files import make_directories, replacement

_BATCH: Final = 20_000  # rows in memory at once
_SCHEMA: Final = """
create table facts (content blob);
create table rows (id text, content blob);
"""


class IndexFacts(msgspec.Struct, frozen=True):
    """table: the identity of what it was built of. header: the columns of the rows' values, without the id."""

    table: str
    sid: str
    header: list[str]
    delimiter: str


def build(table: Table, path: Path) -> int:
    """Write the index, replacing an old one when the new one is complete. Return its number of rows."""
    meta = table.meta
    make_directories(path.parent)
    with replacement(path) as new, closing(sqlite3.connect(new, isolation_level=None)) as database:
        # Nothing reads it before it is complete, and what a crash leaves of it is never used.
        database.executescript(f"pragma journal_mode = off; pragma synchronous = off; {_SCHEMA}")
        facts = IndexFacts(meta.identity, meta.sid, meta.header, meta.id_delimiter)
        database.execute("insert into facts values (?)", (msgspec.json.encode(facts),))
        database.execute("begin")
        count = database.executemany("insert into rows values (?, ?)", _rows(table)).rowcount
        database.execute("commit")
        database.execute("create index ids on rows (id)")
    return max(count, 0)


def _rows(table: Table) -> Iterator[tuple[str, bytes]]:
    encode = msgspec.json.Encoder().encode
    for batch in table.batches(_BATCH):
        for identifier, *values in batch.iter_rows():
            yield str(identifier), encode(values)


class FeatureIndex:
    """An index opened for lookups. Raises DamagedFile if it is not an index."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            # Only complete files are put in its place, and an open one never changes.
            self._database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
            [content] = self._database.execute("select content from facts").fetchone()
            self.facts = msgspec.json.decode(content, type=IndexFacts)
        except (sqlite3.Error, TypeError, msgspec.MsgspecError) as error:
            raise DamagedFile(f"{path} is not a feature index: {error}") from error

    def find(self, identifier: str) -> dict[str, Any] | None:
        """The row's values by column. If several rows have the id, the last one."""
        query = "select content from rows where id = ? order by rowid desc limit 1"
        try:
            found = self._database.execute(query, (identifier,)).fetchone()
        except sqlite3.Error as error:
            raise DamagedFile(f"{self._path} cannot be read: {error}") from error
        return None if found is None else dict(zip(self.facts.header, msgspec.json.decode(found[0]), strict=True))

    def __len__(self) -> int:
        [count] = self._database.execute("select count(*) from rows").fetchone()
        return int(count)

    def close(self) -> None:
        self._database.close()

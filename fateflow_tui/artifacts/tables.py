"""Tables: Parquet parts and a `meta.json` in one directory per (namespace, name); their facts, rows and previews."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from fateflow_tui.artifacts.home import segment
from fateflow_tui.artifacts.table import META_FILE, Table, TableMeta
from fateflow_tui.artifacts.table_writer import TableWriter
from fateflow_tui.core.errors import Conflict, DamagedFile, NotFound
from fateflow_tui.core.files import make_directories, sync, write_file

if TYPE_CHECKING:
    pass


_ABANDONED = 24 * 3600  # seconds after which a hidden directory counts as abandoned


class Tables:
    """All tables of a site. Missing ones raise NotFound, existing ones Conflict, unreadable ones DamagedFile."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def open(self, namespace: str, name: str) -> Table:
        meta = self.meta(namespace, name)
        if meta is None:
            raise NotFound(
                f"table {name!r} not found in namespace {namespace!r}",
                hint="create it with `fateflow data upload`, or see `fateflow data list`",
            )
        return Table(self._directory(namespace, name), meta)

    def usable(self, namespace: str, name: str) -> Table:
        """Like `open`, for jobs. Raises the reason why they cannot use the table (see `TableMeta.obstacle`)."""
        table = self.open(namespace, name)
        if obstacle := table.meta.obstacle():
            raise obstacle
        return table

    def meta(self, namespace: str, name: str) -> TableMeta | None:
        """The table's facts without its rows; None if there is no such table."""
        path = self._directory(namespace, name) / META_FILE
        try:
            return msgspec.json.decode(path.read_bytes(), type=TableMeta)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except msgspec.MsgspecError as error:
            raise DamagedFile(f"the facts of table {namespace}/{name} cannot be read from {path}: {error}") from error

    def create(
        self,
        namespace: str,
        name: str,
        *,
        partitions: int = 4,
        kind: str = "raw",
        replace: bool = False,
        **facts: Any,
    ) -> TableWriter:
        """A writer for a new table. facts: more of `TableMeta`. replace: an existing one at `close`."""
        directory = self._directory(namespace, name)
        old = self.meta(namespace, name)
        if old is not None and not replace:
            raise Conflict(
                f"table {namespace}/{name} already exists, with {old.count} rows",
                hint="choose another name, delete it first, or replace it (drop)",
            )
        known = {"count": 0, "sid": "sid", "header": [], **facts}
        return TableWriter(
            directory,
            TableMeta(namespace=namespace, name=name, partitions=partitions, kind=kind, **known),
            replace=replace,
        )

    def bind(self, meta: TableMeta, *, replace: bool = False) -> Table:
        """Create a table whose rows are stored elsewhere. replace: an existing one."""
        directory = self._directory(meta.namespace, meta.name)
        content = msgspec.json.encode(meta)
        if replace and self.meta(meta.namespace, meta.name) is not None:
            write_file(directory / META_FILE, content)
            for path in directory.glob("*.parquet"):
                path.unlink(missing_ok=True)
            return Table(directory, meta)
        hidden = directory.with_name(f".{directory.name[:40]}.{secrets.token_hex(4)}")
        make_directories(directory.parent)
        hidden.mkdir()
        try:
            write_file(hidden / META_FILE, content)
            hidden.rename(directory)
        except OSError as error:
            shutil.rmtree(hidden, ignore_errors=True)
            raise Conflict(
                f"table {meta.namespace}/{meta.name} already exists", hint="choose another name, or set drop to 1"
            ) from error
        sync(directory.parent)
        return Table(directory, meta)

    def update(self, namespace: str, name: str, **facts: Any) -> TableMeta:
        """Change facts of a table, not its rows."""
        meta = msgspec.structs.replace(self.open(namespace, name).meta, **facts)
        write_file(self._directory(namespace, name) / META_FILE, msgspec.json.encode(meta))
        return meta

    def delete(self, namespace: str, name: str) -> bool:
        """Delete a table with the rows stored here; return False if there was none."""
        directory = self._directory(namespace, name)
        gone = directory.with_name(f".{directory.name[:40]}.{secrets.token_hex(4)}")
        try:
            directory.rename(gone)
        except FileNotFoundError:
            return False
        shutil.rmtree(gone, ignore_errors=True)
        return True

    def names(self, namespace: str | None = None) -> Iterator[tuple[str, str]]:
        """(namespace, name) of all tables, or of those in one namespace, sorted."""
        if namespace is not None:
            spaces = [self.root / segment(namespace, "namespace")]
        else:
            spaces = sorted(self.root.iterdir()) if self.root.is_dir() else []
        for space in spaces:
            for path in sorted(space.glob(f"*/{META_FILE}")):
                if not path.parent.name.startswith("."):
                    yield space.name, path.parent.name

    def sweep(self, older_than: float = _ABANDONED) -> int:
        """Remove what crashed writers left behind and is older (seconds); return the number."""
        limit = time.time() - older_than
        stale = [path for path in self.root.glob("*/.*") if path.is_dir() and path.stat().st_mtime < limit]
        for path in stale:
            shutil.rmtree(path, ignore_errors=True)
        return len(stale)

    def _directory(self, namespace: str, name: str) -> Path:
        return self.root / segment(namespace, "namespace") / segment(name, "table name")

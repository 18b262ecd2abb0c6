"""Which files of the server a client may name in uploads and downloads."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import BadRequest, Conflict
from fateflow_tui.runtime.file_rules import FileRules
from fateflow_tui.server.door import Site


def server_file(site: Site, name: str) -> Path:
    """The file that a client means; see `FileRules` for who may name which. Raises BadRequest, PartyRefused."""
    return FileRules(site.config, site.home.uploads).named(name)


async def file_to_write(site: Site, name: str) -> Path:
    """As `server_file`, for one that is made or replaced. Raises Conflict for a file to which a table is bound: that is
    somebody's data, which this site never changes.
    """
    path = server_file(site, name)
    if path.is_relative_to(site.home.root.resolve()):
        raise BadRequest(f"{path.name!r:.200} would lie among this site's own files", hint="choose another folder")
    await asyncio.to_thread(_refuse_bound, site.tables, path)
    return path


def _refuse_bound(tables: Tables, path: Path) -> None:
    for namespace, name in tables.names():
        meta = tables.meta(namespace, name)
        if meta is not None and meta.external and str(path) in meta.files:
            raise Conflict(
                f"table {namespace}.{name} is bound to the file {path.name}, which is therefore not written over",
                hint="choose another file, or delete that table first",
            )

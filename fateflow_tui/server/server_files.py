"""Which files of the server a client may name in uploads and downloads."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import BadRequest, Conflict, PartyRefused
from fateflow_tui.runtime.site_config import SiteConfig
from fateflow_tui.server.address import Address
from fateflow_tui.server.door import Site


def server_file(config: SiteConfig, address: Address, name: str) -> Path:
    """The file that a client means. A standalone site on loopback serves only its own user, who may name any file;
    all others only those below the configured `data_roots`. Raises PartyRefused.
    """
    if "\0" in name:
        raise BadRequest("no file has a name with a NUL character")
    try:
        path = Path(name).expanduser()
    except RuntimeError:
        raise BadRequest(f"{name!r:.200} names a user whom the server does not know") from None
    roots = [Path(root).expanduser().resolve() for root in config.data_roots]
    if not path.is_absolute():
        if not roots:
            raise BadRequest(f"{name!r} is no absolute path", hint="give the whole path of the file on the server")
        path = roots[0] / path
    path = path.resolve()
    if config.standalone and address.is_loopback:
        return path
    if not any(path.is_relative_to(root) for root in roots):
        raise PartyRefused(
            f"files on this site can be named only below its data roots, {name!r} is not",
            hint="send the file with the request, or add its folder to data_roots in site.toml",
        )
    return path


async def file_to_write(site: Site, address: Address, name: str) -> Path:
    """As `server_file`, for one that is made or replaced. Raises Conflict for a file to which a table is bound: that is
    somebody's data, which this site never changes.
    """
    path = server_file(site.config, address, name)
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

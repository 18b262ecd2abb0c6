"""Which files of the server a client may name in uploads and downloads."""

from __future__ import annotations

from pathlib import Path

from fateflow_tui.core.errors import BadRequest, PartyRefused
from fateflow_tui.runtime.site_config import SiteConfig
from fateflow_tui.server.address import Address


def server_file(config: SiteConfig, address: Address, name: str) -> Path:
    """The file that a client means. A standalone site on loopback serves only its own user, who may name any file;
    all others only those below the configured `data_roots`. Raises PartyRefused.
    """
    path = Path(name).expanduser()
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

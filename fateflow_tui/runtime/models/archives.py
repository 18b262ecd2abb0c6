"""Archives of a site's model parts: made for download, taken in from upload, kept after a migration."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import NamedTuple

from fateflow_tui.artifacts.home import Home, segment
from fateflow_tui.core.errors import BadRequest, Conflict, FateFlowError, NotFound
from fateflow_tui.core.files import make_directories
from fateflow_tui.core.ids import Party, party_model_id
from fateflow_tui.registry import Part, Registry
from fateflow_tui.registry.archive import archive_name, export_archive, read_archive
from fateflow_tui.runtime.peers.keys import SiteKey, holds


class ArchiveFile(NamedTuple):
    """A zip file. name: what it is to be called. temporary: to be removed by who has sent it."""

    path: Path
    name: str
    temporary: bool


class ModelArchives:
    """Archives are signed by the site that makes them; whoever takes one in sees if it was changed since."""

    def __init__(self, home: Home, registry: Registry, key: SiteKey) -> None:
        self._home = home
        self._registry = registry
        self._key = key

    def export(self, party: Party, model_id: str, version: str) -> ArchiveFile:
        """A party's part; also of a version that was migrated here and lives elsewhere now. Raises NotFound."""
        name = archive_name(party_model_id(party, model_id), version)
        try:
            part = self._registry.part(party_model_id(party, model_id), version)
        except NotFound:
            kept = self._home.migrated / segment(name, "archive")
            if kept.is_file():
                return ArchiveFile(kept, name, temporary=False)
            raise
        path = self._home.uploads / secrets.token_hex(8)
        make_directories(path.parent)
        export_archive(part, path, self._sign)
        return ArchiveFile(path, name, temporary=True)

    def keep_migrated(self, part: Part) -> Path:
        """Writes the archive of a part that is to live at another site; it stays until it is removed by hand."""
        path = self._home.migrated / archive_name(part.party_model_id, part.model_version)
        make_directories(path.parent)
        export_archive(part, path, self._sign)
        return path

    def import_archive(self, path: Path, party: Party, model_id: str, version: str, *, force: bool) -> Part:
        """Registers the part in an archive. Raises BadRequest or DamagedFile naming the part that is wrong, Conflict
        when the version is here already; force replaces it.
        """
        with read_archive(path, check_signature=_is_signed) as archive:
            found = archive.pipeline
            if (found.party, found.model_id, found.model_version) != (party, model_id, version):
                raise BadRequest(
                    f"the archive is the part of {found.party} of {found.model_id} version {found.model_version}, not "
                    f"that of {party} of {model_id} version {version}",
                    hint="name the party, model id and version of the archive",
                )
            if party.party_id not in map(str, found.roles.get(party.role, [])):
                raise BadRequest(f"{party} takes no part in {model_id}")
            if not force and self._is_here(found.party_model_id, version):
                raise Conflict(
                    f"{party} has {model_id} version {version} already", hint="fateflow model import FILE --force"
                )
            staged = self._registry.stage(found, archive.models())
            try:
                if force:
                    self._remove_existing(found.party_model_id, version)
                return self._registry.publish(staged, archive.manifest.parts, imported=True)
            except (FateFlowError, OSError):
                self._registry.discard(staged.token)
                raise

    def _is_here(self, owner: str, version: str) -> bool:
        try:
            self._registry.part(owner, version)
        except NotFound:
            return False
        return True

    def _remove_existing(self, owner: str, version: str) -> None:
        try:
            self._registry.remove(owner, version)
        except NotFound:
            return

    def _sign(self, content: bytes) -> dict[str, str]:
        return {"public_key": self._key.public, "signature": self._key.sign(content).hex()}


def _is_signed(content: bytes, signature: dict[str, str]) -> bool:
    try:
        return holds(signature["public_key"], bytes.fromhex(signature["signature"]), content)
    except (KeyError, ValueError, BadRequest):
        return False

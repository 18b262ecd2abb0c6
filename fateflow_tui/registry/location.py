"""A backup location for model parts: a directory of archives with checksum files."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

from fateflow_tui.artifacts.home import segment
from fateflow_tui.core.errors import Conflict, DamagedFile, FateFlowError, NotFound
from fateflow_tui.core.files import make_directories, replacement, write_file
from fateflow_tui.core.models import Manifest
from fateflow_tui.registry.archive import (
    Archive,
    CheckSignature,
    Limits,
    Sign,
    archive_name,
    export_archive,
    read_archive,
)
from fateflow_tui.registry.parts import Part
from fateflow_tui.registry.registry import Registry

_SUM: Final = re.compile(r"([0-9a-f]{64})  .+\n?")  # format of `sha256sum`
_CHUNK: Final = 1 << 20


class ModelLocation:
    """The archives in `directory`: `<party model id>_<version>.zip`, each with a `.zip.sha256`."""

    def __init__(self, directory: Path, limits: Limits | None = None) -> None:
        self.directory = directory
        self._limits = limits

    def store(self, part: Part, *, force_update: bool = False, sign: Sign | None = None) -> Path:
        """Store a part's archive. Storing an identical part changes nothing; force_update replaces a different one.

        Raises Conflict if a different or unreadable archive exists, DamagedFile for a damaged part.
        """
        path = self._path(part.party_model_id, part.model_version)
        if not force_update and path.exists():
            if part.manifest.has_content_of(self._manifest(part.party_model_id, part.model_version)):
                return path
            raise Conflict(
                f"the location already has {part.party_model_id} version {part.model_version} with different content: "
                f"{path}",
                hint="set force_update to replace it",
            )
        make_directories(self.directory)
        with replacement(path) as new:
            export_archive(part, new, sign)
            content = f"{_sha256(new)}  {path.name}\n"
            # An archive without a checksum is not trusted: after a crash in between, the model must be stored again.
            self._sum(path).unlink(missing_ok=True)
        write_file(self._sum(path), content.encode())
        return path

    def open(self, party_model_id: str, version: str, *, check_signature: CheckSignature | None = None) -> Archive:
        """Open and verify an archive. Raises NotFound, DamagedFile, BadRequest."""
        path = self._path(party_model_id, version)
        where = f"the archive of {party_model_id} version {version}"
        try:
            found = _sha256(path)
        except FileNotFoundError as error:
            raise NotFound(f"there is no {path.name} in {self.directory}", hint="store the model first") from error
        try:
            expected = _SUM.fullmatch(self._sum(path).read_text("ascii", "replace"))
        except FileNotFoundError as error:
            raise DamagedFile(f"{where} has no checksum file: {path}", hint="store the model again") from error
        if expected is None or expected[1] != found:
            raise DamagedFile(f"{where} does not match its checksum: {path}", hint="store the model again")
        archive = read_archive(path, self._limits, check_signature=check_signature)
        if (archive.pipeline.party_model_id, archive.pipeline.model_version) != (party_model_id, version):
            archive.close()
            raise DamagedFile(f"{where} belongs to another model: {path}")
        return archive

    def restore(
        self, party_model_id: str, version: str, registry: Registry, *, check_signature: CheckSignature | None = None
    ) -> Part:
        """Register a stored part. Repeating it returns the registered part.

        Raises the errors of `open`, and Conflict if the registry has this version with different content.
        """
        with self.open(party_model_id, version, check_signature=check_signature) as archive:
            staged = registry.stage(archive.pipeline, archive.models())
            try:
                return registry.publish(staged, archive.manifest.parts, imported=True)
            except FateFlowError:
                registry.discard(staged.token)
                raise

    def _manifest(self, party_model_id: str, version: str) -> Manifest:
        try:
            with self.open(party_model_id, version) as archive:
                return archive.manifest
        except FateFlowError as error:
            raise Conflict(
                f"the stored archive of {party_model_id} version {version} cannot be read: {error.message}",
                hint="set force_update to replace it",
            ) from error

    def _path(self, party_model_id: str, version: str) -> Path:
        return self.directory / segment(archive_name(party_model_id, version), "archive")

    def _sum(self, path: Path) -> Path:
        return path.with_name(path.name + ".sha256")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()

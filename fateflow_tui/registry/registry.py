"""All registered model parts of a site: `<root>/<role>#<party>#<model_id>/<version>/`.

A part is visible once its manifest exists, which is therefore written, or renamed into place, last.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import BadRequest, Conflict, DamagedFile, NotFound
from fateflow_tui.core.files import make_directories, sync, write_file
from fateflow_tui.core.models import Manifest, ModelFile, Pipeline
from fateflow_tui.registry.parts import (
    MANIFEST_FILE,
    PIPELINE_FILE,
    Part,
    PartProblem,
    checked_files,
    part_problems,
    sha256,
)
from fateflow_tui.registry.storage import Damage, Named, PartCache, Staged, Staging

STAGED: Final = ".staged"
_ABANDONED: Final = 7 * 24 * 3600.0  # seconds


class Registry:
    """The parts below `root`. Raises NotFound for missing parts, DamagedFile for unreadable ones, and BadRequest for
    names that would escape the directory.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._cache = PartCache(root)
        self._staging = Staging(root / STAGED)

    def part(self, party_model_id: str, version: str) -> Part:
        directory = self._cache.directory(party_model_id, version)
        try:
            return self._cache.load(directory)
        except FileNotFoundError as error:
            raise NotFound(
                f"there is no model {party_model_id} version {version} at this site",
                hint="list the models: fateflow model list",
            ) from error

    def find(self, *, model_id: str = "", version: str = "", role: str = "", party_id: str | int = "") -> list[Part]:
        """Return the readable registered parts, newest first. Empty arguments match all."""
        found = [part for part in self._cache.all(model_id, version, role, str(party_id)) if isinstance(part, Part)]
        found.sort(key=lambda part: str(part.party))
        found.sort(key=lambda part: (part.pipeline.created_at, part.model_version), reverse=True)
        return found

    def damaged(self) -> list[Damage]:
        """Return the registered parts that cannot be read, with the reason. `find` omits them."""
        return [part for part in self._cache.all() if isinstance(part, Damage)]

    def register(
        self,
        pipeline: Pipeline,
        parts: Mapping[str, str],
        expected: Collection[tuple[str, str, str]] | None = None,
    ) -> Part:
        """Register the models that a training wrote. parts: the digests that all parties agreed on.

        expected: (component, alias, sha256) as reported by this party's tasks. The error names models that differ;
        models
        not among them are left over from an earlier run of the job and are removed.

        Raises DamagedFile if the files differ from what was agreed on. Registering again changes nothing.
        """
        directory = self._cache.directory(pipeline.party_model_id, pipeline.model_version)
        files = checked_files(directory, pipeline, parts, expected)
        content = msgspec.json.encode(pipeline)
        manifest = _manifest(pipeline, files, sha256(content), parts)
        with suppress(FileNotFoundError, DamagedFile):
            known = self._cache.load(directory)
            if known.manifest.has_content_of(manifest) and known.pipeline == pipeline:
                return known
        make_directories(directory)
        write_file(directory / PIPELINE_FILE, content)
        write_file(directory / MANIFEST_FILE, msgspec.json.encode(manifest))
        return self._cache.load(directory)

    def stage(self, pipeline: Pipeline, models: Iterable[tuple[Named, bytes]], *, token: str = "") -> Staged:
        """Stage a part. It is not visible until it is published, and survives a restart of the site.

        models: objects with `component` and `alias`, and the content of each file. token: see `Staging.put`.
        """
        # Reject invalid names before anything is written.
        self._cache.directory(pipeline.party_model_id, pipeline.model_version)
        return self._staging.put(pipeline, models, token)

    def stage_copy(
        self, part: Part, pipeline: Pipeline, components: Collection[str] | None = None, *, token: str = ""
    ) -> Staged:
        """Stage the models of a part under another pipeline. components: whose models; None for all.

        Raises DamagedFile for a damaged model. Files are copied, not linked: damage to one version does not affect the
        other.
        """
        part.pipeline_content()  # do not derive a version from a part whose documents were changed
        chosen = [file for file in part.files if components is None or file.component in components]
        return self.stage(pipeline, ((file, part.content(file)) for file in chosen), token=token)

    def staged(self, token: str) -> Staged:
        """Return a staged part. Raises NotFound if nothing is staged under the token."""
        return self._staging.get(token)

    def publish(self, staged: Staged | str, parts: Mapping[str, str], *, imported: bool = False) -> Part:
        """Register a staged part atomically. parts: the digests that all parties agreed on.

        Publishing again returns the registered part. Raises Conflict if the part differs from what was agreed on, or if
        the version exists with different content; the part then stays staged. Accepts the token instead of the staged
        part; raises NotFound if nothing is staged under it.
        """
        if isinstance(staged, str):
            staged = self._staging.get(staged)
        _check_agreed(staged, parts)
        directory = self._cache.directory(staged.party_model_id, staged.model_version)
        source = self._staging.directory(staged.token)
        manifest = _manifest(staged, staged.files, staged.pipeline, parts, imported)
        if not directory.exists() or not any(directory.iterdir()):
            try:
                write_file(source / MANIFEST_FILE, msgspec.json.encode(manifest))
                make_directories(directory.parent)
                source.rename(directory)
                sync(directory.parent)
            except OSError as error:
                if isinstance(error, FileNotFoundError) and not directory.exists():
                    raise NotFound(
                        f"nothing is staged under {staged.token!r}; it was published, discarded or expired"
                    ) from error
                if not directory.exists():
                    raise
                # Published concurrently; the existing part is compared below.
        published = self._published(directory, manifest)
        self._staging.discard(staged.token)
        return published

    def verify(self, part: Part) -> list[PartProblem]:
        """Return the problems of the part's files; [] for an intact part. Reads all files."""
        return part_problems(part)

    def discard(self, token: str) -> bool:
        """Discard what was staged. Return False if there was nothing."""
        return self._staging.discard(token)

    def sweep(self, older_than: float = _ABANDONED) -> list[str]:
        """Discard what was staged longer ago and never published; return the tokens."""
        return self._staging.sweep(older_than)

    def delete(self, part: Part) -> None:
        """Delete a part. Raises NotFound if it no longer exists."""
        self.remove(part.party_model_id, part.model_version)

    def remove(self, party_model_id: str, version: str) -> None:
        """Delete a version's directory, even if it is damaged or was never registered. Raises NotFound."""
        directory = self._cache.directory(party_model_id, version)
        make_directories(self._staging.root)
        gone = self._staging.root / f".{secrets.token_hex(8)}"
        try:
            directory.rename(gone)
        except FileNotFoundError as error:
            raise NotFound(f"there is no model {party_model_id} version {version} at this site") from error
        sync(directory.parent)
        shutil.rmtree(gone, ignore_errors=True)

    def _published(self, directory: Path, manifest: Manifest) -> Part:
        """Return the existing part. Raises Conflict unless it is identical."""
        where = f"{manifest.party} of {manifest.model_id} version {manifest.model_version}"
        try:
            part = self._cache.load(directory)
        except FileNotFoundError as error:
            raise Conflict(
                f"an unfinished model exists for {where}: {directory}",
                hint="delete that version first, or wait for its job",
            ) from error
        if not part.manifest.has_content_of(manifest):
            raise Conflict(
                f"{where} is already registered with different content",
                hint="delete that version first, or choose another version",
            )
        return part


def _manifest(
    of: Pipeline | Staged, files: list[ModelFile], pipeline: str, parts: Mapping[str, str], imported: bool = False
) -> Manifest:
    now = now_ms()
    return Manifest(of.party, of.model_id, of.model_version, files, pipeline, dict(parts), now, imported)


def _check_agreed(staged: Staged, parts: Mapping[str, str]) -> None:
    agreed = parts.get(str(staged.party))
    if agreed is None:
        raise BadRequest(f"{staged.party} is not among the parties of {staged.model_id}: {', '.join(sorted(parts))}")
    if agreed != staged.digest:
        raise Conflict(
            f"the staged part of {staged.party} for {staged.model_id} version {staged.model_version} "
            f"({staged.digest[:12]}) differs from what the parties agreed on ({agreed[:12]})",
            hint="stage it again",
        )

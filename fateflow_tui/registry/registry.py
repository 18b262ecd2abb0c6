"""All registered model parts of a site: `<root>/<role>#<party>#<model_id>/<version>/`.

A part exists for users from the moment its manifest does, which is written, or renamed into place, last of all.
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
    """The parts below `root`. Missing ones raise NotFound, unreadable ones DamagedFile; names that could leave the
    directory BadRequest.
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
        """Registered parts that can be read, newest first. An empty word restricts nothing."""
        found = [part for part in self._cache.all(model_id, version, role, str(party_id)) if isinstance(part, Part)]
        found.sort(key=lambda part: str(part.party))
        found.sort(key=lambda part: (part.pipeline.created_at, part.model_version), reverse=True)
        return found

    def damaged(self) -> list[Damage]:
        """Registered parts that cannot be read, with the reason; `find` leaves them out."""
        return [part for part in self._cache.all() if isinstance(part, Damage)]

    def register(
        self,
        pipeline: Pipeline,
        parts: Mapping[str, str],
        expected: Collection[tuple[str, str, str]] | None = None,
    ) -> Part:
        """Registers what a training has left in place. parts: the digests that all parties agreed on.

        expected: what this party's tasks reported, as (component, alias, sha256): a model that differs is named in the
        error, and one that is not among them, left by an earlier run of the job, is removed.
        Raises DamagedFile when the files are not those that were agreed on. The same again changes nothing.
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
        """Makes ready a part of which users see nothing yet; it survives a restart of the site.

        models: each named by anything with `component` and `alias`, and its file's content. token: see `Staging.put`.
        """
        # Names that cannot be used are refused before anything is written.
        self._cache.directory(pipeline.party_model_id, pipeline.model_version)
        return self._staging.put(pipeline, models, token)

    def stage_copy(
        self, part: Part, pipeline: Pipeline, components: Collection[str] | None = None, *, token: str = ""
    ) -> Staged:
        """Stages the models of a part under another pipeline. components: whose models; None for all.

        Raises DamagedFile for a model that was harmed. The copies are files of their own: what befalls one version
        never befalls the other.
        """
        part.pipeline_content()  # a part whose documents were changed is no origin of others
        chosen = [file for file in part.files if components is None or file.component in components]
        return self.stage(pipeline, ((file, part.content(file)) for file in chosen), token=token)

    def staged(self, token: str) -> Staged:
        """Raises NotFound for a token under which nothing is staged (any more)."""
        return self._staging.get(token)

    def publish(self, staged: Staged | str, parts: Mapping[str, str], *, imported: bool = False) -> Part:
        """Registers what was staged, in one step. parts: the digests that all parties agreed on.

        Said again, it gives the part that is there already. Raises Conflict when what was staged is not what was
        agreed on, or when the version exists with other content; what was staged then stays staged. A string is the
        token; it raises NotFound when nothing is staged under it.
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
                # Somebody else was quicker; what lies there now is looked at below.
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
        """Raises NotFound when it is gone already."""
        self.remove(part.party_model_id, part.model_version)

    def remove(self, party_model_id: str, version: str) -> None:
        """Deletes whatever lies there, also a part that is damaged or was never registered. Raises NotFound."""
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
        """The part that lies there, which has to be this one."""
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
                f"{where} is registered already, with different content",
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

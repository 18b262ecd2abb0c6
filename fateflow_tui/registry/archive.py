"""A part as one zip file, made by its owner and taken in by whoever is to have it.

    manifest.json  pipeline.json  signature.json  components/<component>/<alias>/model.json

`signature.json` is what its maker's `sign` says of the manifest's bytes; the manifest has the hashes of all the rest.
The same part always gives the same manifest.
"""

from __future__ import annotations

import os
import secrets
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from fateflow_tui.artifacts.durable import sync
from fateflow_tui.core.errors import BadRequest, DamagedFile, FateFlowError
from fateflow_tui.core.models import Manifest, ModelFile, Pipeline
from fateflow_tui.registry.archive_entries import Entries, Limits, model_entry
from fateflow_tui.registry.part import MANIFEST_FILE, PIPELINE_FILE, Part, model_name, sha256

SIGNATURE_FILE: Final = "signature.json"
_OLDEST: Final = (1980, 1, 1, 0, 0, 0)  # all entries are of one time, so that archives can be compared
_REGULAR: Final = 0o100644 << 16
_TAMPERED: Final = "the archive was changed after it was made; ask its maker for another one"

T = TypeVar("T")
# Gives what `signature.json` is to say of the manifest's bytes.
Sign = Callable[[bytes], dict[str, str]]
# Whether this signature is one of the manifest's bytes.
CheckSignature = Callable[[bytes, dict[str, str]], bool]


def archive_name(party_model_id: str, version: str) -> str:
    return f"{party_model_id}_{version}.zip"


def export_archive(part: Part, target: Path, sign: Sign | None = None) -> None:
    """Writes the archive, replacing a file at `target` at once and whole. Raises DamagedFile for a harmed part."""
    if part.manifest.parts.get(str(part.party)) != part.digest:
        raise DamagedFile(
            f"the manifest of {part.party_model_id} version {part.model_version} is not what its parties agreed on",
            hint="see: fateflow model verify",
        )
    # When and how the part came here is no part of its content.
    manifest = msgspec.json.encode(msgspec.structs.replace(part.manifest, registered_at=0, imported=False))
    temporary = target.with_name(f".{secrets.token_hex(8)}.zip")
    try:
        with zipfile.ZipFile(temporary, "x", zipfile.ZIP_DEFLATED) as archive:
            _add(archive, MANIFEST_FILE, manifest)
            _add(archive, PIPELINE_FILE, part.pipeline_content())
            if sign is not None:
                _add(archive, SIGNATURE_FILE, msgspec.json.encode(sign(manifest)))
            for file in part.files:
                _add(archive, model_entry(file), part.content(file))
        sync(temporary)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    sync(target.parent)


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _OLDEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix, wherever it is made
    entry.external_attr = _REGULAR
    archive.writestr(entry, content)


class Archive:
    """The content of an archive, all of it checked. A context: the file stays open until its end."""

    def __init__(self, entries: Entries, manifest: Manifest, pipeline: Pipeline) -> None:
        self.manifest = manifest
        self.pipeline = pipeline
        self._entries = entries

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._entries.close()

    def models(self) -> Iterator[tuple[ModelFile, bytes]]:
        """Every component's model, as `Registry.stage` takes them."""
        for file in self.manifest.files:
            yield file, _model(self._entries, file)


def read_archive(path: Path, limits: Limits | None = None, *, check_signature: CheckSignature | None = None) -> Archive:
    """Checks all of an archive that somebody sent. Nothing is written, and no name in it becomes a path.

    check_signature: when given, an archive without a signature is refused as well.
    Raises BadRequest for what is no archive of a model part, DamagedFile for one that was changed; the message names
    the part that is wrong: `manifest`, `pipeline`, `signature` or `<component>.<alias>`.
    """
    entries = Entries(path, limits or Limits())
    try:
        manifest = _manifest(entries)
        _check_signature(entries, check_signature)
        pipeline = _pipeline(entries, manifest)
        _check_complete(entries, manifest)
        for file in manifest.files:
            _model(entries, file)
    except BaseException:
        entries.close()
        raise
    return Archive(entries, manifest, pipeline)


def _manifest(entries: Entries) -> Manifest:
    if MANIFEST_FILE not in entries.names:
        raise BadRequest("manifest is missing: this is not the archive of a model part")
    manifest = _decoded(entries.read(MANIFEST_FILE), Manifest, "manifest")
    agreed = manifest.parts.get(str(manifest.party))
    if agreed is None:
        raise _tampered(f"manifest does not name {manifest.party} among the parties of its model")
    if agreed != manifest.digest:
        raise _tampered(
            f"manifest lists files ({manifest.digest[:12]}) that are not those of {manifest.party} on which the "
            f"parties agreed ({agreed[:12]})"
        )
    return manifest


def _check_signature(entries: Entries, check: CheckSignature | None) -> None:
    if check is None:
        return
    if SIGNATURE_FILE not in entries.names:
        raise BadRequest("signature is missing: it is not known who made this archive")
    signature = _decoded(entries.read(SIGNATURE_FILE), dict[str, str], "signature")
    if not check(entries.read(MANIFEST_FILE), signature):
        raise _tampered("signature is not one of this manifest")


def _pipeline(entries: Entries, manifest: Manifest) -> Pipeline:
    if PIPELINE_FILE not in entries.names:
        raise BadRequest("pipeline is missing: this is not the archive of a model part")
    content = entries.read(PIPELINE_FILE)
    if sha256(content) != manifest.pipeline:
        raise _tampered("pipeline is not the one of the manifest")
    pipeline = _decoded(content, Pipeline, "pipeline")
    for what, said, meant in (
        ("party", pipeline.party, manifest.party),
        ("model id", pipeline.model_id, manifest.model_id),
        ("version", pipeline.model_version, manifest.model_version),
    ):
        if said != meant:
            raise _tampered(f"pipeline names the {what} {said}, the manifest {meant}")
    return pipeline


def _check_complete(entries: Entries, manifest: Manifest) -> None:
    expected = {model_entry(file): f"{file.component}.{file.alias}" for file in manifest.files}
    if len(expected) != len(manifest.files):
        raise BadRequest("manifest lists a model twice")
    there = set(entries.models)
    if missing := sorted(expected[name] for name in set(expected) - there):
        raise _tampered(f"{', '.join(missing[:5])}: missing in the archive, though the manifest lists it")
    if surplus := sorted(entries.models[name] for name in there - set(expected)):
        raise _tampered(f"{', '.join(surplus[:5])}: in the archive, though the manifest does not list it")


def _model(entries: Entries, file: ModelFile) -> bytes:
    where = f"{file.component}.{file.alias}"
    content = entries.read(model_entry(file))
    if len(content) != file.size or sha256(content) != file.sha256:
        raise _tampered(f"{where} is not the model of the manifest")
    if model_name(content, file.component, file.alias).module != file.module:
        raise _tampered(f"{where} is of another module than the manifest says")
    return content


def _decoded(content: bytes, kind: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise BadRequest(f"{what} cannot be read: {error}") from error


def _tampered(text: str) -> FateFlowError:
    return DamagedFile(text, hint=_TAMPERED)

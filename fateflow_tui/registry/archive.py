"""Zip archives of model parts. Archives are read as untrusted input."""

from __future__ import annotations

import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final, TypeVar

import msgspec

from fateflow_tui.artifacts.models import MODEL_FILE
from fateflow_tui.core.errors import BadRequest, DamagedFile, FateFlowError
from fateflow_tui.core.files import replacement
from fateflow_tui.core.models import Manifest, ModelFile, Pipeline
from fateflow_tui.registry.parts import MANIFEST_FILE, PIPELINE_FILE, Part, model_name, sha256

_DOCUMENTS: Final = {"manifest.json": "manifest", "pipeline.json": "pipeline", "signature.json": "signature"}
_NAME: Final = r"([\w-][\w.-]{0,127})"
_MODEL: Final = re.compile(rf"components/{_NAME}/{_NAME}/{re.escape(MODEL_FILE)}")
_CHUNK: Final = 1 << 18
_SMALL: Final = 1 << 20  # bytes up to which the compression ratio is not checked
_END: Final = struct.Struct("<4s4H2IH")  # a zip file's last record: size and position of the central directory
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000


class Limits(msgspec.Struct, frozen=True):
    """entry, document, total: maximum unpacked bytes of a model, of any other entry, of all entries.

    ratio: maximum ratio of unpacked to packed size, for entries over 1 MiB.
    """

    entries: int = 10_000
    entry: int = 256 << 20
    document: int = 16 << 20
    total: int = 2 << 30
    ratio: int = 250


def model_entry(file: ModelFile) -> str:
    return f"components/{file.component}/{file.alias}/{MODEL_FILE}"


class Entries:
    """An open archive. names: all its entries. models: `component.alias` by entry.

    Raises BadRequest for unexpected entries and exceeded limits, DamagedFile for entries that cannot be unpacked.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._limits = limits
        self._sizes: dict[str, int] = {}  # unpacked so far
        self._total = 0
        self._file = path.open("rb")
        try:
            _check_table(self._file, limits)
            self._zip = zipfile.ZipFile(self._file)
            self._infos = self._checked()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
            self._file.close()
            raise BadRequest(f"the archive is not a zip file: {error}") from error
        except BaseException:
            self._file.close()
            raise
        self.names = frozenset(self._infos)
        self.models = {name: _part_name(name) for name in self.names if name not in _DOCUMENTS}

    def close(self) -> None:
        self._zip.close()
        self._file.close()

    def read(self, name: str) -> bytes:
        """Return an entry's content. name: one of `names`."""
        info, what = self._infos[name], _part_name(name)
        others = self._total - self._sizes.get(name, 0)
        content = bytearray()
        try:
            with self._zip.open(info) as entry:
                while chunk := entry.read(_CHUNK):
                    content += chunk
                    self._measure(name, len(content), others, info.compress_size)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error) as error:
            raise DamagedFile(
                f"{what} cannot be unpacked: {error}", hint="the archive is incomplete or damaged"
            ) from error
        self._sizes[name] = len(content)
        self._total = others + len(content)
        return bytes(content)

    def _measure(self, name: str, size: int, others: int, packed: int) -> None:
        limits, what = self._limits, _part_name(name)
        self._check_size(name, size)
        if others + size > limits.total:
            raise BadRequest(f"{what}: the archive is larger than {_mib(limits.total)} when unpacked")
        if size > _SMALL and size > limits.ratio * packed:
            raise BadRequest(f"{what} is more than {limits.ratio} times larger than its packed form")

    def _check_size(self, name: str, size: int) -> None:
        limit = self._limits.document if name in _DOCUMENTS else self._limits.entry
        if size > limit:
            raise BadRequest(f"{_part_name(name)} is larger than {_mib(limit)} when unpacked")

    def _checked(self) -> dict[str, zipfile.ZipInfo]:
        infos: dict[str, zipfile.ZipInfo] = {}
        alike: set[str] = set()
        for info in self._zip.infolist():
            name = info.orig_filename
            if name not in _DOCUMENTS and not _MODEL.fullmatch(name):
                raise BadRequest(f"the archive has an unexpected entry: {name[:200]!r}")
            what = _part_name(name)
            # Names that some file systems treat as equal could overwrite each other.
            key = unicodedata.normalize("NFKC", name).casefold()
            if key in alike:
                raise BadRequest(f"{what} occurs twice in the archive")
            alike.add(key)
            self._check_kind(what, info)
            infos[name] = info
        if sum(info.compress_size for info in infos.values()) > self._file.seek(0, 2):
            raise BadRequest("the archive's entries overlap: together they are larger than the archive")
        return infos

    def _check_kind(self, what: str, info: zipfile.ZipInfo) -> None:
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or info.is_dir() or info.external_attr & 0x10:
            raise BadRequest(f"{what} is a link, a directory or a special file, not a regular file")
        if info.flag_bits & _ENCRYPTED:
            raise BadRequest(f"{what} is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadRequest(f"{what} uses an unsupported compression: method {info.compress_type}")
        self._check_size(info.orig_filename, info.file_size)


def _check_table(file: IO[bytes], limits: Limits) -> None:
    """Check the end record before the central directory is read into memory, as its size is not limited.

    An archive must begin with an entry and end with a 32-bit end record without a comment: programs interpret other
    forms of zip files differently.
    """
    size = file.seek(0, 2)
    file.seek(0)
    begins = file.read(4)
    file.seek(max(0, size - _END.size - 20))
    tail = file.read()
    if begins != b"PK\x03\x04" or len(tail) < _END.size:
        raise BadRequest("the archive is not a zip file")
    mark, _, _, _, count, length, start, comment = _END.unpack(tail[-_END.size :])
    if mark != b"PK\x05\x06" or comment:
        raise BadRequest("the archive is not a zip file, is truncated, or has data after its end")
    if tail.startswith(b"PK\x06\x07") or count > limits.entries:
        raise BadRequest(f"the archive has more than {limits.entries} entries")
    # A central directory entry has 46 bytes and three strings: the name, which is known, and two empty ones.
    if length > (count + 1) * 2048 or start + length + _END.size != size:
        raise BadRequest("the archive is not a zip file: its central directory is not at the expected position")


def _part_name(name: str) -> str:
    """Return the display name of an entry."""
    if (found := _MODEL.fullmatch(name)) is not None:
        return f"{found[1]}.{found[2]}"
    return _DOCUMENTS[name]


def _mib(size: int) -> str:
    return f"{size / (1 << 20):g} MiB"


SIGNATURE_FILE: Final = "signature.json"
_OLDEST: Final = (1980, 1, 1, 0, 0, 0)  # a fixed time stamp, so that archives are reproducible
_REGULAR: Final = 0o100644 << 16
_TAMPERED: Final = "the archive was changed after it was created; get a new one from its owner"

T = TypeVar("T")
# Returns the content of `signature.json` for the manifest's bytes.
Sign = Callable[[bytes], dict[str, str]]
# Whether the signature matches the manifest's bytes.
CheckSignature = Callable[[bytes, dict[str, str]], bool]


def archive_name(party_model_id: str, version: str) -> str:
    return f"{party_model_id}_{version}.zip"


def export_archive(part: Part, target: Path, sign: Sign | None = None) -> None:
    """Write the archive, replacing a file at `target` atomically. Raises DamagedFile for a damaged part."""
    if part.manifest.parts.get(str(part.party)) != part.digest:
        raise DamagedFile(
            f"{part.party_model_id} version {part.model_version}: the manifest differs from what its parties agreed on",
            hint="check its files: fateflow model verify",
        )
    # Time and origin of the registration are not part of the content.
    manifest = msgspec.json.encode(msgspec.structs.replace(part.manifest, registered_at=0, imported=False))
    with replacement(target) as new, zipfile.ZipFile(new, "x", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, MANIFEST_FILE, manifest)
        _add(archive, PIPELINE_FILE, part.pipeline_content())
        if sign is not None:
            _add(archive, SIGNATURE_FILE, msgspec.json.encode(sign(manifest)))
        for file in part.files:
            _add(archive, model_entry(file), part.content(file))


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _OLDEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix, on every platform
    entry.external_attr = _REGULAR
    archive.writestr(entry, content)


class Archive:
    """The verified content of an archive. A context manager: the file stays open inside the block."""

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
        """Yield all component models in the form that `Registry.stage` takes."""
        for file in self.manifest.files:
            yield file, _model(self._entries, file)


def read_archive(path: Path, limits: Limits | None = None, *, check_signature: CheckSignature | None = None) -> Archive:
    """Verify an untrusted archive. Nothing is written, and no name in it is used as a path.

    check_signature: if given, an archive without a signature is rejected as well. Raises BadRequest if this is not an
    archive of a model part, DamagedFile if it was changed. The message names the invalid entry: `manifest`, `pipeline`,
    `signature` or `<component>.<alias>`.
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
        raise BadRequest("manifest is missing: this is not an archive of a model part")
    manifest = _decoded(entries.read(MANIFEST_FILE), Manifest, "manifest")
    agreed = manifest.parts.get(str(manifest.party))
    if agreed is None:
        raise _tampered(f"manifest does not name {manifest.party} among the parties of its model")
    if agreed != manifest.digest:
        raise _tampered(
            f"manifest lists files ({manifest.digest[:12]}) that differ from those of {manifest.party} on which the "
            f"parties agreed ({agreed[:12]})"
        )
    return manifest


def _check_signature(entries: Entries, check: CheckSignature | None) -> None:
    if check is None:
        return
    if SIGNATURE_FILE not in entries.names:
        raise BadRequest("signature is missing: the origin of this archive is unknown")
    signature = _decoded(entries.read(SIGNATURE_FILE), dict[str, str], "signature")
    if not check(entries.read(MANIFEST_FILE), signature):
        raise _tampered("signature does not match this manifest")


def _pipeline(entries: Entries, manifest: Manifest) -> Pipeline:
    if PIPELINE_FILE not in entries.names:
        raise BadRequest("pipeline is missing: this is not an archive of a model part")
    content = entries.read(PIPELINE_FILE)
    if sha256(content) != manifest.pipeline:
        raise _tampered("pipeline does not match the manifest")
    pipeline = _decoded(content, Pipeline, "pipeline")
    for what, found, expected in (
        ("party", pipeline.party, manifest.party),
        ("model id", pipeline.model_id, manifest.model_id),
        ("version", pipeline.model_version, manifest.model_version),
    ):
        if found != expected:
            raise _tampered(f"pipeline names the {what} {found}, the manifest {expected}")
    return pipeline


def _check_complete(entries: Entries, manifest: Manifest) -> None:
    expected = {model_entry(file): f"{file.component}.{file.alias}" for file in manifest.files}
    if len(expected) != len(manifest.files):
        raise BadRequest("manifest lists a model twice")
    there = set(entries.models)
    if missing := sorted(expected[name] for name in set(expected) - there):
        raise _tampered(f"{', '.join(missing[:5])}: listed in the manifest but missing from the archive")
    if surplus := sorted(entries.models[name] for name in there - set(expected)):
        raise _tampered(f"{', '.join(surplus[:5])}: in the archive but not listed in the manifest")


def _model(entries: Entries, file: ModelFile) -> bytes:
    where = f"{file.component}.{file.alias}"
    content = entries.read(model_entry(file))
    if len(content) != file.size or sha256(content) != file.sha256:
        raise _tampered(f"{where} does not match the manifest")
    if model_name(content, file.component, file.alias).module != file.module:
        raise _tampered(f"{where} belongs to another module than the manifest states")
    return content


def _decoded(content: bytes, kind: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise BadRequest(f"{what} cannot be read: {error}") from error


def _tampered(text: str) -> FateFlowError:
    return DamagedFile(text, hint=_TAMPERED)

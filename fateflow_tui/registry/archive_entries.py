"""Reading a zip file that a stranger may have made to do harm.

Only what an archive of a model part consists of is let through, and everything is measured while it is unpacked: what
the zip file says of itself is believed nowhere.
"""

from __future__ import annotations

import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from pathlib import Path
from typing import IO, Final

import msgspec

from fateflow_tui.artifacts.models import MODEL_FILE
from fateflow_tui.core.errors import BadRequest, DamagedFile
from fateflow_tui.core.models import ModelFile

_DOCUMENTS: Final = {"manifest.json": "manifest", "pipeline.json": "pipeline", "signature.json": "signature"}
_NAME: Final = r"([\w-][\w.-]{0,127})"
_MODEL: Final = re.compile(rf"components/{_NAME}/{_NAME}/{re.escape(MODEL_FILE)}")
_CHUNK: Final = 1 << 18
_SMALL: Final = 1 << 20  # bytes up to which any compression ratio is harmless
_END: Final = struct.Struct("<4s4H2IH")  # a zip file's last record: its table of contents, counted and located
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000


class Limits(msgspec.Struct, frozen=True):
    """entry, document, total: bytes when unpacked, of a model, of another entry, of all.

    ratio: of unpacked to packed, for entries of more than 1 MiB.
    """

    entries: int = 10_000
    entry: int = 256 << 20
    document: int = 16 << 20
    total: int = 2 << 30
    ratio: int = 250


def model_entry(file: ModelFile) -> str:
    return f"components/{file.component}/{file.alias}/{MODEL_FILE}"


class Entries:
    """An open archive. names: all its entries. models: entry -> `component.alias`.

    Raises BadRequest for what does not belong into an archive of a part or exceeds the limits, DamagedFile for what
    cannot be unpacked.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._limits = limits
        self._sizes: dict[str, int] = {}  # of what was unpacked so far
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
        """An entry's content. name: one of `names`."""
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
            raise BadRequest(f"{what}: the archive has more than {_mib(limits.total)} when it is unpacked")
        if size > _SMALL and size > limits.ratio * packed:
            raise BadRequest(f"{what} is more than {limits.ratio} times larger than its packed form")

    def _check_size(self, name: str, size: int) -> None:
        limit = self._limits.document if name in _DOCUMENTS else self._limits.entry
        if size > limit:
            raise BadRequest(f"{_part_name(name)} has more than {_mib(limit)} when it is unpacked")

    def _checked(self) -> dict[str, zipfile.ZipInfo]:
        infos: dict[str, zipfile.ZipInfo] = {}
        alike: set[str] = set()
        for info in self._zip.infolist():
            name = info.orig_filename
            if name not in _DOCUMENTS and not _MODEL.fullmatch(name):
                raise BadRequest(f"the archive has an entry that does not belong there: {name[:200]!r}")
            what = _part_name(name)
            # Names that differ for this program but not for every file system could hide one behind the other.
            key = unicodedata.normalize("NFKC", name).casefold()
            if key in alike:
                raise BadRequest(f"{what} is in the archive twice")
            alike.add(key)
            self._check_kind(what, info)
            infos[name] = info
        if sum(info.compress_size for info in infos.values()) > self._file.seek(0, 2):
            raise BadRequest("the archive's entries are larger than the archive: they lie over each other")
        return infos

    def _check_kind(self, what: str, info: zipfile.ZipInfo) -> None:
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or info.is_dir() or info.external_attr & 0x10:
            raise BadRequest(f"{what} is a link, a directory or a special file, not a plain one")
        if info.flag_bits & _ENCRYPTED:
            raise BadRequest(f"{what} is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadRequest(f"{what} is packed in a way that is not taken: method {info.compress_type}")
        self._check_size(info.orig_filename, info.file_size)


def _check_table(file: IO[bytes], limits: Limits) -> None:
    """Looks at the end of the file before its table of contents, of any length, is read into memory.

    An archive of a part begins with an entry and ends with the short form of the last record, without a comment; other
    forms are where programs differ in what they believe to be in a zip file.
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
        raise BadRequest("the archive is not a zip file, is cut off, or has something behind its end")
    if tail.startswith(b"PK\x06\x07") or count > limits.entries:
        raise BadRequest(f"the archive has more than {limits.entries} entries")
    # Each entry of the table has 46 bytes and three texts, of which one is a name that is taken and two are empty.
    if length > (count + 1) * 2048 or start + length + _END.size != size:
        raise BadRequest("the archive is not a zip file: its table of contents is not where it should be")


def _part_name(name: str) -> str:
    """What users call an entry."""
    if (found := _MODEL.fullmatch(name)) is not None:
        return f"{found[1]}.{found[2]}"
    return _DOCUMENTS[name]


def _mib(size: int) -> str:
    return f"{size / (1 << 20):g} MiB"

"""Reading registered parts from disk, each as often as it changes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from fateflow_tui.artifacts.home import segment
from fateflow_tui.core import ids
from fateflow_tui.core.errors import DamagedFile
from fateflow_tui.core.models import Manifest, Pipeline
from fateflow_tui.registry.part import MANIFEST_FILE, PIPELINE_FILE, Part

# What tells one state of a file from another: its inode, time of change (ns) and size.
_Stamp = tuple[int, int, int]


class Damage(msgspec.Struct, frozen=True):
    """A part that is registered but cannot be read."""

    party_model_id: str
    version: str
    directory: Path
    text: str


class Shelf:
    """The directories `<root>/<role>#<party>#<model_id>/<version>/`, and what lies in them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._read: dict[str, tuple[_Stamp, _Stamp, Part]] = {}

    def directory(self, party_model_id: str, version: str) -> Path:
        """Raises BadRequest for names that could leave the root."""
        return self.root / segment(party_model_id, "model id") / segment(version, "model version")

    def load(self, directory: Path) -> Part:
        """Raises FileNotFoundError for what is not registered, DamagedFile."""
        return self._at(str(directory))

    def _at(self, place: str) -> Part:
        """Plain strings, because thousands of places are looked at for one question."""
        manifest_path, pipeline_path = f"{place}/{MANIFEST_FILE}", f"{place}/{PIPELINE_FILE}"
        try:
            stamps = _stamp(manifest_path), _stamp(pipeline_path)
            known = self._read.get(place)
            if known is not None and known[:2] == stamps:
                return known[2]
            part = _read(Path(place))
        except (FileNotFoundError, NotADirectoryError) as error:
            self._read.pop(place, None)
            if os.path.exists(manifest_path):
                raise DamagedFile(f"{pipeline_path} is missing") from error
            raise FileNotFoundError(manifest_path) from error
        except OSError as error:
            raise DamagedFile(f"{place} cannot be read: {error.strerror}") from error
        except (msgspec.MsgspecError, RecursionError) as error:
            raise DamagedFile(f"the manifest or the pipeline in {place} cannot be read: {error}") from error
        _check_place(part)
        self._read[place] = (*stamps, part)
        return part

    def all(self, model_id: str = "", version: str = "", role: str = "", party_id: str = "") -> Iterator[Part | Damage]:
        """Everything that is registered under names that fit, in no order; '' fits all."""
        for place in self._places(model_id, version, role, party_id):
            try:
                yield self._at(place)
            except FileNotFoundError:
                continue
            except DamagedFile as error:
                directory = Path(place)
                yield Damage(directory.parent.name, directory.name, directory, error.message)

    def _places(self, model_id: str, version: str, role: str, party_id: str) -> Iterator[str]:
        for owner in _visible(str(self.root)):
            names = owner.split("#", 2)
            if len(names) != 3 or [role or names[0], party_id or names[1], model_id or names[2]] != names:
                continue  # not ours, or not asked for
            parent = f"{self.root}/{owner}"
            # A client's word is compared only, and never becomes a path.
            yield from (f"{parent}/{found}" for found in _visible(parent) if version in ("", found))


def _read(directory: Path) -> Part:
    return Part(
        directory,
        msgspec.json.decode((directory / MANIFEST_FILE).read_bytes(), type=Manifest),
        msgspec.json.decode((directory / PIPELINE_FILE).read_bytes(), type=Pipeline),
    )


def _check_place(part: Part) -> None:
    manifest, pipeline, directory = part.manifest, part.pipeline, part.directory
    for what, party_model_id, version in (
        ("manifest", ids.party_model_id(manifest.party, manifest.model_id), manifest.model_version),
        ("pipeline", pipeline.party_model_id, pipeline.model_version),
    ):
        if (party_model_id, version) != (directory.parent.name, directory.name):
            raise DamagedFile(f"the {what} in {directory} is that of {party_model_id} version {version}")


def _visible(directory: str) -> list[str]:
    try:
        return [name for name in os.listdir(directory) if not name.startswith(".")]
    except OSError:
        return []  # not a directory, or not ours to read


def _stamp(path: str) -> _Stamp:
    status = os.stat(path)
    return status.st_ino, status.st_ctime_ns, status.st_size

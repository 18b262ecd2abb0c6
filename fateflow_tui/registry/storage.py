"""Storage of registered parts, read through a cache, and of staged ones."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Protocol

import msgspec

from fateflow_tui.artifacts.home import segment
from fateflow_tui.artifacts.models import MODEL_FILE
from fateflow_tui.core import ids
from fateflow_tui.core.errors import BadRequest, DamagedFile, NotFound
from fateflow_tui.core.files import make_directories, sync, write_file
from fateflow_tui.core.ids import Party, party_model_id
from fateflow_tui.core.models import Manifest, ModelFile, Pipeline, part_digest
from fateflow_tui.registry.parts import COMPONENTS, MANIFEST_FILE, PIPELINE_FILE, Part, model_name, sha256

# Identifies a state of a file: inode, modification time (ns) and size.
_Stamp = tuple[int, int, int]


class Damage(msgspec.Struct, frozen=True):
    """A registered part that cannot be read."""

    party_model_id: str
    version: str
    directory: Path
    text: str


class PartCache:
    """A cache of the parts in `<root>/<role>#<party>#<model_id>/<version>/`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._read: dict[str, tuple[_Stamp, _Stamp, Part]] = {}

    def directory(self, party_model_id: str, version: str) -> Path:
        """Return a part's directory. Raises BadRequest for names that would escape the root."""
        return self.root / segment(party_model_id, "model id") / segment(version, "model version")

    def load(self, directory: Path) -> Part:
        """Load a part. Raises FileNotFoundError if it is not registered, DamagedFile if it cannot be read."""
        return self._at(str(directory))

    def _at(self, place: str) -> Part:
        """Load a part by its directory. Paths are strings, because one query may check thousands."""
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
        """Yield all registered parts that match, unordered. '' matches all."""
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
                continue  # not a part, or not requested
            parent = f"{self.root}/{owner}"
            # Client input is only compared, never used as a path.
            yield from (f"{parent}/{found}" for found in _visible(parent) if version in ("", found))


def _read(directory: Path) -> Part:
    return Part(
        directory,
        msgspec.json.decode((directory / MANIFEST_FILE).read_bytes(), type=Manifest),
        msgspec.json.decode((directory / PIPELINE_FILE).read_bytes(), type=Pipeline),
    )


def _check_place(part: Part) -> None:
    manifest, pipeline, directory = part.manifest, part.pipeline, part.directory
    for what, named, version in (
        ("manifest", ids.party_model_id(manifest.party, manifest.model_id), manifest.model_version),
        ("pipeline", pipeline.party_model_id, pipeline.model_version),
    ):
        if (named, version) != (directory.parent.name, directory.name):
            raise DamagedFile(f"the {what} in {directory} belongs to {named} version {version}")


def _visible(directory: str) -> list[str]:
    try:
        return [name for name in os.listdir(directory) if not name.startswith(".")]
    except OSError:
        return []  # not a directory, or no permission


def _stamp(path: str) -> _Stamp:
    status = os.stat(path)
    return status.st_ino, status.st_ctime_ns, status.st_size


_STAGED_FILE: Final = "staged.json"
_PART: Final = "part"


class Named(Protocol):
    """Anything that identifies a component's model, such as ModelFile and ComponentModel."""

    @property
    def component(self) -> str: ...

    @property
    def alias(self) -> str: ...


class Staged(msgspec.Struct, frozen=True):
    """A part that can be published. token: identifies it until then. pipeline: sha256 of its pipeline file."""

    token: str
    party: Party
    model_id: str
    model_version: str
    files: list[ModelFile]
    pipeline: str

    @property
    def party_model_id(self) -> str:
        return party_model_id(self.party, self.model_id)

    @property
    def digest(self) -> str:
        return part_digest(
            self.party, self.model_version, ((file.component, file.alias, file.sha256) for file in self.files)
        )


class Staging:
    """All staged parts of a site."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, pipeline: Pipeline, models: Iterable[tuple[Named, bytes]], token: str = "") -> Staged:
        """Stage a part. token: replaces the part staged under it; generated if empty.

        Raises BadRequest for an invalid or duplicate name, DamagedFile for content that is not a model.
        """
        token = segment(token or secrets.token_hex(8), "token")
        make_directories(self.root)
        hidden = self.root / f".{secrets.token_hex(8)}"
        try:
            part = hidden / _PART
            (part / COMPONENTS).mkdir(parents=True)
            files = sorted(_written(part, models))
            content = msgspec.json.encode(pipeline)
            write_file(part / PIPELINE_FILE, content)
            staged = Staged(token, pipeline.party, pipeline.model_id, pipeline.model_version, files, sha256(content))
            write_file(hidden / _STAGED_FILE, msgspec.json.encode(staged))
            for directory, _, _ in os.walk(hidden):
                sync(Path(directory))
            self.discard(token)
            hidden.rename(self.root / token)
        except BaseException:
            shutil.rmtree(hidden, ignore_errors=True)
            raise
        sync(self.root)
        return staged

    def get(self, token: str) -> Staged:
        """Return a staged part. Raises NotFound if nothing is staged under the token, DamagedFile if it is damaged."""
        path = self.root / segment(token, "token") / _STAGED_FILE
        try:
            return msgspec.json.decode(path.read_bytes(), type=Staged)
        except FileNotFoundError as error:
            raise NotFound(
                f"nothing is staged under {token!r}", hint="it was published, discarded or removed after it expired"
            ) from error
        except msgspec.MsgspecError as error:
            raise DamagedFile(f"the part staged under {token!r} cannot be read from {path}: {error}") from error

    def directory(self, token: str) -> Path:
        """Return the staged part's directory; it no longer exists once the part is published."""
        return self.root / segment(token, "token") / _PART

    def discard(self, token: str) -> bool:
        """Discard a staged part. Return False if there was none."""
        directory = self.root / segment(token, "token")
        gone = self.root / f".{secrets.token_hex(8)}"
        try:
            directory.rename(gone)
        except FileNotFoundError:
            return False
        shutil.rmtree(gone, ignore_errors=True)
        return True

    def sweep(self, older_than: float) -> list[str]:
        """Discard parts that were staged more than so many seconds ago; return their tokens."""
        swept = []
        horizon = time.time() - older_than
        for directory in sorted(self.root.iterdir()) if self.root.is_dir() else []:
            try:
                old = directory.stat(follow_symlinks=False).st_mtime < horizon
            except FileNotFoundError:
                continue
            if old:
                shutil.rmtree(directory, ignore_errors=True)
                swept.append(directory.name)
        return swept


def _written(part: Path, models: Iterable[tuple[Named, bytes]]) -> Iterable[ModelFile]:
    for named, content in models:
        component, alias = segment(named.component, "component"), segment(named.alias, "model alias")
        directory = part / COMPONENTS / component / alias
        if directory.exists():
            raise BadRequest(f"the model {component}.{alias} occurs twice")
        directory.mkdir(parents=True)
        write_file(directory / MODEL_FILE, content)
        name = model_name(content, component, alias)
        yield ModelFile(component, alias, name.module, sha256(content), len(content))

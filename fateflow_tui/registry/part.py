"""One party's part of one model version, as it is registered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from fateflow_tui.artifacts.models import MODEL_FILE, ComponentModel
from fateflow_tui.core.errors import DamagedFile, NotFound
from fateflow_tui.core.ids import Party
from fateflow_tui.core.models import Manifest, ModelFile, Pipeline

MANIFEST_FILE: Final = "manifest.json"
PIPELINE_FILE: Final = "pipeline.json"
COMPONENTS: Final = "components"


class ModelName(msgspec.Struct, frozen=True):
    """What a component's model file is, with its contents looked at no closer than JSON needs."""

    component: str
    module: str
    parameters: dict[str, msgspec.Raw]
    meta: dict[str, msgspec.Raw]
    alias: str = "default"


class Part(msgspec.Struct, frozen=True):
    """A registered part. directory: where its files lie. Its files are checked against the manifest when read."""

    directory: Path
    manifest: Manifest
    pipeline: Pipeline

    @property
    def party(self) -> Party:
        return self.manifest.party

    @property
    def model_id(self) -> str:
        return self.manifest.model_id

    @property
    def model_version(self) -> str:
        return self.manifest.model_version

    @property
    def party_model_id(self) -> str:
        return self.pipeline.party_model_id

    @property
    def files(self) -> list[ModelFile]:
        return self.manifest.files

    @property
    def digest(self) -> str:
        return self.manifest.digest

    @property
    def size(self) -> int:
        """KiB of all component models, rounded up; 0 for a part without any."""
        return -(-sum(file.size for file in self.files) // 1024)

    @property
    def models(self) -> PartModels:
        return PartModels(self)

    def path(self, file: ModelFile) -> Path:
        return self.directory / COMPONENTS / file.component / file.alias / MODEL_FILE

    def pipeline_content(self) -> bytes:
        """The pipeline file's bytes. Raises DamagedFile when they are gone or not those of the manifest."""
        path = self.directory / PIPELINE_FILE
        where = f"the pipeline of {self.party_model_id} version {self.model_version}"
        return _checked(path, self.manifest.pipeline, where)

    def content(self, file: ModelFile) -> bytes:
        """The file's bytes. Raises DamagedFile when they are gone, cannot be read or are not those of the manifest."""
        where = f"the model {file.component}.{file.alias} of {self.party_model_id} version {self.model_version}"
        return _checked(self.path(file), file.sha256, where)


class PartModels:
    """The component models of a part, in the order of its manifest. Raises DamagedFile for a harmed one."""

    def __init__(self, part: Part) -> None:
        self._part = part

    def load(self, component: str, alias: str = "default") -> ComponentModel:
        """Raises NotFound when the part has no such model."""
        for file in self._part.files:
            if (file.component, file.alias) == (component, alias):
                return self._decoded(file)
        part = self._part
        raise NotFound(
            f"there is no model {alias!r} of {component} in {part.party_model_id} version {part.model_version}"
        )

    def __iter__(self) -> Iterator[ComponentModel]:
        return map(self._decoded, self._part.files)

    def __len__(self) -> int:
        return len(self._part.files)

    def _decoded(self, file: ModelFile) -> ComponentModel:
        try:
            return msgspec.json.decode(self._part.content(file), type=ComponentModel)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise DamagedFile(f"{self._part.path(file)} is not a component's model: {error}") from error


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _checked(path: Path, digest: str, where: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DamagedFile(f"{where} cannot be read from {path}: {error.strerror}") from error
    if sha256(content) != digest:
        raise DamagedFile(
            f"{where} was changed after it was registered: {path}",
            hint="restore this version from an archive, or train again",
        )
    return content


def model_name(content: bytes, component: str, alias: str) -> ModelName:
    """What a model file is that must be of this component and alias. Raises DamagedFile."""
    try:
        name = msgspec.json.decode(content, type=ModelName)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise DamagedFile(f"{component}.{alias} is not a component's model: {error}") from error
    if (name.component, name.alias) != (component, alias):
        raise DamagedFile(f"{component}.{alias} contains the model of {name.component}.{name.alias}")
    return name

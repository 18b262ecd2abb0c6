"""A registered part: one party's share of a model version."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from fateflow_tui.artifacts.models import MODEL_FILE, ComponentModel
from fateflow_tui.core.errors import BadRequest, DamagedFile, NotFound
from fateflow_tui.core.ids import Party
from fateflow_tui.core.models import Manifest, ModelFile, Pipeline, part_digest

MANIFEST_FILE: Final = "manifest.json"
PIPELINE_FILE: Final = "pipeline.json"
COMPONENTS: Final = "components"


class ModelName(msgspec.Struct, frozen=True):
    """The identity of a component's model file, decoded without its contents."""

    component: str
    module: str
    parameters: dict[str, msgspec.Raw]
    meta: dict[str, msgspec.Raw]
    alias: str = "default"


class Part(msgspec.Struct, frozen=True):
    """A registered part. directory: of its files, which are checked against the manifest when they are read."""

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
        """Size of all component models in KiB, rounded up."""
        return -(-sum(file.size for file in self.files) // 1024)

    @property
    def models(self) -> PartModels:
        return PartModels(self)

    def path(self, file: ModelFile) -> Path:
        return self.directory / COMPONENTS / file.component / file.alias / MODEL_FILE

    def pipeline_content(self) -> bytes:
        """Return the pipeline file's bytes. Raises DamagedFile if it is missing or does not match the manifest."""
        path = self.directory / PIPELINE_FILE
        where = f"the pipeline of {self.party_model_id} version {self.model_version}"
        return _checked(path, self.manifest.pipeline, where)

    def content(self, file: ModelFile) -> bytes:
        """Return the file's bytes. Raises DamagedFile if it is missing, unreadable or does not match the manifest."""
        where = f"the model {file.component}.{file.alias} of {self.party_model_id} version {self.model_version}"
        return _checked(self.path(file), file.sha256, where)


class PartModels:
    """The component models of a part, in the order of its manifest. Raises DamagedFile for a damaged one."""

    def __init__(self, part: Part) -> None:
        self._part = part

    def load(self, component: str, alias: str = "default") -> ComponentModel:
        """Load a model. Raises NotFound if the part does not have it."""
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
            raise DamagedFile(f"{self._part.path(file)} is not a valid model file: {error}") from error


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
    """Decode the identity of a model file. Raises DamagedFile unless it belongs to this component and alias."""
    try:
        name = msgspec.json.decode(content, type=ModelName)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise DamagedFile(f"{component}.{alias} is not a valid model file: {error}") from error
    if (name.component, name.alias) != (component, alias):
        raise DamagedFile(f"{component}.{alias} contains the model of {name.component}.{name.alias}")
    return name


def model_paths(directory: Path) -> Iterator[tuple[str, str, Path]]:
    """Yield (component, alias, path) of each model file in a part's directory, sorted."""
    for path in sorted((directory / COMPONENTS).glob(f"*/*/{MODEL_FILE}")):
        yield path.parent.parent.name, path.parent.name, path


def checked_files(
    directory: Path,
    pipeline: Pipeline,
    parts: Mapping[str, str],
    expected: Collection[tuple[str, str, str]] | None,
) -> list[ModelFile]:
    """Return the files of the part, sorted. Raises DamagedFile or BadRequest; see `Registry.register`."""
    agreed = parts.get(str(pipeline.party))
    where = f"{pipeline.party} of {pipeline.model_id} version {pipeline.model_version}"
    if agreed is None:
        raise BadRequest(f"{pipeline.party} is not among the parties that agreed on {pipeline.model_id}")
    reported = None if expected is None else {(component, alias) for component, alias, _ in expected}
    files, stale = [], []
    for component, alias, path in model_paths(directory):
        if reported is None or (component, alias) in reported:
            files.append(_file(component, alias, path))
        else:
            stale.append(path.parent)
    found = {(file.component, file.alias, file.sha256) for file in files}
    if part_digest(pipeline.party, pipeline.model_version, found) == agreed:
        for leftover in stale:
            shutil.rmtree(leftover)
        return files
    wrong = sorted({f"{component}.{alias}" for component, alias, _ in set(expected or ()) - found})
    named = f"changed or missing: {', '.join(wrong)}" if wrong else f"there are {_listed(files)}"
    raise DamagedFile(
        f"the models of {where} differ from those that the parties agreed on; {named}",
        hint="rerun the job from that component, or train again",
    )


def _file(component: str, alias: str, path: Path) -> ModelFile:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DamagedFile(f"the model {component}.{alias} cannot be read from {path}: {error.strerror}") from error
    return ModelFile(component, alias, model_name(content, component, alias).module, sha256(content), len(content))


def _listed(files: list[ModelFile]) -> str:
    return ", ".join(f"{file.component}.{file.alias} ({file.sha256[:12]})" for file in files) or "none"


class PartProblem(msgspec.Struct, frozen=True):
    """A problem with one file of a part. component: may be `pipeline` or `manifest`, with alias ''."""

    component: str
    alias: str
    text: str

    def __str__(self) -> str:
        return f"{'.'.join(filter(None, (self.component, self.alias)))}: {self.text}"


def part_problems(part: Part) -> list[PartProblem]:
    """Return all problems of a part's files; [] for an intact part. Reads all files."""
    try:
        manifest = msgspec.json.decode((part.directory / MANIFEST_FILE).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        return [PartProblem("manifest", "", f"cannot be read: {error}")]
    part = msgspec.structs.replace(part, manifest=manifest)
    return [*_of_manifest(manifest), *_of_pipeline(part), *_of_models(part), *_surplus(part)]


def _of_manifest(manifest: Manifest) -> Iterator[PartProblem]:
    agreed = manifest.parts.get(str(manifest.party))
    if agreed is None:
        yield PartProblem("manifest", "", f"does not name {manifest.party} among the parties of this version")
    elif agreed != manifest.digest:
        yield PartProblem(
            "manifest", "", f"lists files ({manifest.digest[:12]}) that the parties did not agree on ({agreed[:12]})"
        )


def _of_pipeline(part: Part) -> Iterator[PartProblem]:
    try:
        content = (part.directory / PIPELINE_FILE).read_bytes()
    except FileNotFoundError:
        yield PartProblem("pipeline", "", "missing")
    except OSError as error:
        yield PartProblem("pipeline", "", f"cannot be read: {error.strerror}")
    else:
        if sha256(content) != part.manifest.pipeline:
            yield PartProblem("pipeline", "", "changed after it was registered")


def _of_models(part: Part) -> Iterator[PartProblem]:
    for file in part.files:
        if not part.path(file).exists():
            yield PartProblem(file.component, file.alias, "missing")
            continue
        try:
            part.content(file)
        except DamagedFile as error:
            changed = error.__cause__ is None
            yield PartProblem(file.component, file.alias, "changed after it was registered" if changed else str(error))


def _surplus(part: Part) -> Iterator[PartProblem]:
    """Yield unregistered files, except hidden temporary files that a crash may leave behind."""
    components = part.directory / COMPONENTS
    known = {part.path(file) for file in part.files}
    for path in sorted(components.rglob("*")):
        if (path.is_dir() and not path.is_symlink()) or path in known or path.name.startswith("."):
            continue
        component, alias = _names(path.relative_to(components))
        yield PartProblem(component, alias, f"not registered: {path.relative_to(part.directory)}")


def _names(path: Path) -> tuple[str, str]:
    return path.parts[0], path.parts[1] if len(path.parts) > 2 else ""

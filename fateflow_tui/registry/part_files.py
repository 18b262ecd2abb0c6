"""The component models that a training has left of one part, checked against what the parties agreed on."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from fateflow_tui.artifacts.models import MODEL_FILE
from fateflow_tui.core.errors import BadRequest, DamagedFile
from fateflow_tui.core.models import ModelFile, Pipeline, part_digest
from fateflow_tui.registry.part import COMPONENTS, model_name, sha256


def model_paths(directory: Path) -> Iterator[tuple[str, str, Path]]:
    """(component, alias, path) of each model file in a part's directory, sorted."""
    for path in sorted((directory / COMPONENTS).glob(f"*/*/{MODEL_FILE}")):
        yield path.parent.parent.name, path.parent.name, path


def checked_files(
    directory: Path,
    pipeline: Pipeline,
    parts: Mapping[str, str],
    expected: Collection[tuple[str, str, str]] | None,
) -> list[ModelFile]:
    """The files of the part, sorted. Raises DamagedFile or BadRequest; see `Registry.register`."""
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
        f"the models of {where} are not those that the parties agreed on; {named}",
        hint="rerun the job from the component that is named, or train again",
    )


def _file(component: str, alias: str, path: Path) -> ModelFile:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DamagedFile(f"the model {component}.{alias} cannot be read from {path}: {error.strerror}") from error
    return ModelFile(component, alias, model_name(content, component, alias).module, sha256(content), len(content))


def _listed(files: list[ModelFile]) -> str:
    return ", ".join(f"{file.component}.{file.alias} ({file.sha256[:12]})" for file in files) or "none"

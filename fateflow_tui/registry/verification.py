"""Whether a registered part is complete and unharmed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from fateflow_tui.core.errors import DamagedFile
from fateflow_tui.core.models import Manifest
from fateflow_tui.registry.part import COMPONENTS, MANIFEST_FILE, PIPELINE_FILE, Part, sha256


class Flaw(msgspec.Struct, frozen=True):
    """What is wrong with one file of a part. component: also `pipeline` or `manifest`; alias is '' then."""

    component: str
    alias: str
    text: str

    def __str__(self) -> str:
        return f"{'.'.join(filter(None, (self.component, self.alias)))}: {self.text}"


def flaws(part: Part) -> list[Flaw]:
    """Everything that is wrong with the files of a part; [] for a sound one. Reads them all."""
    try:
        manifest = msgspec.json.decode((part.directory / MANIFEST_FILE).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        return [Flaw("manifest", "", f"cannot be read: {error}")]
    part = msgspec.structs.replace(part, manifest=manifest)
    return [*_of_manifest(manifest), *_of_pipeline(part), *_of_models(part), *_surplus(part)]


def _of_manifest(manifest: Manifest) -> Iterator[Flaw]:
    agreed = manifest.parts.get(str(manifest.party))
    if agreed is None:
        yield Flaw("manifest", "", f"does not name {manifest.party} among the parties of this version")
    elif agreed != manifest.digest:
        yield Flaw(
            "manifest", "", f"lists files ({manifest.digest[:12]}) that the parties did not agree on ({agreed[:12]})"
        )


def _of_pipeline(part: Part) -> Iterator[Flaw]:
    try:
        content = (part.directory / PIPELINE_FILE).read_bytes()
    except FileNotFoundError:
        yield Flaw("pipeline", "", "missing")
    except OSError as error:
        yield Flaw("pipeline", "", f"cannot be read: {error.strerror}")
    else:
        if sha256(content) != part.manifest.pipeline:
            yield Flaw("pipeline", "", "changed after it was registered")


def _of_models(part: Part) -> Iterator[Flaw]:
    for file in part.files:
        if not part.path(file).exists():
            yield Flaw(file.component, file.alias, "missing")
            continue
        try:
            part.content(file)
        except DamagedFile as error:
            changed = error.__cause__ is None
            yield Flaw(file.component, file.alias, "changed after it was registered" if changed else str(error))


def _surplus(part: Part) -> Iterator[Flaw]:
    """What nobody registered. Unfinished temporary files, which a crash may leave, are hidden and do not count."""
    components = part.directory / COMPONENTS
    known = {part.path(file) for file in part.files}
    for path in sorted(components.rglob("*")):
        if (path.is_dir() and not path.is_symlink()) or path in known or path.name.startswith("."):
            continue
        component, alias = _names(path.relative_to(components))
        yield Flaw(component, alias, f"not registered: {path.relative_to(part.directory)}")


def _names(path: Path) -> tuple[str, str]:
    return path.parts[0], path.parts[1] if len(path.parts) > 2 else ""

"""The model parts of one party: one directory per model version, one file per component's model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from fateflow_tui.artifacts.home import segment
from fateflow_tui.artifacts.table import plain
from fateflow_tui.core.errors import DamagedFile, NotFound
from fateflow_tui.core.files import make_directories, write_file

MODEL_FILE = "model.json"


class ComponentModel(msgspec.Struct):
    """A component's model at one party, JSON-able throughout.

    parameters: what was learned (FATE's `Param` message). meta: how it was trained (FATE's `Meta` message).
    """

    component: str
    module: str
    parameters: dict[str, Any]
    meta: dict[str, Any]
    alias: str = "default"


class PartyModels:
    """All models of a site, by party model id (`role#party_id#model_id`) and version."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def save(self, party_model_id: str, version: str, model: ComponentModel) -> bytes:
        """Write the component's model, replacing an old one atomically. Return the file's content."""
        content = msgspec.json.encode(
            msgspec.structs.replace(model, parameters=plain(model.parameters), meta=plain(model.meta))
        )
        self.write(party_model_id, version, model.component, model.alias, content)
        return content

    def write(self, party_model_id: str, version: str, component: str, alias: str, content: bytes) -> None:
        """Like `save`, with a file's content as returned by `read`."""
        path = self._path(party_model_id, version, component, alias)
        make_directories(path.parent)
        write_file(path, content)

    def read(self, party_model_id: str, version: str, component: str, alias: str) -> bytes:
        """The content of a component's model file. Raises FileNotFoundError."""
        return self._path(party_model_id, version, component, alias).read_bytes()

    def load(self, party_model_id: str, version: str, component: str, alias: str = "default") -> ComponentModel:
        """Raises NotFound for a missing model, DamagedFile for one that cannot be read."""
        path = self._path(party_model_id, version, component, alias)
        try:
            return msgspec.json.decode(path.read_bytes(), type=ComponentModel)
        except FileNotFoundError as error:
            raise NotFound(
                f"there is no model {alias!r} of {component} in {party_model_id} version {version}",
                hint="the component may not have run, or its model was deleted",
            ) from error
        except msgspec.MsgspecError as error:
            raise DamagedFile(f"the model of {component} cannot be read from {path}: {error}") from error

    def components(self, party_model_id: str, version: str) -> Iterator[ComponentModel]:
        """Every model of one version, by component and alias."""
        components = self._version(party_model_id, version) / "components"
        for path in sorted(components.glob(f"*/*/{MODEL_FILE}")):
            yield self.load(party_model_id, version, path.parent.parent.name, path.parent.name)

    def _version(self, party_model_id: str, version: str) -> Path:
        return self.root / segment(party_model_id, "model id") / segment(version, "model version")

    def _path(self, party_model_id: str, version: str, component: str, alias: str) -> Path:
        return (
            self._version(party_model_id, version)
            / "components"
            / segment(component, "component")
            / segment(alias, "model alias")
            / MODEL_FILE
        )

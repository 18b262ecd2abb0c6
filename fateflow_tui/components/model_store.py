"""ModelStore and ModelRestore: copy one party's part of a model to a second location, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from fateflow_tui.components.contract import Context, Module, StrictParameters
from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.ids import Party, party_model_id
from fateflow_tui.registry.location import ModelLocation


class ModelStoreParam(StrictParameters):
    """model_id, model_version, role, party_id: whose part of which model. store_address: {"storage": "file", "path":
    the directory of the second location}. force_update: replaces what is stored under this version already.
    """

    model_id: str = ""
    model_version: str = ""
    role: str = ""
    party_id: str = ""
    store_address: dict[str, Any] = Field(default_factory=dict)
    force_update: bool = False

    @property
    def owner(self) -> str:
        return party_model_id(Party(self.role, self.party_id), self.model_id)

    def location(self) -> ModelLocation:
        """Raises ComponentFailed for a place of another kind than a directory."""
        storage, path = self.store_address.get("storage"), str(self.store_address.get("path") or "")
        if storage != "file" or not Path(path).is_absolute():
            raise ComponentFailed(
                f"store_address is {self.store_address}; models are stored in a directory",
                hint='write {"storage": "file", "path": "/full/path"}',
            )
        return ModelLocation(Path(path))


class ModelStore(Module[ModelStoreParam]):
    """The same again changes nothing; another content under the same version is refused unless it is forced."""

    name = "ModelStore"
    roles = frozenset({"local"})
    parameter_class = "ModelStoreParam"
    parameter_type = ModelStoreParam
    has_metrics = False

    def run(self, ctx: Context) -> None:
        parameters = self.parameters
        part = ctx.registry.part(parameters.owner, parameters.model_version)
        path = parameters.location().store(part, force_update=parameters.force_update)
        ctx.log.info("the part is stored as %s", path)
        ctx.summary({"archive": path.name, "size": path.stat().st_size})


class ModelRestore(Module[ModelStoreParam]):
    """A part that is here already with the same content stays as it is; another content is a failure."""

    name = "ModelRestore"
    roles = frozenset({"local"})
    parameter_class = "ModelStoreParam"
    parameter_type = ModelStoreParam
    has_metrics = False

    def run(self, ctx: Context) -> None:
        parameters = self.parameters
        part = parameters.location().restore(parameters.owner, parameters.model_version, ctx.registry)
        ctx.log.info("%s models of %s were restored", len(part.files), parameters.owner)
        ctx.summary({"components": sorted({file.component for file in part.files})})

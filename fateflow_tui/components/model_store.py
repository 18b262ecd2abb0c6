"""ModelStore and ModelRestore: back up one party's part of a model to a second location, and restore it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from fateflow_tui.components.contract import Context, Module, StrictParameters
from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.ids import Party, party_model_id
from fateflow_tui.registry.location import ModelLocation


class ModelStoreParam(StrictParameters):
    """model_id, model_version, role, party_id: the part.

    store_address: the second location, as {"storage": "file", "path": "/full/path"}. force_update: replace a different
    part that is already stored under this version.
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
        """Return the second location. Raises ComponentFailed unless it is a directory."""
        storage, path = self.store_address.get("storage"), str(self.store_address.get("path") or "")
        if storage != "file" or not Path(path).is_absolute():
            raise ComponentFailed(
                f"invalid store_address {self.store_address}: models can only be stored in a directory",
                hint='write {"storage": "file", "path": "/full/path"}',
            )
        return ModelLocation(Path(path))


class ModelStore(Module[ModelStoreParam]):
    """Storing the same part again changes nothing. Different content under the same version needs `force_update`."""

    name = "ModelStore"
    roles = frozenset({"local"})
    parameter_class = "ModelStoreParam"
    parameter_type = ModelStoreParam
    has_metrics = False

    def run(self, ctx: Context) -> None:
        parameters = self.parameters
        part = ctx.registry.part(parameters.owner, parameters.model_version)
        path = parameters.location().store(part, force_update=parameters.force_update)
        ctx.log.info("stored the model part as %s", path)
        ctx.summary({"archive": path.name, "size": path.stat().st_size})


class ModelRestore(Module[ModelStoreParam]):
    """Restoring an identical part changes nothing. Fails if a part with different content exists."""

    name = "ModelRestore"
    roles = frozenset({"local"})
    parameter_class = "ModelStoreParam"
    parameter_type = ModelStoreParam
    has_metrics = False

    def run(self, ctx: Context) -> None:
        parameters = self.parameters
        part = parameters.location().restore(parameters.owner, parameters.model_version, ctx.registry)
        ctx.log.info("restored %s models of %s", len(part.files), parameters.owner)
        ctx.summary({"components": sorted({file.component for file in part.files})})

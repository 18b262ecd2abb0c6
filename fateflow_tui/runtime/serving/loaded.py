"""The model versions that a site answers with, kept over restarts."""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from fateflow_tui.components.catalog import Catalog
from fateflow_tui.core import ids
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import FateFlowError, NotFound
from fateflow_tui.core.ids import Party
from fateflow_tui.core.models import Pipeline
from fateflow_tui.core.ports import Collection
from fateflow_tui.runtime.serving.messages import InferenceFailed, ServingCode
from fateflow_tui.runtime.serving.scoring import OnlineModel, ServedPart, online_model

logger = logging.getLogger(__name__)

# Finds a registered part by party model id and version; raises NotFound, DamagedFile.
FindPart = Callable[[str, str], ServedPart]


class LoadedModel(msgspec.Struct, frozen=True):
    """A version that was loaded at a party. loaded_at: ms since the epoch, 0 once it is unloaded. loaded_times: counts
    all loads, also before it was unloaded.
    """

    party: Party
    model_id: str
    model_version: str
    loaded_at: int
    loaded_times: int

    @property
    def party_model_id(self) -> str:
        return ids.party_model_id(self.party, self.model_id)


class ServedModel(msgspec.Struct, frozen=True):
    """A loaded version that is ready for rows. digest: of the part. parts: of every party's part."""

    loaded: LoadedModel
    pipeline: Pipeline
    model: OnlineModel
    digest: str
    parts: dict[str, str]


class LoadedModels:
    """Which versions are loaded is saved; what they are made of is read when it is needed first."""

    def __init__(self, records: Collection, catalog: Catalog, parts: FindPart) -> None:
        self._records = records
        self._catalog = catalog
        self._parts = parts
        self._loaded = {key: msgspec.convert(kept.record, LoadedModel) for key, kept in records.all().items()}
        self._served: dict[str, ServedModel] = {}

    def load(self, part: ServedPart) -> LoadedModel:
        """Raises what `online_model` raises."""
        pipeline = part.pipeline
        model = online_model(part, self._catalog.module)
        key = _key(pipeline.party, pipeline.model_id, pipeline.model_version)
        times = self._loaded[key].loaded_times if key in self._loaded else 0
        loaded = LoadedModel(pipeline.party, pipeline.model_id, pipeline.model_version, now_ms(), times + 1)
        self._save(key, loaded)
        self._served[key] = _ready(loaded, part, model)
        return loaded

    def unload(self, party: Party, model_id: str, version: str) -> None:
        """Raises NotFound."""
        loaded = self.get(party, model_id, version)
        if loaded is None:
            raise NotFound(f"version {version} of {ids.party_model_id(party, model_id)} is not loaded at this site")
        key = _key(party, model_id, version)
        self._save(key, msgspec.structs.replace(loaded, loaded_at=0))
        self._served.pop(key, None)

    def all(self) -> list[LoadedModel]:
        """Those that are loaded now, the last one first."""
        return sorted((one for one in self._loaded.values() if one.loaded_at), key=lambda one: -one.loaded_at)

    def get(self, party: Party, model_id: str, version: str) -> LoadedModel | None:
        loaded = self._loaded.get(_key(party, model_id, version))
        return loaded if loaded is not None and loaded.loaded_at else None

    def times(self, party: Party, model_id: str, version: str) -> int:
        """How often it was loaded."""
        loaded = self._loaded.get(_key(party, model_id, version))
        return loaded.loaded_times if loaded is not None else 0

    def served(self, party: Party, model_id: str, version: str) -> ServedModel:
        """Raises InferenceFailed when it is not loaded, or is not there any more."""
        key = _key(party, model_id, version)
        found = self._served.get(key)
        return found if found is not None else self._read(key, party, version)

    def _read(self, key: str, party: Party, version: str) -> ServedModel:
        loaded = self._loaded.get(key)
        if loaded is None or not loaded.loaded_at:
            raise InferenceFailed(
                ServingCode.NO_MODEL,
                f"model version {version} is not loaded at {party}",
                hint="load it: fateflow model load",
            )
        try:
            part = self._parts(loaded.party_model_id, version)
            served = _ready(loaded, part, online_model(part, self._catalog.module))
        except FateFlowError as error:
            logger.error("the loaded version %s of %s cannot be served: %s", version, party, error.message)
            raise InferenceFailed(
                ServingCode.BROKEN_MODEL,
                f"model version {version} of {party} was loaded but cannot be read any more; the log of its site "
                "tells why",
                hint="fateflow model verify",
            ) from error
        self._served[key] = served
        return served

    def _save(self, key: str, loaded: LoadedModel) -> None:
        self._records.put(key, msgspec.to_builtins(loaded))
        self._loaded[key] = loaded


def _ready(loaded: LoadedModel, part: ServedPart, model: OnlineModel) -> ServedModel:
    return ServedModel(loaded, part.pipeline, model, part.manifest.digest, part.manifest.parts)


def _key(party: Party, model_id: str, version: str) -> str:
    return f"{ids.party_model_id(party, model_id)}/{version}"

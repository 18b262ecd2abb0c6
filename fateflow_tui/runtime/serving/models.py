"""Loaded model versions and the steps that a row goes through in each."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from fateflow_tui.artifacts.models import ComponentModel
from fateflow_tui.components.catalog import Catalog
from fateflow_tui.components.contract import Module
from fateflow_tui.components.online import Row, Score, Scorer, Step, Transform
from fateflow_tui.core import ids
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.document.dsl import Component, Dsl, read_dsl
from fateflow_tui.core.document.json_text import read_json
from fateflow_tui.core.document.problems import Problems
from fateflow_tui.core.errors import BadRequest, ComponentFailed, Conflict, FateFlowError, NotBuilt, NotFound
from fateflow_tui.core.ids import Party
from fateflow_tui.core.models import Manifest, Pipeline
from fateflow_tui.core.ports import RecordCollection
from fateflow_tui.runtime.serving.messages import InferenceFailed, ServingCode

ROLES = ("guest", "host")  # the roles that have columns, and so a share in scores


class ComponentModels(Protocol):
    """The component models of a part."""

    def load(self, component: str, alias: str = "default") -> ComponentModel:
        """Raises NotFound, DamagedFile."""
        ...


class ServedPart(Protocol):
    """The parts of a registered model part that serving needs."""

    @property
    def pipeline(self) -> Pipeline: ...
    @property
    def manifest(self) -> Manifest: ...
    @property
    def models(self) -> ComponentModels: ...


class OnlineModel:
    """A party's part of a model, ready for single rows."""

    def __init__(self, transforms: Sequence[Transform], scorer: Scorer) -> None:
        self._transforms = transforms
        self._scorer = scorer

    def share(self, row: Row) -> list[float]:
        """Return the party's share of the score of its raw row. Raises MissingFeatures, ComponentFailed."""
        for transform in self._transforms:
            row = transform(row)
        return self._scorer.share(row)

    def score(self, shares: Sequence[Sequence[float]]) -> Score:
        """Combine the shares of all parties to a score. Raises ComponentFailed if they do not match."""
        return self._scorer.score(shares)


def online_model(part: ServedPart, module: Callable[[str], type[Module[Any]]]) -> OnlineModel:
    """Build the steps of a part. Raises Conflict if it is not deployed, NotBuilt if a module cannot process single
    rows, BadRequest for a part of another role, and DamagedFile or NotFound if its models cannot be read.
    """
    pipeline = part.pipeline
    if pipeline.party.role not in ROLES:
        raise BadRequest(f"{pipeline.party} has no share in scores: only guests and hosts serve models")
    if not pipeline.deployed:
        raise Conflict(
            f"version {pipeline.model_version} of {pipeline.party} is not deployed, so it cannot predict",
            hint="make a version that can: fateflow model deploy",
        )
    dsl = _dsl(pipeline)
    modules = {name: module(component.module) for name, component in dsl.components.items()}
    own = {name: cls for name, cls in modules.items() if pipeline.party.role in cls.roles}
    steps = _steps({name: dsl.components[name] for name in own}, own, part.models)
    scorers = {name: step for name, step in steps.items() if isinstance(step, Scorer)}
    if len(scorers) != 1:
        found = (
            f"has {len(scorers)} scoring components ({', '.join(scorers)})" if scorers else "has no scoring component"
        )
        raise NotBuilt(
            f"the predict DSL of version {pipeline.model_version} {found}; online inference needs exactly one",
            hint="deploy a version with one model: fateflow model deploy",
        )
    [(name, scorer)] = scorers.items()
    return OnlineModel(_before(name, dsl, steps), scorer)


def _dsl(pipeline: Pipeline) -> Dsl:
    document = read_json(pipeline.predict_dsl)
    problems = Problems("dsl", document)
    version = 2 if str(pipeline.train_conf.get("dsl_version", 1)) == "2" else 1
    dsl = read_dsl(document.value, version, problems, predict=True)
    if problems.has_errors:
        first = next(problem for problem in problems.sorted() if problem.is_error)
        raise BadRequest(f"the predict DSL of version {pipeline.model_version} is invalid: {first}")
    return dsl


def _steps(
    components: Mapping[str, Component], modules: Mapping[str, type[Module[Any]]], models: ComponentModels
) -> dict[str, Step]:
    steps: dict[str, Step] = {}
    unfit: list[str] = []
    for name, component in components.items():
        model = next((models.load(ref.component, ref.port) for ref in component.models), None)
        try:
            steps[name] = modules[name].online(model)
        except NotBuilt:
            unfit.append(f"{name} ({component.module})")
        except ComponentFailed as error:
            raise ComponentFailed(f"{name}: {error.message}", hint=error.hint) from error
    if unfit:
        raise NotBuilt(
            f"{', '.join(unfit)} cannot process single rows, so this version cannot be served online",
            hint="deploy a version without them: fateflow model deploy with a list of components; or run predict jobs",
        )
    return steps


def _before(scorer: str, dsl: Dsl, steps: Mapping[str, Step]) -> list[Transform]:
    """The steps before the scorer, in order."""
    way: list[Transform] = []
    name = scorer
    while source := _source(dsl.components[name]):
        if source not in steps:
            raise NotBuilt(f"{name} reads from {source}, which this party does not run")
        step = steps[source]
        if isinstance(step, Scorer):
            raise NotBuilt(f"{name} reads scores of {source}; online inference supports one model")
        way.insert(0, step)
        name = source
    return way


def _source(component: Component) -> str:
    """The component whose rows this one reads; "" for raw rows."""
    sources = {ref.component for refs in component.data.values() for ref in refs if ref.kind == "component"}
    if len(sources) > 1:
        raise NotBuilt(
            f"{component.name} reads rows of {', '.join(sorted(sources))}; online inference supports one source"
        )
    return next(iter(sources), "")


logger = logging.getLogger(__name__)

# Finds a registered part by party model id and version; raises NotFound, DamagedFile.
FindPart = Callable[[str, str], ServedPart]


class LoadedVersion(msgspec.Struct, frozen=True):
    """A version that was loaded at a party. loaded_at: ms since the epoch, 0 once it is unloaded. loaded_times: how
    often it was ever loaded.
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

    loaded: LoadedVersion
    pipeline: Pipeline
    model: OnlineModel
    digest: str
    parts: dict[str, str]


class LoadedModels:
    """The loaded versions. Which ones are loaded is saved; their models are read when they are first needed."""

    def __init__(self, records: RecordCollection, catalog: Catalog, parts: FindPart) -> None:
        self._records = records
        self._catalog = catalog
        self._parts = parts
        self._loaded = {key: msgspec.convert(kept.record, LoadedVersion) for key, kept in records.all().items()}
        self._served: dict[str, ServedModel] = {}

    def load(self, part: ServedPart) -> LoadedVersion:
        """Load a part, or reload it. Raises as `online_model`."""
        pipeline = part.pipeline
        model = online_model(part, self._catalog.module)
        key = _key(pipeline.party, pipeline.model_id, pipeline.model_version)
        times = self._loaded[key].loaded_times if key in self._loaded else 0
        loaded = LoadedVersion(pipeline.party, pipeline.model_id, pipeline.model_version, now_ms(), times + 1)
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

    def all(self) -> list[LoadedVersion]:
        """The versions that are loaded now, the newest first."""
        return sorted((one for one in self._loaded.values() if one.loaded_at), key=lambda one: -one.loaded_at)

    def get(self, party: Party, model_id: str, version: str) -> LoadedVersion | None:
        loaded = self._loaded.get(_key(party, model_id, version))
        return loaded if loaded is not None and loaded.loaded_at else None

    def times(self, party: Party, model_id: str, version: str) -> int:
        """How often a version was loaded."""
        loaded = self._loaded.get(_key(party, model_id, version))
        return loaded.loaded_times if loaded is not None else 0

    def served(self, party: Party, model_id: str, version: str) -> ServedModel:
        """Return a loaded version, ready for rows. Raises InferenceFailed if it is not loaded or not readable."""
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
                f"model version {version} of {party} is loaded but can no longer be read; the log of its site "
                "tells why",
                hint="fateflow model verify",
            ) from error
        self._served[key] = served
        return served

    def _save(self, key: str, loaded: LoadedVersion) -> None:
        self._records.put(key, msgspec.to_builtins(loaded))
        self._loaded[key] = loaded


def _ready(loaded: LoadedVersion, part: ServedPart, model: OnlineModel) -> ServedModel:
    return ServedModel(loaded, part.pipeline, model, part.manifest.digest, part.manifest.parts)


def _key(party: Party, model_id: str, version: str) -> str:
    return f"{ids.party_model_id(party, model_id)}/{version}"

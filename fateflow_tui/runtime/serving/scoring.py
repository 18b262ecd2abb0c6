"""From a deployed part of a model to the chain of steps that a row goes through; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from fateflow_tui.artifacts.models import ComponentModel
from fateflow_tui.components.contract import Module
from fateflow_tui.components.online import Row, Score, Scorer, Step, Transform
from fateflow_tui.core.document.dsl import Component, Dsl, read_dsl
from fateflow_tui.core.document.json_text import read_json
from fateflow_tui.core.document.problems import Problems
from fateflow_tui.core.errors import BadRequest, ComponentFailed, Conflict, NotBuilt
from fateflow_tui.core.models import Manifest, Pipeline

ROLES = ("guest", "host")  # that have columns, and so a share in a score


class PartModels(Protocol):
    """The component models of a part."""

    def load(self, component: str, alias: str = "default") -> ComponentModel:
        """Raises NotFound, DamagedFile."""
        ...


class ServedPart(Protocol):
    """What serving needs of a registered part."""

    @property
    def pipeline(self) -> Pipeline: ...
    @property
    def manifest(self) -> Manifest: ...
    @property
    def models(self) -> PartModels: ...


class OnlineModel:
    """A party's part of a model, ready for single rows."""

    def __init__(self, transforms: Sequence[Transform], scorer: Scorer) -> None:
        self._transforms = transforms
        self._scorer = scorer

    def share(self, row: Row) -> list[float]:
        """The party's part of the score of its raw row. Raises RowLacks, ComponentFailed."""
        for transform in self._transforms:
            row = transform(row)
        return self._scorer.share(row)

    def score(self, shares: Sequence[Sequence[float]]) -> Score:
        """The score from all parties' shares. Raises ComponentFailed when they do not belong together."""
        return self._scorer.score(shares)


def online_model(part: ServedPart, module: Callable[[str], type[Module[Any]]]) -> OnlineModel:
    """Raises Conflict for a part that is not deployed, NotBuilt for one with modules that cannot work on single rows,
    BadRequest for a part of another role, and what its models raise when they cannot be read.
    """
    pipeline = part.pipeline
    if pipeline.party.role not in ROLES:
        raise BadRequest(f"{pipeline.party} has no share in scores: only guests and hosts serve a model")
    if not pipeline.deployed:
        raise Conflict(
            f"version {pipeline.model_version} of {pipeline.party} is not deployed, so it cannot predict",
            hint="fateflow model deploy makes a version that can",
        )
    dsl = _dsl(pipeline)
    modules = {name: module(component.module) for name, component in dsl.components.items()}
    own = {name: cls for name, cls in modules.items() if pipeline.party.role in cls.roles}
    steps = _steps({name: dsl.components[name] for name in own}, own, part.models)
    scorers = {name: step for name, step in steps.items() if isinstance(step, Scorer)}
    if len(scorers) != 1:
        found = (
            f"has {len(scorers)} components that score ({', '.join(scorers)})" if scorers else "has none that scores"
        )
        raise NotBuilt(
            f"the predict DSL of version {pipeline.model_version} {found}; online inference takes one",
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
        raise BadRequest(f"the predict DSL of version {pipeline.model_version} has a fault: {first}")
    return dsl


def _steps(
    components: Mapping[str, Component], modules: Mapping[str, type[Module[Any]]], models: PartModels
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
            f"{', '.join(unfit)} cannot work on single rows, so this version cannot be served online",
            hint="deploy a version without: fateflow model deploy with a component list; or run predict jobs",
        )
    return steps


def _before(scorer: str, dsl: Dsl, steps: Mapping[str, Step]) -> list[Transform]:
    """What a row goes through on its way to the scorer, in this order."""
    way: list[Transform] = []
    name = scorer
    while source := _source(dsl.components[name]):
        if source not in steps:
            raise NotBuilt(f"{name} reads from {source}, which this party does not run")
        step = steps[source]
        if isinstance(step, Scorer):
            raise NotBuilt(f"{name} reads scores of {source}; online inference takes one model")
        way.insert(0, step)
        name = source
    return way


def _source(component: Component) -> str:
    """The component whose rows it reads; "" for rows from outside."""
    sources = {ref.component for refs in component.data.values() for ref in refs if ref.kind == "component"}
    if len(sources) > 1:
        raise NotBuilt(f"{component.name} reads rows of {', '.join(sorted(sources))}; a single row has one source")
    return next(iter(sources), "")

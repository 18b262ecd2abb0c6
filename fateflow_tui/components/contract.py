"""The contract between components and the worker that runs them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from fateflow_tui.core.errors import NotBuilt
from fateflow_tui.core.ids import Party
from fateflow_tui.core.ports import ModuleFacts, Variable

if TYPE_CHECKING:
    import numpy as np

    from fateflow_tui.artifacts.table import Table
    from fateflow_tui.artifacts.table_writer import TableWriter
    from fateflow_tui.artifacts.tables import Tables
    from fateflow_tui.components.online import Step
    from fateflow_tui.registry import Registry

    # What parties may exchange. Lists and dicts hold nothing but these types.
    Value = None | bool | int | float | str | bytes | np.ndarray[Any, Any] | Sequence["Value"] | Mapping[str, "Value"]


class Parameters(BaseModel):
    """A module's parameters, with FATE's names and defaults.

    A field of type `Parameters` is a nested parameter object and merged key by key; any other value is replaced.
    """

    model_config = ConfigDict(extra="forbid", validate_default=False, protected_namespaces=())


class Inputs(Protocol):
    """A task's inputs at its own party."""

    def table(self, key: str) -> Table | None:
        """Return the table under a data key (`data`, `train_data`, ...); the last component's if there are several."""
        ...

    def tables(self, key: str) -> list[Table]:
        """Return all tables under a data key, in the DSL's order."""
        ...

    def keys(self) -> list[str]:
        """Return the data keys of this component's inputs."""
        ...

    def model(self) -> Model | None:
        """Return the model under `input.model`."""
        ...

    def isometric_models(self) -> list[Model]: ...


class Model(Protocol):
    """A stored model of one component at this party."""

    component: str
    module: str
    parameters: dict[str, Any]  # what users see (FATE's `Param` message), JSON-able
    meta: dict[str, Any]  # how it was trained (FATE's `Meta` message), JSON-able


class Context(Protocol):
    """Everything that a running module can use."""

    job_id: str
    component: str
    version: int
    party: Party
    roles: Mapping[str, Sequence[Party]]  # of this component, in party order
    job_parameters: Mapping[str, Any]
    inputs: Inputs
    log: logging.Logger

    @property
    def tables(self) -> Tables:
        """The site's stored tables by namespace and name, for modules that import or export data."""
        ...

    @property
    def registry(self) -> Registry:
        """The site's model parts, for modules that back up and restore models."""
        ...

    def write(self, port: int = 0, *, kind: str = "instances", label: str = "", **facts: Any) -> TableWriter:
        """Open a new table for the output port at this position. It becomes an output when it is closed.

        The first column of the written frames is the id (its name becomes `sid`), the others are the header. kind,
        label (a header name, "" for none) and any other facts go into its `TableMeta`.
        """
        ...

    def pass_on(self, table: Table, port: int = 0) -> None:
        """Make an existing table the output of this port, without copying it."""
        ...

    def save_model(self, parameters: dict[str, Any], meta: dict[str, Any]) -> None:
        """Set this component's model at this party (JSON-able). It is stored when the task succeeds."""
        ...

    def metric(
        self,
        namespace: str,
        name: str,
        points: Sequence[tuple[float | int | str, Any]] = (),
        meta: Mapping[str, Any] | None = None,
    ) -> None:
        """Append points to a series. They are visible at once. meta: includes FATE's `metric_type`."""
        ...

    def progress(self, done: int, total: int) -> None: ...

    def summary(self, values: Mapping[str, Any]) -> None:
        """Replace the component's summary."""
        ...

    def send(self, name: str, value: Value, to: Party | Sequence[Party] | str, tag: str | int = "") -> None:
        """Send a declared variable to one party, several, or all of a role."""
        ...

    def receive(self, name: str, source: Party, tag: str | int = "", timeout: float | None = None) -> Any:
        """Wait for a declared variable from a party. Raises ComponentFailed if the sender has ended."""
        ...

    def receive_all(self, name: str, role: str, tag: str | int = "") -> list[Any]:
        """Wait for one value from each party of a role; return them in party order."""
        ...


P = TypeVar("P", bound=Parameters)


class Module(Generic[P]):
    """A kind of component. A subclass sets these class attributes and implements `run`.

    parameter_class: FATE's name of its parameter class. variables: what its parties may exchange. The others are
    described in `ModuleFacts`; a subclass sets those that differ from the defaults.
    """

    name: ClassVar[str]
    roles: ClassVar[frozenset[str]] = frozenset({"guest", "host"})
    parameter_class: ClassVar[str]
    parameter_type: ClassVar[type[Parameters]]
    variables: ClassVar[tuple[Variable, ...]] = ()
    deployed: ClassVar[bool] = True
    version: ClassVar[str] = "1"
    source: ClassVar[str] = ""
    reads: ClassVar[tuple[str, str] | None] = None
    writes: ClassVar[tuple[str, str] | None] = None
    file: ClassVar[str] = ""
    separate_arbiter: ClassVar[bool] = False
    has_metrics: ClassVar[bool] = True
    evaluates: ClassVar[bool] = False

    def __init__(self, parameters: P) -> None:
        self.parameters = parameters

    def run(self, ctx: Context) -> None:
        """Run the task at one party. Raises ComponentFailed for errors that the user can correct."""
        raise NotImplementedError

    @classmethod
    def online(cls, model: Model | None) -> Step:
        """Return the step that applies this party's fitted model to a single row, for online inference.

        It must not import NumPy or Polars, and must give the same result as `run` on a table of the same rows. Raises
        NotBuilt if the module does not support this.
        """
        raise NotBuilt(f"module {cls.name} does not support online inference: it works on whole tables only")

    @classmethod
    def facts(cls) -> ModuleFacts:
        return ModuleFacts(
            name=cls.name,
            roles=cls.roles,
            parameter_class=cls.parameter_class,
            deployed=cls.deployed,
            version=cls.version,
            variables={variable.name: variable for variable in cls.variables},
            source=cls.source,
            reads=cls.reads,
            writes=cls.writes,
            file=cls.file,
            separate_arbiter=cls.separate_arbiter,
            has_metrics=cls.has_metrics,
            evaluates=cls.evaluates,
        )


def variable(name: str, source: str, target: str) -> Variable:
    """Declare a variable. Roles are given as ``"guest"`` or ``"guest, host"``."""
    return Variable(name, frozenset(source.replace(" ", "").split(",")), frozenset(target.replace(" ", "").split(",")))


class StrictParameters(Parameters):
    """Parameters with strict JSON types: "1" is not accepted for 1, nor 1 for true; 1 is accepted for 1.0."""

    model_config = ConfigDict(strict=True)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


# Case-insensitive keywords: `Annotated[Literal[...], AnyCase]` with lower-case literals.
AnyCase = BeforeValidator(_lower)

PositiveInt = Annotated[int, Field(gt=0)]
RoleWithData = Annotated[Literal["guest", "host"], AnyCase]
NumberType = Annotated[Literal["int", "int64", "long", "float", "float64", "str"], AnyCase]

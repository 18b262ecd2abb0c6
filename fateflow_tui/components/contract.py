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

    # What may cross between parties. A list or dict holds these and nothing else.
    Value = None | bool | int | float | str | bytes | np.ndarray[Any, Any] | Sequence["Value"] | Mapping[str, "Value"]


class Parameters(BaseModel):
    """A module's parameters, under FATE's names and with FATE's defaults. A field that is itself a `Parameters` is
    a nested parameter object: it is merged key by key, everything else is replaced whole.
    """

    model_config = ConfigDict(extra="forbid", validate_default=False, protected_namespaces=())


class Inputs(Protocol):
    """A task's inputs at its own party."""

    def table(self, key: str) -> Table | None:
        """The table under a data key (`data`, `train_data`, ...): the last component's, when there are several."""
        ...

    def tables(self, key: str) -> list[Table]:
        """All tables under a data key, in the DSL's order."""
        ...

    def keys(self) -> list[str]:
        """The data keys that this component has."""
        ...

    def model(self) -> Model | None:
        """The model under `input.model`."""
        ...

    def isometric_models(self) -> list[Model]: ...


class Model(Protocol):
    """A stored model of one component at this party."""

    component: str
    module: str
    parameters: dict[str, Any]  # the part that users see (FATE's `Param` message), JSON-able
    meta: dict[str, Any]  # how it was trained (FATE's `Meta` message), JSON-able


class Context(Protocol):
    """All that a module may touch while it runs."""

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
        """The site's stored tables by namespace and name, for the modules that bring data in and out."""
        ...

    @property
    def registry(self) -> Registry:
        """The site's model parts, for the modules that bring models to a second location and back."""
        ...

    def write(self, port: int = 0, *, kind: str = "instances", label: str = "", **facts: Any) -> TableWriter:
        """A new table for the output port with this position; it becomes an output when it is closed.

        The first column of the frames written is the id (its name becomes `sid`), the others are the header;
        kind, label (a header name, "" for none) and any other facts go into its `TableMeta`.
        """
        ...

    def pass_on(self, table: Table, port: int = 0) -> None:
        """Make an existing table the output of this port, without copying it."""
        ...

    def save_model(self, parameters: dict[str, Any], meta: dict[str, Any]) -> None:
        """This component's model at this party; JSON-able. Stored when the task succeeds."""
        ...

    def metric(
        self,
        namespace: str,
        name: str,
        points: Sequence[tuple[float | int | str, Any]] = (),
        meta: Mapping[str, Any] | None = None,
    ) -> None:
        """Append points to a series at once, so that they can be watched. meta carries FATE's `metric_type`."""
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
    """A kind of component. A subclass states these facts and implements `run`.

    parameter_class: FATE's name of its parameter class. variables: what its parties may exchange.
    The other facts are those of `ModuleFacts`; a module states the ones that differ from these defaults.
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
        """Do the work at one party. Raises ComponentFailed for what the user can correct."""
        raise NotImplementedError

    @classmethod
    def online(cls, model: Model | None) -> Step:
        """What the module does to a single row with its fitted model at this party, for online inference. No imports
        of NumPy or Polars; `run` on a table of the same rows must give the same. Raises NotBuilt when it cannot.
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
    """A declared variable; roles are written ``"guest"`` or ``"guest, host"``."""
    return Variable(name, frozenset(source.replace(" ", "").split(",")), frozenset(target.replace(" ", "").split(",")))


class StrictParameters(Parameters):
    """Parameters whose values must have the right JSON type: no "1" for 1, no 1 for true; 1 for 1.0 is fine."""

    model_config = ConfigDict(strict=True)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


# Goes into `Annotated[Literal[...], AnyCase]`; the literals are lower case.
AnyCase = BeforeValidator(_lower)

PositiveInt = Annotated[int, Field(gt=0)]
RoleWithData = Annotated[Literal["guest", "host"], AnyCase]
NumberType = Annotated[Literal["int", "int64", "long", "float", "float64", "str"], AnyCase]

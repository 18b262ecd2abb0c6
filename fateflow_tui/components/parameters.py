"""Building blocks for parameter models: FATE compares exact types, but accepts words in any case."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from fateflow_tui.components.contract import Parameters


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

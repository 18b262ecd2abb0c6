"""How one row goes through a fitted model at one party, in plain Python: for answers within milliseconds.

The steps do to one row what the modules' `run` does to a table of them. They are used in the scheduler's process,
which has neither NumPy nor Polars.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from fateflow_tui.core.errors import ComponentFailed


class Row(msgspec.Struct, frozen=True):
    """One row of one party. values: by column, as text or number; None stands for nothing.

    delimiter: of a stored row, what stood between its fields when it was uploaded; "" for features given by name.
    """

    values: Mapping[str, Any]
    delimiter: str = ""


class Score(msgspec.Struct, frozen=True):
    """value: of class 1, or of the likeliest of several classes. classes: its probability by class value, for several
    classes only.
    """

    value: float
    classes: dict[str, float] = {}


class RowLacks(ComponentFailed):
    """The row has no value for some of the features that the model needs; `data` is the list of them."""


# A step that prepares the row for the next one. Raises RowLacks, ComponentFailed for a row that is of no use.
Transform = Callable[[Row], Row]


class Scorer(ABC):
    """The step that ends in a score, to which each party with columns gives a share."""

    @abstractmethod
    def share(self, row: Row) -> list[float]:
        """This party's part of the row's score, one number per binary model. Raises as a `Transform`."""

    @abstractmethod
    def score(self, shares: Sequence[Sequence[float]]) -> Score:
        """The score of a row from the shares of all parties. Raises ComponentFailed when they do not fit together."""


Step = Transform | Scorer


def pass_on(row: Row) -> Row:
    """The step of a module that changes which rows there are, but no row."""
    return row


def lacking(names: Sequence[str]) -> RowLacks:
    """The error for features that the row does not have."""
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return RowLacks(f"the row has no value for {shown}, which the model needs", data=list(names))

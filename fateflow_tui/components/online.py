"""Online inference: apply a fitted model to a single row at one party, in plain Python, within milliseconds.

A step does to a row what the module's `run` does to each row of a table. Steps run in the scheduler's process, which
does not load NumPy or Polars.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from fateflow_tui.core.errors import ComponentFailed


class Row(msgspec.Struct, frozen=True):
    """One row at one party. values: by column, as text or number; None for a missing value.

    delimiter: the delimiter that a stored row was uploaded with; "" for features given by name.
    """

    values: Mapping[str, Any]
    delimiter: str = ""


class Score(msgspec.Struct, frozen=True):
    """value: of class 1, or of the most likely of several classes. classes: probabilities by class, for several
    classes.
    """

    value: float
    classes: dict[str, float] = {}


class MissingFeatures(ComponentFailed):
    """The row lacks features that the model needs; `data` lists them."""


# A step that prepares the row for the next one. Raises MissingFeatures or ComponentFailed for an unusable row.
Transform = Callable[[Row], Row]


class Scorer(ABC):
    """The last step: computes a score as the sum of shares of all parties with features."""

    @abstractmethod
    def share(self, row: Row) -> list[float]:
        """Return this party's share of the row's score, one number per binary model. Raises as a `Transform` does."""

    @abstractmethod
    def score(self, shares: Sequence[Sequence[float]]) -> Score:
        """Return the score of a row from the shares of all parties. Raises ComponentFailed for inconsistent shares."""


Step = Transform | Scorer


def pass_on(row: Row) -> Row:
    """The step of a module that selects rows but does not change them."""
    return row


def missing_features(names: Sequence[str]) -> MissingFeatures:
    """Return the error for missing features."""
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return MissingFeatures(f"the row has no value for {shown}, which the model needs", data=list(names))

"""Why an online inference has no score, in FATE-Serving's numbers."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

from fateflow_tui.core.errors import FateFlowError

_OF_HOST: Final = 2000  # what stands before a host's number where the guest's user sees it


class ServingCode(IntEnum):
    """FATE-Serving's numbers for what went wrong, as far as they are used here."""

    REQUEST = 100  # something is missing from the request, or is of another kind
    FEATURE = 102  # a feature is missing, or its value cannot be used
    NO_MODEL = 104  # nothing is bound to the service, or the version is not loaded
    NETWORK = 105  # a host's site cannot be reached, or is not trusted
    MERGE = 108  # the parties' shares do not belong together
    SYSTEM = 110
    NO_SUCH_ID = 113  # the host has no row with this id
    FEATURE_SOURCE = 116  # the host's features cannot be looked up: none are bound, or their table is gone
    REFUSED = 121  # the host's site does not answer to this guest
    BROKEN_MODEL = 123  # the loaded version cannot be read any more


class InferenceFailed(FateFlowError):
    """A row, or all of a request, gets no score. number: for the `retcode` of the answer."""

    code = "inference_failed"

    def __init__(self, number: int, message: str, *, hint: str = "", data: Any = None) -> None:
        super().__init__(message, hint=hint, data=data)
        self.number = int(number)

    @property
    def text(self) -> str:
        """Message and hint, for answers that have room for one text only."""
        return f"{self.message} ({self.hint})" if self.hint else self.message


def of_host(number: int) -> int:
    """A number that a host's site gave, as the guest's user sees it."""
    return _OF_HOST + number

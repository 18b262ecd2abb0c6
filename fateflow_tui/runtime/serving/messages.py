"""Messages between sites while a row is scored, and FATE-Serving's error codes."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

import msgspec

from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.ids import Party

_OF_HOST: Final = 2000  # added to a host's error code for the guest's user


class ServingCode(IntEnum):
    """The FATE-Serving error codes that are used here."""

    REQUEST = 100  # the request lacks something, or has a value of the wrong type
    FEATURE = 102  # a feature is missing, or its value cannot be used
    NO_MODEL = 104  # nothing is bound to the service, or the version is not loaded
    NETWORK = 105  # a host's site cannot be reached, or is not trusted
    MERGE = 108  # the parties' shares do not match
    SYSTEM = 110
    NO_SUCH_ID = 113  # the host has no row with this id
    FEATURE_SOURCE = 116  # the host's features cannot be looked up: none are bound, or their table is missing
    REFUSED = 121  # the host's site refuses calls of this guest
    BROKEN_MODEL = 123  # the loaded version can no longer be read


class InferenceFailed(FateFlowError):
    """A row, or a whole request, has no score. number: the `retcode` of the answer."""

    code = "inference_failed"

    def __init__(self, number: int, message: str, *, hint: str = "", data: Any = None) -> None:
        super().__init__(message, hint=hint, data=data)
        self.number = int(number)

    @property
    def text(self) -> str:
        """Message and hint, for answers with a single text."""
        return f"{self.message} ({self.hint})" if self.hint else self.message


def of_host(number: int) -> int:
    """Convert a host's error code to the one that the guest's user sees."""
    return _OF_HOST + number


SHARE_PATH: Final = "/v1/peer/share"  # ShareRequest -> ShareAnswer
MAX_ROWS: Final = 1000  # of one request

# The ids that a host may find a row by: names such as `id` or `device_id`, and their values.
Ids = dict[str, str]


class ShareRequest(msgspec.Struct, frozen=True):
    """A guest asks a host for its shares. ids: of each row. part: the digest of the host's part of the model, as all
    parties agreed on it; "" if the guest does not know it.
    """

    model_id: str
    model_version: str
    guest: Party
    host: Party
    ids: list[Ids]
    part: str = ""


class RowShare(msgspec.Struct, frozen=True, omit_defaults=True):
    """A host's part of one score, one number per binary model. retcode: why there is none; see `ServingCode`."""

    numbers: list[float] = []
    retcode: int = 0
    retmsg: str = ""


class ShareAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A host's answer. shares: of the rows, in their order. retcode: why there are none."""

    shares: list[RowShare] = []
    retcode: int = 0
    retmsg: str = ""

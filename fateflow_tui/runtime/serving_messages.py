"""What sites tell each other while a row is scored: ids go to a host, its shares of the scores come back."""

from __future__ import annotations

from typing import Final

import msgspec

from fateflow_tui.core.ids import Party

SHARE_PATH: Final = "/v1/peer/share"  # ShareRequest -> ShareAnswer
MOST_ROWS: Final = 1000  # of one request

# By what a host may find a row: names such as `id` or `device_id`, and what this row has there.
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
    """A host's part of one score, one number per binary model. retcode: why there is none, see `ServingCode`."""

    numbers: list[float] = []
    retcode: int = 0
    retmsg: str = ""


class ShareAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """shares: of the rows in their order. retcode: why there are none at all."""

    shares: list[RowShare] = []
    retcode: int = 0
    retmsg: str = ""

"""Messages between sites about model versions."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from fateflow_tui.core.errors import Conflict

MODEL_PATH: Final = "/v1/peer/model"  # ModelMessage -> ModelAnswer


class DeployChange(msgspec.Struct, frozen=True, tag="deploy"):
    """Make a version that can predict. components: the ones whose models it keeps."""

    predict_dsl: dict[str, Any]
    components: list[str]


class MigrateChange(msgspec.Struct, frozen=True, tag="migrate"):
    """Copy the model to other party ids. parties: old `str(party)` -> new one."""

    parties: dict[str, str]


class VersionOrder(msgspec.Struct, frozen=True):
    """How to make a version from an existing one, the same for all parties. made_at: ms since the epoch."""

    model_id: str
    model_version: str
    new_model_id: str
    new_version: str
    change: DeployChange | MigrateChange
    made_at: int


class StageVersion(msgspec.Struct, frozen=True, tag="stage"):
    """Prepare the party's part, so that publishing it cannot fail. The answer has its digest."""

    order: VersionOrder


class PublishVersion(msgspec.Struct, frozen=True, tag="publish"):
    """All parties are ready: the version exists from now on. parts: the digest of each party's part.

    Contains everything that is needed, so that a party that lost its staged part can prepare it again.
    """

    order: VersionOrder
    parts: dict[str, str]


class DiscardVersion(msgspec.Struct, frozen=True, tag="discard"):
    """A party could not prepare its part: discard what was staged."""

    order: VersionOrder


class DescribePart(msgspec.Struct, frozen=True, tag="describe"):
    """Verify the party's part. The answer has its digest and what is wrong with it."""

    model_id: str
    model_version: str


class LoadVersion(msgspec.Struct, frozen=True, tag="load"):
    """Serve this version online."""

    model_id: str
    model_version: str


ModelMessage = StageVersion | PublishVersion | DiscardVersion | DescribePart | LoadVersion


def version_of(message: ModelMessage) -> str:
    """The existing version that a message is about."""
    match message:
        case DescribePart(model_version=version) | LoadVersion(model_version=version):
            return version
        case StageVersion(order=order) | PublishVersion(order=order) | DiscardVersion(order=order):
            return order.model_version


class ModelAnswer(msgspec.Struct, frozen=True):
    """A party's answer. digest: of its part. text: what was done. flaws: what is wrong with the part."""

    text: str = "success"
    digest: str = ""
    flaws: list[str] = []


class NotDeployed(Conflict):
    """The version cannot predict; FATE-Flow answers 100."""

    code, retcode = "not_deployed", 100

"""Messages between sites about model versions."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from fateflow_tui.core.errors import Conflict

MODEL_PATH: Final = "/v1/peer/model"  # ModelMessage -> ModelAnswer


class DeployChange(msgspec.Struct, frozen=True, tag="deploy"):
    """A version that can predict. components: whose models it keeps."""

    predict_dsl: dict[str, Any]
    components: list[str]


class MigrateChange(msgspec.Struct, frozen=True, tag="migrate"):
    """The same model under other party ids. parties: old `str(party)` -> new one."""

    parties: dict[str, str]


class VersionOrder(msgspec.Struct, frozen=True):
    """A version to be made out of an existing one, the same for all parties. made_at: ms since the epoch."""

    model_id: str
    model_version: str
    new_model_id: str
    new_version: str
    change: DeployChange | MigrateChange
    made_at: int


class StageVersion(msgspec.Struct, frozen=True, tag="stage"):
    """Make ready your part, so that publishing it cannot fail. Answered by its digest."""

    order: VersionOrder


class PublishVersion(msgspec.Struct, frozen=True, tag="publish"):
    """All parties are ready: the version exists from now on. parts: the digest of each party's part.

    Carries all that is needed, so that a party which has lost what it staged makes it once more.
    """

    order: VersionOrder
    parts: dict[str, str]


class DiscardVersion(msgspec.Struct, frozen=True, tag="discard"):
    """A party could not: forget what was staged."""

    order: VersionOrder


class DescribePart(msgspec.Struct, frozen=True, tag="describe"):
    """Is your part there, and unharmed? Answered by its digest and the texts of its flaws."""

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
    """digest: of the party's part. text: what was done, for people. flaws: what is wrong with the part."""

    text: str = "success"
    digest: str = ""
    flaws: list[str] = []


class NotDeployed(Conflict):
    """The version cannot predict; FATE-Flow answers 100."""

    code, retcode = "not_deployed", 100

"""Online inference."""

from __future__ import annotations

from typing import Any

import msgspec


class Inference(msgspec.Struct, frozen=True, rename="camel"):
    """One answer. score: probability of label 1 for a binary model. classes: label -> probability where there are more
    than two. model_id: of the guest's part. timestamp: ms since the epoch at which the model was loaded.
    """

    score: float | None = None
    classes: dict[str, float] | list[Any] | None = None
    model_id: str = ""
    model_version: str = ""
    timestamp: int = 0


class BatchAnswer(msgspec.Struct, frozen=True):
    """The answer to one question of a batch. index: its place. retcode: 0 when `data` has its score, else `retmsg`
    says why there is none.
    """

    index: int
    retcode: int = 0
    retmsg: str = ""
    data: dict[str, Any] = {}


class BatchInference(msgspec.Struct, frozen=True):
    """The answers to a batch, in the order of the questions. model_id, model_version, timestamp: as for one."""

    answers: list[BatchAnswer] = []
    model_id: str = ""
    model_version: str = ""
    timestamp: int = 0

    @property
    def scores(self) -> list[float | None]:
        """One per question; None where it could not be answered."""
        return [answer.data.get("score") for answer in self.answers]


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A name that inference asks for, and the version that it stands for. bound_at: ms since the epoch."""

    service_id: str
    role: str = "guest"
    party_id: str = ""
    model_id: str = ""
    model_version: str = ""
    bound_at: int = 0


class LoadedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A part that answers inference. loaded_at: ms since the epoch."""

    role: str
    party_id: str
    model_id: str
    model_version: str
    loaded_at: int = 0
    loaded_times: int = 0


class Serving(msgspec.Struct, frozen=True):
    """What a site can be asked."""

    services: list[Service] = []
    models: list[LoadedModel] = []


class FeatureTable(msgspec.Struct, frozen=True, kw_only=True):
    """Where a party finds its features. model_id: '' for all models. rows: where the table has just been bound.
    bound_at: ms since the epoch.
    """

    role: str
    party_id: str
    namespace: str
    name: str
    model_id: str = ""
    rows: int | None = None
    bound_at: int = 0

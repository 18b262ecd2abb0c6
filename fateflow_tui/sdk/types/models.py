"""Model versions, their parts, and what was done with them."""

from __future__ import annotations

from typing import Any, Self

import msgspec

from fateflow_tui.sdk.answers import Envelope
from fateflow_tui.sdk.types.jobs import of_record


class ModelLine(msgspec.Struct, frozen=True, kw_only=True):
    """A version in short. parent: trained, not deployed. job_id: of the training. created_at: ms since the epoch.
    components: those that have a model -> their modules. here: parties whose parts are at the asked site; loaded:
    those of them that answer inference.
    """

    model_id: str
    model_version: str
    roles: dict[str, list[int]] = {}
    parent: bool | None = None
    parent_info: dict[str, Any] = {}
    deployed: bool = False
    imported: bool = False
    initiator: str = ""
    created_at: int = 0
    job_id: str = ""
    components: dict[str, str] = {}
    here: list[str] = []
    loaded: list[str] = []
    tags: list[str] = []
    aliases: list[str] = []


class ModelPart(msgspec.Struct, frozen=True, kw_only=True):
    """A party's part of a version. here: at the asked site. digest: names its content, '' when it is not known.
    flaws: what is missing or was changed, [] for a sound part.
    """

    here: bool = False
    digest: str = ""
    flaws: list[str] = []


class ModelView(ModelLine, frozen=True, kw_only=True):
    """A version whole. parties: their parts, by `role:id`. predict_dsl: {} when it is not deployed."""

    parties: dict[str, ModelPart] = {}
    train_dsl: dict[str, Any] = {}
    predict_dsl: dict[str, Any] = {}


class ModelRecord(msgspec.Struct, frozen=True, kw_only=True, rename=of_record):
    """FATE's record of one party's part; what was not asked for has its default. size: KB. Times in ms."""

    role: str = ""
    party_id: str = ""
    model_id: str = ""
    model_version: str = ""
    job_id: str | None = None
    roles: dict[str, list[Any]] = {}
    parent: bool | None = None
    parent_info: dict[str, Any] = {}
    size: float | None = None
    loaded_times: int | None = None
    imported: int | None = None
    description: str | None = None
    create_time: int | None = None
    create_date: str | None = None
    inference_dsl: dict[str, Any] = {}
    train_dsl: dict[str, Any] = {}
    train_runtime_conf: dict[str, Any] = {}
    runtime_conf_on_party: dict[str, Any] = {}


class ModelVerification(msgspec.Struct, frozen=True):
    """Whether a version is whole. parties: their parts, by `role:id`."""

    ok: bool
    model_version: str = ""
    parties: dict[str, ModelPart] = {}


class ModelDiff(msgspec.Struct, frozen=True):
    """How two versions differ: dsl and conf, parameters of components, and their models."""

    documents: Any = None
    parameters: Any = None
    models: Any = None


class Deployment(msgspec.Struct, frozen=True):
    """A version that was made to predict with. detail: role -> party -> {retcode, retmsg}."""

    model_id: str
    model_version: str
    detail: dict[str, dict[str, Any]] = {}


class PartyOutcomes(msgspec.Struct, frozen=True):
    """What each party has answered: role -> party -> {retcode, retmsg}. job_id: of the operation."""

    detail: dict[str, dict[str, Any]] = {}
    job_id: str = ""

    @classmethod
    def of(cls, envelope: Envelope) -> Self:
        detail = envelope.data.get("detail") if isinstance(envelope.data, dict) else None
        return cls(detail if isinstance(detail, dict) else {}, envelope.job_id or "")

    @property
    def messages(self) -> dict[str, str]:
        """The words of each party, by `role:id`."""
        return {
            f"{role}:{party}": str(answer.get("retmsg", "")) if isinstance(answer, dict) else str(answer)
            for role, answers in self.detail.items()
            for party, answer in answers.items()
        }


class Alias(msgspec.Struct, frozen=True):
    """A name that stands for a version."""

    alias: str
    model_version: str
    model_id: str = ""


class Tag(msgspec.Struct, frozen=True):
    """model_count: how many versions have it, where that was asked for."""

    name: str
    description: str | None = ""
    model_count: int = 0


class TaggedModel(msgspec.Struct, frozen=True):
    """A part that has a tag. model_size: KB."""

    model_id: str
    model_version: str
    model_size: float | None = None
    role: str = ""
    party_id: str = ""


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

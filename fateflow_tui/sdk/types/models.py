"""Model versions, their parts, and online inference."""

from __future__ import annotations

from typing import Any, Self

import msgspec

from fateflow_tui.sdk.answers import Envelope
from fateflow_tui.sdk.types.jobs import of_record


class ModelLine(msgspec.Struct, frozen=True, kw_only=True):
    """A version in a list.

    parent: trained, not deployed. job_id: of the training. created_at: ms since the epoch. components: component with
    a model -> module. here: parties whose parts are at this site. loaded: those of them that are loaded for inference.
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
    """A party's part of a version. here: at this site. digest: of its content, "" when unknown. flaws: what is missing
    or was changed; [] for a complete, unchanged part.
    """

    here: bool = False
    digest: str = ""
    flaws: list[str] = []


class ModelView(ModelLine, frozen=True, kw_only=True):
    """A version. parties: `role:id` -> part. predict_dsl: {} when it is not deployed."""

    parties: dict[str, ModelPart] = {}
    train_dsl: dict[str, Any] = {}
    predict_dsl: dict[str, Any] = {}


class ModelRecord(msgspec.Struct, frozen=True, kw_only=True, rename=of_record):
    """FATE's record of one party's part; fields that were not requested have their default. size: KB. Times in ms."""

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
    """The result of a verification. ok: all parts are complete and unchanged. parties: `role:id` -> part."""

    ok: bool
    model_version: str = ""
    parties: dict[str, ModelPart] = {}


class ModelDiff(msgspec.Struct, frozen=True):
    """The differences of two versions: documents, parameters of components, and models."""

    documents: Any = None
    parameters: Any = None
    models: Any = None


class Deployment(msgspec.Struct, frozen=True):
    """A deployed version. detail: role -> party id -> {retcode, retmsg}."""

    model_id: str
    model_version: str
    detail: dict[str, dict[str, Any]] = {}


class PartyOutcomes(msgspec.Struct, frozen=True):
    """The answers of the parties: role -> party id -> {retcode, retmsg}. job_id: of the operation."""

    detail: dict[str, dict[str, Any]] = {}
    job_id: str = ""

    @classmethod
    def of(cls, envelope: Envelope) -> Self:
        """Read an answer."""
        detail = envelope.data.get("detail") if isinstance(envelope.data, dict) else None
        return cls(detail if isinstance(detail, dict) else {}, envelope.job_id or "")

    @property
    def messages(self) -> dict[str, str]:
        """The messages of the parties: `role:id` -> text."""
        return {
            f"{role}:{party}": str(answer.get("retmsg", "")) if isinstance(answer, dict) else str(answer)
            for role, answers in self.detail.items()
            for party, answer in answers.items()
        }


class Alias(msgspec.Struct, frozen=True):
    """A name for a version."""

    alias: str
    model_version: str
    model_id: str = ""


class Tag(msgspec.Struct, frozen=True):
    """A tag. model_count: versions with it, 0 where they were not counted."""

    name: str
    description: str | None = ""
    model_count: int = 0


class TaggedModel(msgspec.Struct, frozen=True):
    """A part with a tag. model_size: KB."""

    model_id: str
    model_version: str
    model_size: float | None = None
    role: str = ""
    party_id: str = ""


class Inference(msgspec.Struct, frozen=True, rename="camel"):
    """The score of a row.

    score: the probability of label 1, for a binary model. classes: label -> probability, for more than two labels.
    model_id: of the guest's part. timestamp: when the model was loaded, ms since the epoch.
    """

    score: float | None = None
    classes: dict[str, float] | list[Any] | None = None
    model_id: str = ""
    model_version: str = ""
    timestamp: int = 0


class BatchAnswer(msgspec.Struct, frozen=True):
    """The score of one row of a batch. index: of the row. retcode: 0 when `data` has the score, otherwise `retmsg`
    explains the failure.
    """

    index: int
    retcode: int = 0
    retmsg: str = ""
    data: dict[str, Any] = {}


class BatchInference(msgspec.Struct, frozen=True):
    """The scores of a batch in the order of its rows. model_id, model_version, timestamp: as in `Inference`."""

    answers: list[BatchAnswer] = []
    model_id: str = ""
    model_version: str = ""
    timestamp: int = 0

    @property
    def scores(self) -> list[float | None]:
        """One score per row; None where it failed."""
        return [answer.data.get("score") for answer in self.answers]


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A service id and the version that it is bound to. bound_at: ms since the epoch."""

    service_id: str
    role: str = "guest"
    party_id: str = ""
    model_id: str = ""
    model_version: str = ""
    bound_at: int = 0


class LoadedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A part that is loaded for inference. loaded_at: ms since the epoch. loaded_times: how often."""

    role: str
    party_id: str
    model_id: str
    model_version: str
    loaded_at: int = 0
    loaded_times: int = 0


class ServingStatus(msgspec.Struct, frozen=True):
    """The services and loaded models of a site."""

    services: list[Service] = []
    models: list[LoadedModel] = []


class FeatureTable(msgspec.Struct, frozen=True, kw_only=True):
    """The table in which a party looks up features. model_id: "" for all models. rows: known right after binding.
    bound_at: ms since the epoch.
    """

    role: str
    party_id: str
    namespace: str
    name: str
    model_id: str = ""
    rows: int | None = None
    bound_at: int = 0

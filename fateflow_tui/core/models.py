"""Pipelined models: one version over all parties of a job, one part at each of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from fateflow_tui.core import ids
from fateflow_tui.core.ids import Party


class ModelFile(msgspec.Struct, frozen=True, order=True):
    """One component's model inside a part. sha256: of the file's bytes, hex. size: bytes."""

    component: str
    alias: str
    module: str
    sha256: str
    size: int


class Pipeline(msgspec.Struct, frozen=True):
    """What a part stores about the model as a whole: FATE's Pipeline message, JSON-able.

    train_conf, conf_on_party: the training conf and the resolved one, as far as this party may see them.
    predict_dsl: {} for a model that is not deployed. parent: True for a trained model, False for a version deployed
    from one; parent_info then names its origin (parent_model_id, parent_model_version).
    job_id: of the training job. created_at: ms since the epoch.
    """

    party: Party
    model_id: str
    model_version: str
    roles: dict[str, list[int]]
    initiator: Party
    train_dsl: dict[str, Any]
    train_conf: dict[str, Any]
    conf_on_party: dict[str, Any]
    predict_dsl: dict[str, Any] = {}
    parent: bool = True
    parent_info: dict[str, str] = {}
    job_id: str = ""
    created_at: int = 0
    fateflow_version: str = ""

    @property
    def party_model_id(self) -> str:
        return ids.party_model_id(self.party, self.model_id)

    @property
    def deployed(self) -> bool:
        return bool(self.predict_dsl.get("components"))


class Manifest(msgspec.Struct, frozen=True):
    """The contents of a part, used to verify that it is complete and unchanged.

    files: of this part, sorted. pipeline: sha256 of the pipeline file. parts: `part_digest` of every party of this
    version by `str(party)`, identical at all parties; identifies the parts that belong together.
    """

    party: Party
    model_id: str
    model_version: str
    files: list[ModelFile]
    pipeline: str
    parts: dict[str, str]
    registered_at: int = 0
    imported: bool = False

    def has_content_of(self, other: Manifest) -> bool:
        """Whether both have the same content of the same generation, whenever and however it was registered."""
        return (self.digest, self.pipeline, self.parts) == (other.digest, other.pipeline, other.parts)

    @property
    def digest(self) -> str:
        return part_digest(
            self.party, self.model_version, ((file.component, file.alias, file.sha256) for file in self.files)
        )


def part_digest(party: Party, version: str, files: Iterable[tuple[str, str, str]]) -> str:
    """Return the digest of a part's content. files: (component, alias, sha256), in any order."""
    content = msgspec.json.encode([str(party), version, sorted(files)])
    return hashlib.sha256(content).hexdigest()

"""Pipelined models: one version over all parties of a job, one part at each of them. See spec section 5."""

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
    """What a part says of its model as a whole: FATE's Pipeline message, JSON-able throughout.

    train_conf: the training conf and conf_on_party: the resolved one, both as this party may see them.
    predict_dsl: {} for a model that is not deployed. parent: True for the result of a training, False for a version
    that was deployed from one; parent_info then names it (parent_model_id, parent_model_version).
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
    """What makes a part complete and unharmed.

    files: of this part, sorted. pipeline: sha256 of the pipeline file. parts: `str(party)` -> `part_digest` of every
    party of this version, the same at all of them: what belongs together, and of which generation.
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
    """Names the content of a part: files as (component, alias, sha256), in any order."""
    content = msgspec.json.encode([str(party), version, sorted(files)])
    return hashlib.sha256(content).hexdigest()

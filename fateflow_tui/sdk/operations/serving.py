"""Serving: online inference with loaded models, in FATE-Serving's protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fateflow_tui.sdk.answers import Envelope
from fateflow_tui.sdk.operations.call import (
    Call,
    Mode,
    Namespace,
    PartyLike,
    as_,
    given,
    list_of,
    nothing,
    operation,
    part_members,
    party_members,
)
from fateflow_tui.sdk.types.models import BatchAnswer, BatchInference, FeatureTable, Inference, ServingStatus

_SHORT = 10.0  # seconds beyond the client's own timeout
_INDEXING = 600.0  # the same, while the index of a large table is built


class Serving(Namespace[Mode]):
    """Online inference. Called directly, it lists services and loaded models."""

    @operation
    def __call__(self) -> Call[ServingStatus]:
        """List the services and loaded models of the site."""
        return Call("/v1/serving/list", {}, as_(ServingStatus))

    @operation
    def infer(
        self,
        service_id: str,
        features: Mapping[str, Any],
        remote: Mapping[str, Any] | None = None,
        case_id: str = "",
    ) -> Call[Inference]:
        """Score one row with the model that is bound to a service.

        features: the guest's, by name. remote: what hosts look the same row up by, such as {"id": "123"}. case_id:
        identifies the request in the logs of both sides.
        """
        body = {
            "head": {"serviceId": service_id, **given({"caseId": case_id})},
            "body": {"featureData": dict(features), "sendToRemoteFeatureData": dict(remote or {})},
        }

        def read(envelope: Envelope) -> Inference:
            return msgspec.convert(envelope.data or {}, Inference, strict=False)

        return Call("/federation/1.0/inference", body, read, patience=_SHORT)

    @operation
    def infer_batch(
        self,
        service_id: str,
        rows: Sequence[Mapping[str, Any]],
        remote: Sequence[Mapping[str, Any]] = (),
        case_id: str = "",
    ) -> Call[BatchInference]:
        """Score many rows. rows, remote: `features` and `remote` of `infer`, in the same order."""
        others = remote or [{} for _ in rows]
        questions = [
            {"index": index, "featureData": dict(row), "sendToRemoteFeatureData": dict(other)}
            for index, (row, other) in enumerate(zip(rows, others, strict=True))
        ]
        body = {"head": {"serviceId": service_id, **given({"caseId": case_id})}, "body": {"batchDataList": questions}}

        def read(envelope: Envelope) -> BatchInference:
            model = msgspec.convert(envelope.data or {}, Inference, strict=False)
            answers = sorted(envelope.batch or [], key=lambda answer: answer.get("index", 0))
            found = msgspec.convert(answers, list[BatchAnswer], strict=False)
            return BatchInference(found, model.model_id, model.model_version, model.timestamp)

        return Call("/federation/1.0/batchInference", body, read, patience=_SHORT)

    @operation
    def unload(self, model_id: str, model_version: str, party: PartyLike) -> Call[None]:
        """Stop inference with a party's part of a version."""
        return Call("/v1/serving/unload", part_members(model_id, model_version, party), nothing)

    @operation
    def unbind(self, service_id: str) -> Call[None]:
        """Remove a service; its model version stays loaded."""
        return Call("/v1/serving/unbind", {"service_id": service_id}, nothing)

    @operation
    def bind_features(self, party: PartyLike, namespace: str, name: str, model_id: str = "") -> Call[FeatureTable]:
        """Set the table in which a host looks up features during inference. model_id: only for this model."""
        body = {**party_members(party), "namespace": namespace, "name": name, **given({"model_id": model_id})}
        return Call("/v1/serving/features/bind", body, as_(FeatureTable), patience=_INDEXING)

    @operation
    def unbind_features(self, party: PartyLike, model_id: str = "") -> Call[None]:
        """Remove a host's feature table."""
        return Call("/v1/serving/features/unbind", {**party_members(party), **given({"model_id": model_id})}, nothing)

    @operation
    def features(self) -> Call[list[FeatureTable]]:
        """List the feature tables of the site."""
        return Call("/v1/serving/features/list", {}, list_of(FeatureTable))

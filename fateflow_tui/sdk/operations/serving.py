"""Online inference with loaded models, in FATE-Serving's form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fateflow_tui.sdk.answers import Envelope
from fateflow_tui.sdk.operations.call import Call, PartyLike, as_, given, list_of, nothing, party_members
from fateflow_tui.sdk.types import BatchAnswer, BatchInference, FeatureTable, Inference, Serving

_SHORT = 10.0  # seconds beyond the client's own
_INDEXING = 600.0  # the same, until a large table's index is built


def listed() -> Call[Serving]:
    """Services and loaded models of the site."""
    return Call("/v1/serving/list", {}, as_(Serving))


def infer(
    service_id: str, features: Mapping[str, Any], remote: Mapping[str, Any] | None = None, case_id: str = ""
) -> Call[Inference]:
    """Asks the model that is bound to a service for one score.

    features: of the guest, by name. remote: by what hosts find the same person, such as {"id": "123"}.
    case_id: names the question in both sides' logs.
    """
    body = {
        "head": {"serviceId": service_id, **given({"caseId": case_id})},
        "body": {"featureData": dict(features), "sendToRemoteFeatureData": dict(remote or {})},
    }

    def read(envelope: Envelope) -> Inference:
        return msgspec.convert(envelope.data or {}, Inference, strict=False)

    return Call("/federation/1.0/inference", body, read, patience=_SHORT)


def infer_batch(
    service_id: str, rows: Sequence[Mapping[str, Any]], remote: Sequence[Mapping[str, Any]] = (), case_id: str = ""
) -> Call[BatchInference]:
    """Asks for the scores of many. rows, remote: what `infer` takes, in the same order."""
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


def unload(model_id: str, model_version: str, party: PartyLike) -> Call[None]:
    """Ends inference with a party's part of a version."""
    body = {"model_id": model_id, "model_version": model_version, **party_members(party)}
    return Call("/v1/serving/unload", body, nothing)


def unbind(service_id: str) -> Call[None]:
    """Forgets a service; the version that was bound to it stays loaded."""
    return Call("/v1/serving/unbind", {"service_id": service_id}, nothing)


def unbind_features(party: PartyLike, model_id: str = "") -> Call[None]:
    """The host finds its features there no more."""
    return Call("/v1/serving/features/unbind", {**party_members(party), **given({"model_id": model_id})}, nothing)


def bind_features(party: PartyLike, namespace: str, name: str, model_id: str = "") -> Call[FeatureTable]:
    """Names the table in which a host finds its features of who is asked for. model_id: only for this model."""
    body = {**party_members(party), "namespace": namespace, "name": name, **given({"model_id": model_id})}
    return Call("/v1/serving/features/bind", body, as_(FeatureTable), patience=_INDEXING)


def features() -> Call[list[FeatureTable]]:
    """The feature tables of the site."""
    return Call("/v1/serving/features/list", {}, list_of(FeatureTable))

"""Online inference in FATE-Serving's form, and the services of this site."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.components.online import Score
from fateflow_tui.core.errors import BadRequest, FateFlowError
from fateflow_tui.core.ids import Party
from fateflow_tui.runtime.serving.features import FeatureBinding
from fateflow_tui.runtime.serving.inference import InferenceRow
from fateflow_tui.runtime.serving.messages import Ids, InferenceFailed, ServingCode
from fateflow_tui.runtime.serving.models import LoadedVersion
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.fate.envelope import DETAILED, answer
from fateflow_tui.server.openapi import answers
from fateflow_tui.server.requests import BODY_LIMIT, Json, Kind, RequestBody, Text, parse, read_bytes

_MAX_IDS: Final = 16  # of one row
_MAX_ID_LENGTH: Final = 256  # characters


def service_id(request_body: Mapping[str, Any]) -> str:
    """Return the service of a request, from the head; some clients write it beside or into the body."""
    for place in (request_body.get("head"), request_body, request_body.get("body")):
        found = place.get("serviceId") if isinstance(place, dict) else None
        if isinstance(found, str | int) and str(found):
            return str(found)
    raise BadRequest('the request has no service id: {"head": {"serviceId": ...}}')


def question(row: Any, where: str) -> InferenceRow:
    """Read one row. where: its place in the request, for messages."""
    if row is not None and not isinstance(row, dict):
        raise BadRequest(f"{where} must be an object with featureData and sendToRemoteFeatureData")
    features = _object(row or {}, "featureData", where)
    return InferenceRow(features, _ids(_object(row or {}, "sendToRemoteFeatureData", where), where))


def batch_questions(request_body: Mapping[str, Any]) -> tuple[list[int], list[InferenceRow]]:
    """Read the rows of a batch with their indices. A row without an index has its place as index."""
    body = request_body.get("body", request_body)
    rows = body.get("batchDataList") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not rows:
        raise BadRequest('the request has no rows: {"body": {"batchDataList": [...]}}')
    places = [f"batchDataList[{place}]" for place in range(len(rows))]
    questions = [question(row, where) for row, where in zip(rows, places, strict=True)]
    indices = [
        _index((row or {}).get("index", place), where)
        for place, (row, where) in enumerate(zip(rows, places, strict=True))
    ]
    if len(set(indices)) != len(indices):
        raise BadRequest("two rows of batchDataList have the same index")
    return indices, questions


def _object(row: Mapping[str, Any], name: str, where: str) -> dict[str, Any]:
    value = row.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest(f"{name} of {where} must be an object")
    return value


def _ids(given: Mapping[str, Any], where: str) -> Ids:
    if len(given) > _MAX_IDS:
        raise BadRequest(f"sendToRemoteFeatureData of {where} has {len(given)} members; at most {_MAX_IDS} are allowed")
    ids: Ids = {}
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise BadRequest(f"{name} in sendToRemoteFeatureData of {where} must be a string or an integer")
        ids[name] = str(value)
        if max(len(name), len(ids[name])) > _MAX_ID_LENGTH:
            raise BadRequest(f"an id in sendToRemoteFeatureData of {where} is longer than {_MAX_ID_LENGTH} characters")
    return ids


def _index(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRequest(f"the index of {where} must be an integer")
    return value


logger = logging.getLogger(__name__)

router = APIRouter(prefix="/serving", tags=["serving"])
federation_router = APIRouter(tags=["inference (FATE-Serving)"])

_VERSION: Final = {"model_id": "arbiter-10000#guest-9999#host-10000#model", "model_version": "202611240157368399120"}
_HOST: Final = {"role": "host", "party_id": "10000"}
_TABLE: Final = {"namespace": "experiment", "name": "breast_hetero_host"}
_SERVICE: Final = {"service_id": "credit", "role": "guest", "party_id": "9999", **_VERSION, "bound_at": 1795485600000}
_LOADED: Final = {**_HOST, **_VERSION, "loaded_at": 1795485600000, "loaded_times": 1}
_FEATURES: Final = {**_HOST, **_TABLE, "model_id": "", "bound_at": 1795485600000}

_ROW: Final = {"featureData": {"x0": 0.254879, "x1": -1.046633}, "sendToRemoteFeatureData": {"id": "123"}}
_OF_MODEL: Final = {
    "modelId": f"guest#9999#{_VERSION['model_id']}",
    "modelVersion": _VERSION["model_version"],
    "timestamp": 1795485600000,
}
_HEAD: Final = {"type": "object", "properties": {"serviceId": {"type": "string"}}}
_QUESTION: Final = {
    "type": "object",
    "properties": {"featureData": {"type": "object"}, "sendToRemoteFeatureData": {"type": "object"}},
}
_QUESTIONS: Final = {"type": "object", "properties": {"batchDataList": {"type": "array", "items": _QUESTION}}}


def _unchecked(schema: Mapping[str, Any]) -> Kind:
    return Kind(schema, lambda _, value: value, checked_later=True)


class InferenceBody(RequestBody, example={"head": {"serviceId": "credit"}, "body": _ROW}):
    """Documented here and read by `question`: failures have FATE-Serving's form and numbers."""

    head: Annotated[Any, _unchecked(_HEAD)]
    body: Annotated[Any, _unchecked(_QUESTION)]


class BatchInferenceBody(
    RequestBody, example={"head": {"serviceId": "credit"}, "body": {"batchDataList": [{"index": 0, **_ROW}]}}
):
    """Documented here and read by `batch_questions`."""

    head: Annotated[Any, _unchecked(_HEAD)]
    body: Annotated[Any, _unchecked(_QUESTIONS)]


class ServingPartyRequest(RequestBody, example=_HOST):
    role: Text
    party_id: Text
    model_id: Annotated[Text, "one model; all models without it"] = ""

    @property
    def party(self) -> Party:
        return Party(self.role, self.party_id)


class UnloadRequest(ServingPartyRequest, example={**_HOST, **_VERSION}):
    model_version: Text

    def __init__(self, members: Mapping[str, Any]) -> None:
        super().__init__(members)
        self.require("model_id")


class BindFeaturesRequest(ServingPartyRequest, example={**_HOST, **_TABLE}):
    namespace: Text
    name: Text


class UnbindServiceRequest(RequestBody, example={"service_id": "credit"}):
    service_id: Text


_INFERENCE: Final = answers({"score": 0.5386207970765767, **_OF_MODEL}, json_body=InferenceBody)
_BATCH: Final = answers(_OF_MODEL, json_body=BatchInferenceBody)


@federation_router.post("/federation/1.0/inference", **_INFERENCE)
@federation_router.post("/federation/v1/inference", **_INFERENCE)
async def inference(request: Request, site: ThisSite) -> Response:
    """Score one row with the model that is bound to `head.serviceId`. `body.featureData` holds the guest's features,
    which stay at this site; `body.sendToRemoteFeatureData` holds ids by which each host looks up its own features.
    """
    try:
        request_body = parse(await read_bytes(request, BODY_LIMIT))
        loaded, score = await site.serving.infer(service_id(request_body), question(request_body.get("body"), "body"))
    except Exception as error:
        return _failed(request, error)
    return _answer({"data": {**_scored(score), **_of_model(loaded)}})


@federation_router.post("/federation/1.0/batchInference", **_BATCH)
@federation_router.post("/federation/v1/batchInference", **_BATCH)
async def batch_inference(request: Request, site: ThisSite) -> Response:
    """Score several rows, `body.batchDataList`, each with an index and the members of a single inference. The scores
    are in `batchDataList` beside `data`; a row that could not be scored has its own retcode.
    """
    try:
        request_body = parse(await read_bytes(request, BODY_LIMIT))
        indices, questions = batch_questions(request_body)
        answers = await site.serving.infer_batch(service_id(request_body), questions)
    except Exception as error:
        return _failed(request, error)
    rows = [_row(index, result) for index, result in zip(indices, answers.results, strict=True)]
    by_index = {str(row["index"]): row for row in rows}
    return _answer({"data": _of_model(answers.loaded), "batchDataList": rows, "singleInferenceResultMap": by_index})


@router.post("/list", **answers({"services": [_SERVICE], "models": [_LOADED]}))
async def served(site: ThisSite) -> Response:
    """List the services of this site with the versions that they answer with, and the loaded versions."""
    services = [msgspec.to_builtins(binding) for binding in site.serving.bindings()]
    models = [msgspec.to_builtins(loaded) for loaded in site.serving.loaded()]
    return answer({"services": [_flat(one) for one in services], "models": [_flat(one) for one in models]})


@router.post("/unload", **answers())
async def unload(site: ThisSite, body: Json[UnloadRequest]) -> Response:
    """Unload a version at a party of this site. Services that are bound to it answer 104 from then on."""
    site.serving.unload(body.party, body.model_id, body.model_version)
    return answer()


@router.post("/unbind", **answers())
async def unbind(site: ThisSite, body: Json[UnbindServiceRequest]) -> Response:
    """Remove a service."""
    site.serving.unbind(body.service_id)
    return answer()


@router.post("/features/bind", **answers({**_FEATURES, "rows": 569}))
async def bind_features(site: ThisSite, body: Json[BindFeaturesRequest]) -> Response:
    """Bind the table in which a party of this site looks up its features, for one model or for all. Returns when the
    index of the table is built.
    """
    binding, rows = await site.serving.bind_features(body.party, body.namespace, body.name, body.model_id)
    return answer({**_shown(binding), "rows": rows})


@router.post("/features/unbind", **answers())
async def unbind_features(site: ThisSite, body: Json[ServingPartyRequest]) -> Response:
    """Remove the feature table of a party, for one model or the one for all."""
    site.serving.unbind_features(body.party, body.model_id)
    return answer()


@router.post("/features/list", **answers([_FEATURES]))
async def features(site: ThisSite) -> Response:
    """List the tables in which parties of this site look up their features."""
    return answer([_shown(binding) for binding in site.serving.feature_bindings()])


def _shown(binding: FeatureBinding) -> dict[str, Any]:
    return _flat(msgspec.to_builtins(binding))


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    return {**record.pop("party"), **record}


def _scored(score: Score) -> dict[str, Any]:
    return {"score": score.value, "classes": score.classes} if score.classes else {"score": score.value}


def _of_model(loaded: LoadedVersion) -> dict[str, Any]:
    return {
        "modelId": loaded.party_model_id,
        "modelVersion": loaded.model_version,
        "timestamp": loaded.loaded_at,
    }


def _row(index: int, result: Score | InferenceFailed) -> dict[str, Any]:
    if isinstance(result, InferenceFailed):
        return {"index": index, "retcode": result.number, "retmsg": result.text}
    return {"index": index, "retcode": 0, "retmsg": "", "data": _scored(result)}


def _answer(members: Mapping[str, Any], number: int = 0, text: str = "") -> Response:
    content = msgspec.json.encode({"retcode": number, "retmsg": text, **members, "flag": 0})
    return Response(content, media_type="application/json")


def _failed(request: Request, error: Exception) -> Response:
    """As in FATE-Serving, every failure has HTTP status 200."""
    detail: dict[str, Any] = {}
    if isinstance(error, FateFlowError) and DETAILED in request.headers.get("accept", ""):
        detail["error"] = {"code": error.code, "exit_code": error.exit_code, "hint": error.hint, "data": error.data}
    if isinstance(error, InferenceFailed):
        return _answer(detail, error.number, error.message if detail else error.text)
    if isinstance(error, FateFlowError):
        return _answer(detail, ServingCode.REQUEST, error.message)
    logger.error("an inference failed", exc_info=error)
    return _answer(detail, ServingCode.SYSTEM, "internal error; see the site's log")

"""Online inference in FATE-Serving's form, and what this site serves."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

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
from fateflow_tui.runtime.serving.models import LoadedModel
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.fate.envelope import DETAILED, answer
from fateflow_tui.server.openapi import TEXT, described, members
from fateflow_tui.server.requests import BODY_LIMIT, Body, JsonBody, parse, read_bytes

_MOST_IDS: Final = 16  # of one row
_LONGEST_ID: Final = 256  # characters


def service_id(asked: Mapping[str, Any]) -> str:
    """Of the head; some clients write it beside or into the body."""
    for place in (asked.get("head"), asked, asked.get("body")):
        found = place.get("serviceId") if isinstance(place, dict) else None
        if isinstance(found, str | int) and str(found):
            return str(found)
    raise BadRequest('the request names no service: {"head": {"serviceId": ...}}')


def question(row: Any, where: str) -> InferenceRow:
    """One row. where: in the request, for messages."""
    if row is not None and not isinstance(row, dict):
        raise BadRequest(f"{where} must be an object with featureData and sendToRemoteFeatureData")
    features = _object(row or {}, "featureData", where)
    return InferenceRow(features, _ids(_object(row or {}, "sendToRemoteFeatureData", where), where))


def batch_questions(asked: Mapping[str, Any]) -> tuple[list[int], list[InferenceRow]]:
    """The rows of a batch with their indices. A row without an index is known by its place."""
    body = asked.get("body", asked)
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
    if len(given) > _MOST_IDS:
        raise BadRequest(f"sendToRemoteFeatureData of {where} has {len(given)} members, at most {_MOST_IDS} are sent")
    ids: Ids = {}
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise BadRequest(f"{name} in sendToRemoteFeatureData of {where} must be a text or a whole number")
        ids[name] = str(value)
        if max(len(name), len(ids[name])) > _LONGEST_ID:
            raise BadRequest(f"an id in sendToRemoteFeatureData of {where} is longer than {_LONGEST_ID} characters")
    return ids


def _index(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRequest(f"the index of {where} must be a whole number")
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
_HEAD: Final = {"type": "object", "properties": {"serviceId": {"type": "string"}}}
_ASKED: Final = {
    "type": "object",
    "properties": {"featureData": {"type": "object"}, "sendToRemoteFeatureData": {"type": "object"}},
}
_LIST: Final = {"type": "object", "properties": {"batchDataList": {"type": "array", "items": _ASKED}}}
_OF_MODEL: Final = {
    "modelId": f"guest#9999#{_VERSION['model_id']}",
    "modelVersion": _VERSION["model_version"],
    "timestamp": 1795485600000,
}
_INFERENCE: Final = described(
    members("head", "body", head=_HEAD, body=_ASKED),
    {"head": {"serviceId": "credit"}, "body": _ROW},
    {"score": 0.5386207970765767, **_OF_MODEL},
)
_BATCH: Final = described(
    members("head", "body", head=_HEAD, body=_LIST),
    {"head": {"serviceId": "credit"}, "body": {"batchDataList": [{"index": 0, **_ROW}]}},
    _OF_MODEL,
)


@federation_router.post("/federation/1.0/inference", **_INFERENCE)
@federation_router.post("/federation/v1/inference", **_INFERENCE)
async def inference(request: Request, site: ThisSite) -> Response:
    """The score of one row by the model that is bound to `head.serviceId`. `body.featureData` are the guest's features
    and go nowhere; `body.sendToRemoteFeatureData` are ids, by which each host finds its own.
    """
    try:
        asked = parse(await read_bytes(request, BODY_LIMIT)).members
        loaded, score = await site.serving.infer(service_id(asked), question(asked.get("body"), "body"))
    except Exception as error:
        return _failed(request, error)
    return _answer({"data": {**_scored(score), **_of_model(loaded)}})


@federation_router.post("/federation/1.0/batchInference", **_BATCH)
@federation_router.post("/federation/v1/batchInference", **_BATCH)
async def batch_inference(request: Request, site: ThisSite) -> Response:
    """The scores of several rows, `body.batchDataList`: each with its index as in a single inference. Rows without a
    score have a retcode of their own; the scores stand in `batchDataList` beside `data`.
    """
    try:
        asked = parse(await read_bytes(request, BODY_LIMIT)).members
        indices, questions = batch_questions(asked)
        answers = await site.serving.infer_batch(service_id(asked), questions)
    except Exception as error:
        return _failed(request, error)
    rows = [_row(index, result) for index, result in zip(indices, answers.results, strict=True)]
    by_index = {str(row["index"]): row for row in rows}
    return _answer({"data": _of_model(answers.loaded), "batchDataList": rows, "singleInferenceResultMap": by_index})


@router.post("/list", **described(answer={"services": [_SERVICE], "models": [_LOADED]}))
async def served(site: ThisSite) -> Response:
    """The services of this site with the versions that they stand for, and the versions that are loaded."""
    services = [msgspec.to_builtins(binding) for binding in site.serving.bindings()]
    models = [msgspec.to_builtins(loaded) for loaded in site.serving.loaded()]
    return answer({"services": [_flat(one) for one in services], "models": [_flat(one) for one in models]})


@router.post("/unload", **described(members("role", "party_id", "model_id", "model_version"), {**_HOST, **_VERSION}))
async def unload(site: ThisSite, body: JsonBody) -> Response:
    """Takes a version out of service at a party of this site. Services that stand for it answer 104 from then on."""
    body.require("model_id", "model_version")
    site.serving.unload(_party(body), body.text("model_id"), body.text("model_version"))
    return answer()


@router.post("/unbind", **described(members("service_id"), {"service_id": "credit"}))
async def unbind(site: ThisSite, body: JsonBody) -> Response:
    """Ends a service."""
    body.require("service_id")
    site.serving.unbind(body.text("service_id"))
    return answer()


@router.post(
    "/features/bind",
    **described(
        members("role", "party_id", "namespace", "name", model_id=TEXT),
        {**_HOST, **_TABLE},
        {**_FEATURES, "rows": 569},
    ),
)
async def bind_features(site: ThisSite, body: JsonBody) -> Response:
    """Names the table in which a party of this site finds its features of the rows that guests ask for: by their id,
    for one model or (no `model_id`) for all. Answers when the table's index is built.
    """
    body.require("namespace", "name")
    binding, rows = await site.serving.bind_features(
        _party(body), body.text("namespace"), body.text("name"), body.text("model_id")
    )
    return answer({**_shown(binding), "rows": rows})


@router.post("/features/unbind", **described(members("role", "party_id", model_id=TEXT), _HOST))
async def unbind_features(site: ThisSite, body: JsonBody) -> Response:
    """From now on nothing is looked up for this party (and model)."""
    site.serving.unbind_features(_party(body), body.text("model_id"))
    return answer()


@router.post("/features/list", **described(answer=[_FEATURES]))
async def features(site: ThisSite) -> Response:
    """The tables in which parties of this site find their features."""
    return answer([_shown(binding) for binding in site.serving.feature_bindings()])


def _party(body: Body) -> Party:
    body.require("role", "party_id")
    return Party(body.text("role"), body.text("party_id"))


def _shown(binding: FeatureBinding) -> dict[str, Any]:
    return _flat(msgspec.to_builtins(binding))


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    return {**record.pop("party"), **record}


def _scored(score: Score) -> dict[str, Any]:
    return {"score": score.value, "classes": score.classes} if score.classes else {"score": score.value}


def _of_model(loaded: LoadedModel) -> dict[str, Any]:
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
    """A failure has HTTP status 200 as in FATE-Serving, whatever it is."""
    detail: dict[str, Any] = {}
    if isinstance(error, FateFlowError) and DETAILED in request.headers.get("accept", ""):
        detail["error"] = {"code": error.code, "exit_code": error.exit_code, "hint": error.hint, "data": error.data}
    if isinstance(error, InferenceFailed):
        return _answer(detail, error.number, error.message if detail else error.text)
    if isinstance(error, FateFlowError):
        return _answer(detail, ServingCode.REQUEST, error.message)
    logger.error("an inference failed", exc_info=error)
    return _answer(detail, ServingCode.SYSTEM, "the server failed; the site's log tells why")

"""What FATE-Serving's clients send: `{"head": {"serviceId"}, "body": {"featureData", "sendToRemoteFeatureData"}}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.runtime.inference import Question
from fateflow_tui.runtime.serving_messages import Ids

_MOST_IDS: Final = 16  # of one row
_LONGEST_ID: Final = 256  # characters


def service_id(asked: Mapping[str, Any]) -> str:
    """Of the head; some clients write it beside or into the body."""
    for place in (asked.get("head"), asked, asked.get("body")):
        found = place.get("serviceId") if isinstance(place, dict) else None
        if isinstance(found, str | int) and str(found):
            return str(found)
    raise BadRequest('the request names no service: {"head": {"serviceId": ...}}')


def question(row: Any, where: str) -> Question:
    """One row. where: in the request, for messages."""
    if row is not None and not isinstance(row, dict):
        raise BadRequest(f"{where} must be an object with featureData and sendToRemoteFeatureData")
    features = _object(row or {}, "featureData", where)
    return Question(features, _ids(_object(row or {}, "sendToRemoteFeatureData", where), where))


def batch_questions(asked: Mapping[str, Any]) -> tuple[list[int], list[Question]]:
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

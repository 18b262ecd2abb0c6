"""What a route tells the OpenAPI document of itself. Routes read their bodies leniently through `Body`, so FastAPI
cannot know the members; a route states them in its decorator:

    @router.post("/job/stop", **described(members("job_id", reason=TEXT), {"job_id": JOB}))
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

Schema = Mapping[str, Any]

# Clients send numbers as texts and texts as numbers; null always stands for a member left out.
TEXT: Final[Schema] = {"type": ["string", "integer"]}
NUMBER: Final[Schema] = {"type": ["integer", "string"], "pattern": "^(-?[0-9]{1,18})?$"}
SECONDS: Final[Schema] = {"type": ["number", "string"], "pattern": r"^[0-9]{1,9}(\.[0-9]{1,9})?$"}
FLAG: Final[Schema] = {"type": ["boolean", "integer", "string"], "description": "1 and true mean yes, all else no"}
OBJECT: Final[Schema] = {"type": "object"}
TEXTS: Final[Schema] = {
    "type": ["array", "string", "integer"],
    "items": TEXT,
    "description": "a list, or a text with commas",
}
DOCUMENT: Final[Schema] = {"type": ["object", "string"], "description": "an object, or its JSON text"}
PARTIES: Final[Schema] = {
    "type": "object",
    "description": "role: its party ids",
    "additionalProperties": {"type": "array", "items": TEXT},
}
PARTY: Final[Schema] = {
    "type": "object",
    "properties": {"role": TEXT, "party_id": TEXT},
    "required": ["role", "party_id"],
}
RANGE: Final[Schema] = {
    "type": ["array", "integer", "string"],
    "items": {"type": ["integer", "string", "null"]},
    "description": "a value, or from and to: ms since the epoch or YYYY-MM-DD HH:MM:SS",
}
FILE: Final[Schema] = {"type": "string", "format": "binary"}

# Media types of answers that are files.
TAR: Final = "application/x-tar"
ZIP: Final = "application/zip"
JSON_FILE: Final = "application/json"
EVENTS: Final = "text/event-stream"

# For examples.
JOB: Final = "2026112401573683991213"
AT_GUEST: Final = {"job_id": JOB, "role": "guest", "party_id": "9999"}

ENVELOPE: Final = {"$ref": "#/components/schemas/Envelope"}


def one_of(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def members(*required: str, **schemas: Schema) -> Schema:
    """The schema of a JSON body: names that must be there, and what is not a TEXT or may be left out. Others that a
    client adds are ignored, as everywhere.
    """
    properties = {**dict.fromkeys(required, TEXT), **schemas}
    known: dict[str, Any] = {"type": "object", "properties": properties}
    return {**known, "required": list(required)} if required else known


# Bodies that several rooms of routes take.
RERUN: Final = members("job_id", component_name=TEXTS, force=FLAG, job_parameters=OBJECT, component_parameters=OBJECT)


def described(
    body: Schema | None = None,
    example: Mapping[str, Any] | None = None,
    answer: Any = None,
    *,
    parts: Schema | None = None,
    file: str | None = None,
    meta: Any = None,
) -> dict[str, Any]:
    """Keyword arguments for `router.post` and `router.get`.

    example: a body; for routes without one, values of the query parameters. answer: `data` of its answer (left out:
    the envelope alone), `meta`: what stands beside. parts: members of a multipart body, where such a one is taken
    (beside JSON, if `body` is given). file: the media type of an answer that is a file (its failures have HTTP
    status 210) or, EVENTS, a stream; JSON_FILE: only when `filename` is given, else an envelope.
    """
    extra: dict[str, Any] = {}
    content: dict[str, Any] = {}
    if body is not None:
        content["application/json"] = {"schema": body, "example": dict(example or {})}
    if parts is not None:
        content["multipart/form-data"] = {"schema": parts} | ({} if body else {"example": dict(example or {})})
    if content:
        extra["requestBody"] = {"content": content, "required": bool((body or parts or {}).get("required"))}
    elif example:
        extra["x-query-example"] = dict(example)
    return {
        "openapi_extra": extra,
        "responses": _file_answers(file) if file in (TAR, ZIP, EVENTS) else _answers(answer, meta, file),
        "response_class": Response,
    }


def _answers(data: Any, meta: Any, file: str | None) -> dict[int | str, dict[str, Any]]:
    envelope = {"retcode": 0, "retmsg": "success", "data": data, "meta": meta}
    example = {name: value for name, value in envelope.items() if value is not None}
    text = "FATE-Flow's envelope, also for failures: retcode is then not 0"
    if file is None:
        return {200: {"description": text, "content": {"application/json": {"schema": ENVELOPE, "example": example}}}}
    text = "FATE-Flow's envelope, or the document as a file when `filename` is given"
    schema = {"anyOf": [ENVELOPE, {"type": "object"}]}
    return {
        200: {"description": text, "content": {"application/json": {"schema": schema, "example": example}}},
        210: _NO_FILE,
    }


def _file_answers(media_type: str) -> dict[int | str, dict[str, Any]]:
    if media_type == EVENTS:
        text = "server-sent events until the client or the site ends; failures are an envelope"
        contents = {EVENTS: {"schema": {"type": "string"}}, "application/json": {"schema": ENVELOPE}}
        return {200: {"description": text, "content": contents}}
    return {200: {"description": "the file", "content": {media_type: {"schema": FILE}}}, 210: _NO_FILE}


_NO_FILE: Final = {
    "description": "there is no file to be had; the envelope says why",
    "content": {"application/json": {"schema": ENVELOPE, "example": {"retcode": 210, "retmsg": "no data"}}},
}

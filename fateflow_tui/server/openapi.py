"""The OpenAPI document of a site, and what routes declare for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
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


_INTRODUCTION: Final = """Answers are FATE-Flow's envelope: `retcode` 0 and `data`, or another `retcode` and `retmsg`,
both with HTTP status 200. Members that a request has too many are ignored; null stands for a member left out; numbers
may be texts and the other way round. Beyond loopback a request needs `Authorization: Bearer TOKEN`."""

_ENVELOPE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["retcode", "retmsg"],
    "properties": {
        "retcode": {"type": "integer", "description": "0: success"},
        "retmsg": {"type": "string", "description": "`success`, or what went wrong"},
        "data": {"description": "what was asked for"},
        "jobId": {"type": "string", "description": "the job that the call made"},
        "meta": {"type": "object", "description": "facts about `data`"},
        "error": {
            "type": "object",
            "description": "with failures, for clients that accept application/vnd.fateflow+json",
            "properties": {
                "code": {"type": "string"},
                "exit_code": {"type": "integer"},
                "hint": {"type": ["string", "null"]},
                "data": {},
            },
        },
    },
}
_REFUSALS: Final = {
    "400": ("Unreadable", "the body or a query parameter cannot be read", {"retcode": 100, "retmsg": "no JSON"}),
    "401": ("NoToken", "the token is missing or wrong", {"retcode": 100, "retmsg": "this site asks for its token"}),
    "403": ("Stranger", "the request names another host", {"retcode": 100, "retmsg": "this site is not called 'x'"}),
    "413": ("TooLarge", "the body is too large", {"retcode": 100, "retmsg": "the request body has 20.0 MB"}),
}
_SENTENCE_END = re.compile(r"[.:;](?: |$)")
_NO_MEMBERS: Final = {"content": {"application/json": {"schema": {"type": "object"}, "example": {}}}}


def operation_id(route: APIRoute) -> str:
    """`job_stop` for POST /v1/job/stop, `get_job_log` for GET /v1/job/log."""
    steps = route.path_format.removeprefix("/v1").strip("/").replace("{", "").replace("}", "")
    name = steps.replace("/", "_").replace("-", "_").replace(".", "_")
    return name if "POST" in (route.methods or ()) else f"get_{name}"


class DescribedApi(FastAPI):
    """An application whose document says what its routes tell by `described`."""

    def openapi(self) -> dict[str, Any]:
        """Made at the first call and kept."""
        if self.openapi_schema is None:
            made = get_openapi(
                title=self.title,
                version=self.version,
                summary=self.summary,
                description=_INTRODUCTION,
                routes=self.routes,
            )
            self.openapi_schema = _completed(made)
        return self.openapi_schema


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    for path in document["paths"].values():
        for method, operation in path.items():
            _complete(method, operation)
    responses = {
        name: {"description": text, "content": {"application/json": {"schema": ENVELOPE, "example": example}}}
        for name, text, example in _REFUSALS.values()
    }
    bearer = {"type": "http", "scheme": "bearer", "description": "beyond loopback: the token in run.json"}
    document["components"] = {
        "schemas": {"Envelope": _ENVELOPE},
        "responses": responses,
        "securitySchemes": {"token": bearer},
    }
    document["security"] = [{}, {"token": []}]
    return document


def _complete(method: str, operation: dict[str, Any]) -> None:
    text = " ".join(operation.get("description", "").split())
    operation["summary"] = _SENTENCE_END.split(text, maxsplit=1)[0] or operation["operationId"]
    # Requests that FastAPI cannot read are answered with 400 and an envelope, not with its own 422.
    operation["responses"].pop("422", None)
    for status, (name, _, _) in _REFUSALS.items():
        operation["responses"].setdefault(status, {"$ref": f"#/components/responses/{name}"})
    if method == "post":
        operation.setdefault("requestBody", _NO_MEMBERS)
    values = operation.pop("x-query-example", {})
    for parameter in operation.get("parameters", []):
        if parameter["name"] in values:
            parameter["example"] = values[parameter["name"]]

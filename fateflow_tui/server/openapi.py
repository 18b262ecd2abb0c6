"""The OpenAPI document of a site. Request schemas come from the classes that routes read; answers are declared here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.responses import Response

from fateflow_tui.server.requests import RequestBody

# Media types of answers that are files.
TAR: Final = "application/x-tar"
ZIP: Final = "application/zip"
JSON_FILE: Final = "application/json"
EVENTS: Final = "text/event-stream"

# For examples.
JOB: Final = "2026112401573683991213"
AT_GUEST: Final = {"job_id": JOB, "role": "guest", "party_id": "9999"}

ENVELOPE: Final = {"$ref": "#/components/schemas/Envelope"}
_FILE: Final = {"type": "string", "format": "binary"}
_SUMMARY_END: Final = re.compile(r"[.:;](?: |$)")


def answers(
    data: Any = None,
    *,
    meta: Any = None,
    file: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    json_body: type[RequestBody] | None = None,
    multipart: type[RequestBody] | None = None,
) -> dict[str, Any]:
    """Return the keyword arguments of `router.post` and `router.get` that document a route.

    data, meta: an example of the answer's members; without them, the envelope alone. file: the media type of an answer
    that is a file (its failures have HTTP status 210) or a stream (EVENTS); JSON_FILE: an envelope unless `filename`
    is given. parameters: examples of query and path parameters. json_body, multipart: the bodies of a route that reads
    its request itself.
    """
    content: dict[str, Any] = {}
    if json_body is not None:
        content |= _json_content(json_body)
    if multipart is not None:
        schema = multipart.json_schema()
        schema["properties"]["file"] = _FILE
        schema["required"] = [*schema.get("required", []), "file"]
        example = {} if json_body else {"example": dict(multipart.example)}
        content["multipart/form-data"] = {"schema": schema} | example
    extra: dict[str, Any] = {"x-parameter-examples": dict(parameters or {})}
    if content:
        extra["requestBody"] = {"content": content, "required": True}
    return {
        "openapi_extra": extra,
        "responses": _file_answers(file) if file in (TAR, ZIP, EVENTS) else _envelope_answers(data, meta, file),
        "response_class": Response,
    }


def _json_content(body: type[RequestBody]) -> dict[str, Any]:
    return {"application/json": {"schema": body.json_schema(), "example": dict(body.example)}}


def _envelope_answers(data: Any, meta: Any, file: str | None) -> dict[int | str, dict[str, Any]]:
    envelope = {"retcode": 0, "retmsg": "success", "data": data, "meta": meta}
    example = {name: value for name, value in envelope.items() if value is not None}
    if file is None:
        text = "FATE-Flow's envelope; a failure has a retcode other than 0"
        return {200: {"description": text, "content": {"application/json": {"schema": ENVELOPE, "example": example}}}}
    text = "FATE-Flow's envelope, or the document as a file when `filename` is given"
    schema = {"anyOf": [ENVELOPE, {"type": "object"}]}
    return {
        200: {"description": text, "content": {"application/json": {"schema": schema, "example": example}}},
        210: _NO_FILE,
    }


def _file_answers(media_type: str) -> dict[int | str, dict[str, Any]]:
    if media_type == EVENTS:
        text = "Server-sent events until the client or the site closes the stream; a failure is an envelope"
        contents = {EVENTS: {"schema": {"type": "string"}}, "application/json": {"schema": ENVELOPE}}
        return {200: {"description": text, "content": contents}}
    return {200: {"description": "The file", "content": {media_type: {"schema": _FILE}}}, 210: _NO_FILE}


_NO_FILE: Final = {
    "description": "The file is not available; the envelope says why",
    "content": {"application/json": {"schema": ENVELOPE, "example": {"retcode": 210, "retmsg": "no data"}}},
}


_INTRODUCTION: Final = """Answers are FATE-Flow's envelope: `retcode` 0 and `data`, or another `retcode` and `retmsg`,
both with HTTP status 200. Unknown members of a request are ignored; null stands for a member left out; numbers may be
sent as strings and the other way round. On any address but loopback a request needs `Authorization: Bearer TOKEN`."""

_ENVELOPE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["retcode", "retmsg"],
    "properties": {
        "retcode": {"type": "integer", "description": "0: success"},
        "retmsg": {"type": "string", "description": "`success`, or what went wrong"},
        "data": {"description": "the result"},
        "jobId": {"type": "string", "description": "the job that the call created"},
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
_REJECTIONS: Final = {
    "400": ("Unreadable", "The body or a query parameter is not readable", "the request body is not valid JSON"),
    "401": ("Unauthorized", "The token is missing or invalid", "missing or invalid token"),
    "403": ("Forbidden", "The request is addressed to another host", "this site is not called 'x'"),
    "413": ("TooLarge", "The body is too large", "the request body has 20.0 MB"),
}


def operation_id(route: APIRoute) -> str:
    """Return `job_stop` for POST /v1/job/stop, `get_job_log` for GET /v1/job/log."""
    steps = route.path_format.removeprefix("/v1").strip("/").replace("{", "").replace("}", "")
    name = steps.replace("/", "_").replace("-", "_").replace(".", "_")
    return name if "POST" in (route.methods or ()) else f"get_{name}"


class DocumentedApi(FastAPI):
    """An application whose document includes the request classes of its routes."""

    def openapi(self) -> dict[str, Any]:
        """Return the document, which is made once and kept."""
        if self.openapi_schema is None:
            document = get_openapi(
                title=self.title,
                version=self.version,
                summary=self.summary,
                description=_INTRODUCTION,
                routes=self.routes,
            )
            self.openapi_schema = _completed(document, dict(_bodies(self)))
        return self.openapi_schema


def _bodies(app: FastAPI) -> Iterator[tuple[str, type[RequestBody]]]:
    """Each operation id and the request class that its route takes as `Json[...]`."""
    for route in app.routes:
        for dependency in route.dependant.dependencies if isinstance(route, APIRoute) else ():
            owner = getattr(dependency.call, "__self__", None)
            if isinstance(route, APIRoute) and isinstance(owner, type) and issubclass(owner, RequestBody):
                yield operation_id(route), owner


def _completed(document: dict[str, Any], bodies: Mapping[str, type[RequestBody]]) -> dict[str, Any]:
    for path in document["paths"].values():
        for method, operation in path.items():
            _complete(method, operation, bodies.get(operation["operationId"]))
    responses = {
        name: {
            "description": text,
            "content": {"application/json": {"schema": ENVELOPE, "example": {"retcode": 100, "retmsg": message}}},
        }
        for name, text, message in _REJECTIONS.values()
    }
    bearer = {"type": "http", "scheme": "bearer", "description": "The token in run.json; not needed on loopback"}
    document["components"] = {
        "schemas": {"Envelope": _ENVELOPE},
        "responses": responses,
        "securitySchemes": {"token": bearer},
    }
    document["security"] = [{}, {"token": []}]
    return document


def _complete(method: str, operation: dict[str, Any], body: type[RequestBody] | None) -> None:
    text = " ".join(operation.get("description", "").split())
    operation["summary"] = _SUMMARY_END.split(text, maxsplit=1)[0] or operation["operationId"]
    # Requests that FastAPI cannot read are answered with 400 and an envelope, not with its own 422.
    operation["responses"].pop("422", None)
    for status, (name, _, _) in _REJECTIONS.items():
        operation["responses"].setdefault(status, {"$ref": f"#/components/responses/{name}"})
    if body is not None or method == "post":
        body = body or RequestBody
        required = any(one.required for one in body.fields)
        operation.setdefault("requestBody", {"content": _json_content(body), "required": required})
    examples = operation.pop("x-parameter-examples", {})
    for parameter in operation.get("parameters", []):
        if parameter["name"] in examples:
            parameter["example"] = examples[parameter["name"]]

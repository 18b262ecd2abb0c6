"""The OpenAPI document of a site: what FastAPI derives from the routes, with what it cannot know."""

from __future__ import annotations

import re
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from fateflow_tui.server.described import ENVELOPE

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

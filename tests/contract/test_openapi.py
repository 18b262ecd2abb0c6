"""The site's OpenAPI document: every operation says what it takes and gives, with examples that are true to it."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from fateflow_tui.server.fate.absent import BUILT
from tests.contract.api_document import DOCUMENT, OPERATIONS

ENVELOPE = {"$ref": "#/components/schemas/Envelope"}

each_operation = pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATIONS, ids=[f"{method} {path}" for method, path, _ in OPERATIONS]
)


def _flaws(schema: Any, value: Any) -> list[str]:
    whole = {**schema, "components": DOCUMENT["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


def test_the_document_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_every_path_of_fate_that_is_built_is_in_it() -> None:
    assert {f"/v1/{path}" for path in BUILT} - DOCUMENT["paths"].keys() == set()


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for path in DOCUMENT["paths"].values() for operation in path.values()]
    assert sorted(names) == sorted(set(names))
    assert {"job_submit", "job_stop", "get_job_log", "job_log_download"} <= set(names)
    assert all(name.isidentifier() for name in names)


@each_operation
def test_an_operation_is_described(method: str, path: str, operation: dict[str, Any]) -> None:
    assert operation["tags"]
    assert operation["description"], "the route has no docstring"
    assert operation["summary"]
    assert len(operation["summary"]) <= 200


@each_operation
def test_an_operation_has_an_example_request(method: str, path: str, operation: dict[str, Any]) -> None:
    parameters = operation.get("parameters", [])
    assert [one["name"] for one in parameters if one["required"] and "example" not in one] == []
    assert [flaw for one in parameters if "example" in one for flaw in _flaws(one["schema"], one["example"])] == []
    if "requestBody" not in operation:
        assert method == "get"
        return
    examples = []
    for kind in operation["requestBody"]["content"].values():
        Draft202012Validator.check_schema(kind["schema"])
        if "example" in kind:
            examples.append(kind["example"])
            assert _flaws(kind["schema"], kind["example"]) == []
            assert kind["example"].keys() <= kind["schema"].get("properties", {}).keys()
    assert examples


@each_operation
def test_an_operation_has_documented_answers(method: str, path: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    assert answers.keys() >= {"200", "400", "401", "403", "413"}
    assert "422" not in answers
    content = answers["200"]["content"]
    json_answer = content.get("application/json")
    if json_answer is None:
        assert len(content) == 1  # a file; its failure is an envelope
        assert answers["210"]["content"]["application/json"]["schema"] == ENVELOPE
    elif "text/event-stream" not in content:
        assert _flaws(ENVELOPE, json_answer["example"]) == []
        assert json_answer["example"]["retcode"] == 0

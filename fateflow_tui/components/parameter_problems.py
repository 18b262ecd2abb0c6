"""Parameter problems of a module: pydantic's errors as paths, messages and suggestions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from fateflow_tui.core.ports import ParameterProblem

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from fateflow_tui.components.contract import Parameters

from typing import TYPE_CHECKING


def near_miss(name: str, names: Iterable[str]) -> str:
    """Return the name that was probably meant, or ""."""
    by_lower = {candidate.lower(): candidate for candidate in names}
    close = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else ""


def unknown_names(given: Mapping[str, Any], known: Iterable[str]) -> list[ParameterProblem]:
    """Check only the names, for a module without a parameter model."""
    names = sorted(known)
    return [_unknown((name,), names) for name in given if name not in names]


def problems(model: type[Parameters], parameters: Mapping[str, Any]) -> list[ParameterProblem]:
    """Return all problems of these parameters, one per path."""
    from pydantic import ValidationError

    try:
        model.model_validate(dict(parameters))
    except ValidationError as refused:
        found: dict[tuple[str, ...], ParameterProblem] = {}
        for error in refused.errors(include_url=False):
            problem = _problem(model, parameters, error)
            earlier = found.get(problem.path)
            if earlier is not None and earlier.message != problem.message:
                # Pydantic reports an error for each member of a union.
                reasons = f"{earlier.message.split(', not ')[0]}, or {problem.message}"
                problem = ParameterProblem(problem.path, reasons, problem.unknown, problem.suggestion)
            found[problem.path] = problem
        return list(found.values())
    return []


def nested_model(model: type[Parameters], path: Iterable[str]) -> type[Parameters] | None:
    """Return the nested parameter class at this path below `model`, or None."""
    from fateflow_tui.components.contract import Parameters

    for key in path:
        field = model.model_fields.get(key)
        if field is None or not (isinstance(field.annotation, type) and issubclass(field.annotation, Parameters)):
            return None
        model = field.annotation
    return model


def _problem(model: type[Parameters], parameters: Mapping[str, Any], error: ErrorDetails) -> ParameterProblem:
    path = _existing(parameters, error["loc"])
    if error["type"] == "extra_forbidden":
        owner = nested_model(model, path[:-1])
        return _unknown(path, owner.model_fields if owner else ())
    if error["type"] in ("value_error", "assertion_error"):
        return ParameterProblem(path, str(error.get("ctx", {}).get("error", error["msg"])))
    if error["type"] == "missing":
        return ParameterProblem((*path, str(error["loc"][-1])), "is missing")
    shown = repr(error["input"])
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    wanted = _KINDS.get(error["type"]) or error["msg"].replace("Input should", "should")
    message = f"{wanted}, not {shown}"
    suggestion = ""
    if error["type"] == "literal_error":
        allowed = re.findall(r"'([^']*)'", str(error.get("ctx", {}).get("expected", "")))
        suggestion = near_miss(str(error["input"]), allowed)
    return ParameterProblem(path, message, suggestion=suggestion)


def _unknown(path: tuple[str, ...], known: Iterable[str]) -> ParameterProblem:
    names = list(known)
    message = f"no such parameter; expected one of {', '.join(names)}" if names else "no such parameter"
    return ParameterProblem(path, message, unknown=True, suggestion=near_miss(path[-1], names))


def _existing(parameters: Mapping[str, Any], location: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the part of pydantic's location that exists in the document. The rest names members of unions."""
    path: list[str] = []
    value: Any = parameters
    for key in location:
        in_list = isinstance(value, list) and isinstance(key, int) and key < len(value)
        if not (in_list or (isinstance(value, Mapping) and key in value)):
            break
        value = value[key]
        path.append(str(key))
    return tuple(path)


_SHOWN = 60  # characters of an invalid value


# pydantic's type errors with JSON's type names
_KINDS = {
    "bool_type": "should be a boolean",
    "int_type": "should be an integer",
    "int_from_float": "should be an integer",
    "float_type": "should be a number",
    "string_type": "should be a string",
    "list_type": "should be a list",
    "dict_type": "should be an object",
    "model_type": "should be an object",
}

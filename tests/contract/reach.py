"""Finds the operations of the API that the SDK and the command line use, in their code."""

from __future__ import annotations

import ast
import inspect
import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import fateflow_tui.sdk.fate
from fateflow_tui.sdk import FateFlow
from fateflow_tui.sdk.operations.call import Call, Namespace, Operation, operations_of

_ROOT = Path(__file__).parents[2]
_MODEL_ID = "guest-9999#host-10000#model"
_ANY_CALL = {"request", "fetch"}
# Operations behind the client's own methods: path -> method.
BY_HAND = {
    "events": "events",
    "log/stream": "logs",
    "log/site/stream": "logs",
    "log/read": "logs",
    "job/rerun/plan": "rerun",
}


def same(path: str, offered: Mapping[str, Any]) -> str | None:
    """The path template of the API that a concrete path matches."""
    if path in offered:
        return path
    for known in offered:
        if "{" in known and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path):
            return known
    return None


def _namespaces() -> Iterator[tuple[str, type[Namespace[Any]]]]:
    yield "", FateFlow
    for name, member in inspect.getmembers(FateFlow):
        if isinstance(member, cached_property):
            kind = typing.get_type_hints(member.func)["return"]
            yield f"{name}.", typing.get_origin(kind) or kind


def _all_operations() -> dict[str, Operation[..., Any]]:
    return {
        f"{prefix}{name}": operation
        for prefix, kind in _namespaces()
        for name, operation in operations_of(kind).items()
        if name not in _ANY_CALL
    }


def sample_calls() -> dict[str, Call[Any]]:
    return {name: operation.call(**_sample_arguments(operation.make)) for name, operation in _all_operations().items()}


def sdk_paths() -> dict[str, str]:
    """The path of each operation, by its name."""
    return {name: path_of(call) for name, call in sample_calls().items()}


def path_of(call: Call[Any]) -> str:
    return call.path.partition("?")[0].removeprefix("/v1/")


def _sample_arguments(make: Any) -> dict[str, Any]:
    """A value for every required argument, and for optional model arguments."""
    hints = typing.get_type_hints(make)
    return {
        name: _sample(name, hints[name])
        for name, parameter in list(inspect.signature(make).parameters.items())[1:]
        if parameter.kind is not parameter.VAR_KEYWORD
        and (parameter.default is parameter.empty or name in ("model_id", "model_version"))
    }


def _sample(name: str, hint: Any) -> Any:
    by_name = {
        "party": "guest:9999",
        "model_id": _MODEL_ID,
        "path": Path(__file__),
        "file": Path(__file__),
        "dsl": {"components": {}},
        "train_dsl": {"components": {}},
        "conf": {"role": {}},
        "migrate_roles": {"guest": [1], "host": [2]},
        "roles": {"guest": [1]},
    }
    if name in by_name:
        return by_name[name]
    kinds = {typing.get_origin(hint) or hint, *typing.get_args(hint)} if _is_union(hint) else {hint}
    origins = {typing.get_origin(kind) or kind for kind in kinds}
    if str in origins:
        return "x"
    if origins & {int, float}:
        return 1
    return {"x": 1} if Mapping in origins else [{"x": 1}]


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def flow_client_paths() -> set[str]:
    """The paths that `FlowClient` may call."""
    return _literal_paths(sorted(Path(fateflow_tui.sdk.fate.__file__).parent.glob("*.py")))


def command_paths(offered: set[str]) -> set[str]:
    """The paths that commands name, and those behind the operations of the SDK that they use."""
    files = sorted((_ROOT / "commands").rglob("*.py"))
    operations, attributes = sdk_paths(), _attributes(files)
    found = _literal_paths(files) & offered
    for name, path in operations.items():
        words = name.split(".")
        if tuple(words[-2:]) in attributes or (len(words) == 1 and ("flow", words[0]) in attributes):
            found.add(path)
    by_hand = {path for path, method in BY_HAND.items() if any(last == method for _, last in attributes)}
    return found | by_hand


def _literal_paths(files: Sequence[Path]) -> set[str]:
    """String constants that may be paths. A formatted piece may be any string of the same file."""
    found: set[str] = set()
    for file in files:
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        found |= {text.removeprefix("/v1/") for text in texts}
        for node in nodes:
            if isinstance(node, ast.JoinedStr) and len(node.values) == 2 and isinstance(node.values[0], ast.Constant):
                start = str(node.values[0].value)
                found |= {f"{start}{text}" for text in texts} if start.endswith("/") else set()
    return found


def _attributes(files: Sequence[Path]) -> set[tuple[str, str]]:
    """`a.b` anywhere in the code, as its last two words; calls of `x.a()` count as (a, __call__)."""
    found: set[tuple[str, str]] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                base = node.value
                word = base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""
                found.add((word, node.attr))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                found.add((node.func.attr, "__call__"))
    return found

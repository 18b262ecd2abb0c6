"""`fateflow schema`: the JSON Schema of what commands print with `--json`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from inspect import unwrap
from typing import Annotated, Any, Final

import msgspec
import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.errors import ErrorRecord
from fateflow_tui.commands.groups import Command, prints
from fateflow_tui.core.errors import BadRequest

app = typer.Typer(add_completion=False)

VERSION: Final = 1
"""Rises when a member of a schema is removed or changes its type."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class CommandSchema(msgspec.Struct, frozen=True, rename={"json_schema": "schema"}):
    """What a command prints with `--json`. prints: in the notation of Python's types."""

    command: str
    prints: str
    json_schema: dict[str, Any]


@app.command(cls=Command)
@prints("list[CommandSchema] | dict[str, Any]")
def schema(
    ctx: typer.Context,
    command: Annotated[
        list[str] | None, typer.Argument(metavar="COMMAND", help="A command, such as `job list`; or `error`.")
    ] = None,
) -> None:
    """Print the JSON Schema of what a command prints with --json.

    Without a command, list all commands. `error` is what every command prints on stderr when it fails. Members can be
    added at any time; the version rises when one is removed or changes its type.

    Examples:
    fateflow schema
    fateflow schema job list
    fateflow schema error
    """
    output, words = context.of(ctx).output, " ".join(command or [])
    found = [one for one in schemas(ctx.find_root().command) if f"{one.command} ".startswith(f"{words} ".lstrip())]
    if not found:
        raise BadRequest(f"no command {words!r} has --json", hint="`fateflow schema` lists the commands that have")
    if [one.command for one in found] == [words]:
        document = found[0].json_schema
        output.record(document, lambda one: [json.dumps(one, indent=2)], lambda _: words)
        return
    output.listing(found, ("COMMAND", "PRINTS"), lambda one: [one.command, one.prints], lambda one: one.command)


def commands_of(root: Any) -> Iterator[tuple[str, Command]]:
    """Yield all commands that have --json, with their words."""
    for name in root.entries:
        yield from _below(name, root.load(name))


def schema_of(words: str, prints: str, names: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a type. names: what its notation refers to."""
    from fateflow_tui.sdk import types

    kind = eval(prints, {"Any": Any, **vars(types), **names})  # noqa: S307 (written by `prints`)
    return {
        "$schema": _DIALECT,
        "$id": f"urn:fateflow:{VERSION}:{words.replace(' ', ':')}",
        "title": f"fateflow {words} --json",
        "version": VERSION,
        **msgspec.json.schema(kind),
    }


def schemas(root: Any) -> Iterator[CommandSchema]:
    """Yield the schemas of all commands, and that of errors."""
    for words, command in commands_of(root):
        function: Any = unwrap(command.callback)  # type: ignore[arg-type]
        yield CommandSchema(words, command.prints, schema_of(words, command.prints, function.__globals__))
    yield CommandSchema("error", "ErrorRecord", schema_of("error", "ErrorRecord", {"ErrorRecord": ErrorRecord}))


def _below(words: str, command: Any) -> Iterator[tuple[str, Command]]:
    if isinstance(command, Command):
        if command.prints and not command.hidden:
            yield words, command
        return
    for name, one in command.commands.items():
        yield from _below(f"{words} {name}", one)

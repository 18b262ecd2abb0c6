"""The options that every level of a command line takes, and how their values reach the session."""

from __future__ import annotations

import copy
from typing import Annotated, Any, Final

import typer

_PANEL: Final = "Global options"


def _global_options(
    home: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Home of the site ($FATEFLOW_HOME).", rich_help_panel=_PANEL),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Address of a running scheduler ($FATEFLOW_URL).", rich_help_panel=_PANEL),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FORMAT", help="table, json, jsonl, yaml or name.", rich_help_panel=_PANEL
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as -o json.", rich_help_panel=_PANEL)] = False,
    no_start: Annotated[
        bool, typer.Option("--no-start", help="Do not start a scheduler on demand.", rich_help_panel=_PANEL)
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No talk on stderr.", rich_help_panel=_PANEL)] = False,
) -> None:
    """The options that every level takes; only their declarations are used."""


def _declared() -> list[Any]:
    app = typer.Typer(add_completion=False)
    app.command()(_global_options)
    return [param for param in typer.main.get_command(app).params if param.name != "help"]


_GLOBALS: Final = _declared()
_NAMES: Final = frozenset(param.name for param in _GLOBALS)


def beside(own: list[Any]) -> list[Any]:
    """The global options for a verb, without those letters that the verb uses itself (`-o` is a path for some)."""
    taken = {letters for param in own for letters in param.opts}
    free: list[Any] = []
    for param in _GLOBALS:
        left = [letters for letters in param.opts if letters not in taken]
        if left:
            mine = copy.copy(param)
            mine.opts = left
            free.append(mine)
    return free


def keep(context: Any, own: frozenset[str]) -> None:
    """Moves the global options of one level to the session (`context.obj`); the level nearest to the verb counts."""
    for name in _NAMES - own:
        value = context.params.pop(name, None)
        if value:
            context.obj.options[name] = value


def light(param: Any) -> Any:
    """The same parameter, whose texts and defaults Typer takes as they are. It would check each of them by pydantic,
    whose import takes longer than most commands do. Helps do not name the types of flags and words.
    """
    if "process_value" in vars(param):  # is light already
        return param
    if param.type_descriptor.annotation in (bool, str, list[str]) and not (param.metavar and param.opts[0][0] == "-"):
        param.display_type_rich = lambda ctx: None
    thorough = param.process_value
    several = param.multiple or param.nargs == -1

    def process(context: Any, value: Any) -> Any:
        plain = () if value is None and several else value
        kinds = {type(one) for one in (plain if several else [plain])} - {type(None)}
        annotation = param.type_descriptor.annotation
        wanted = {str} if annotation in (str, list[str]) else {annotation}
        if not kinds <= wanted or (param.required and param.value_is_missing(plain)):
            return thorough(context, value)
        return plain if param.callback is None else param.callback(context, param, plain)

    param.process_value = process
    return param

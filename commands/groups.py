"""Typer's classes as this command line needs them: groups loaded on demand, global options at every level."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Annotated, Any, ClassVar, Final, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from fateflow_tui.commands.options import spread

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


Function = TypeVar("Function", bound=Callable[..., Any])

ORIGINAL: Final = "As FATE's client has it"
_EXAMPLES: Final = "Examples:"


def split_examples(text: str | None) -> tuple[str, list[str]]:
    """A docstring without its examples, and the examples, one command line each."""
    head, found, tail = (text or "").partition(_EXAMPLES)
    whole = re.sub(r"\\\n\s*", "", tail)  # a line that goes on below
    lines = [line.strip() for line in whole.splitlines() if line.strip()] if found else []
    return head.strip(), lines


class Verb(TyperCommand):
    """A command with global options and examples: the lines that follow `Examples:` in its docstring."""

    def __init__(self, name: str | None, *, help: str | None = None, params: Any = None, **settings: Any) -> None:
        own = list(params or [])
        self._own = frozenset(param.name for param in own)
        text, self.examples = split_examples(help)
        super().__init__(name, help=text, params=[*own, *beside(own)], **settings)

    def get_params(self, ctx: Any) -> list[Any]:
        return [light(param) for param in super().get_params(ctx)]

    def invoke(self, ctx: Any) -> Any:
        keep(ctx, self._own)
        return super().invoke(ctx)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        super().format_help(ctx, formatter)
        if self.examples:
            formatter.write("Examples:\n" + "".join(f"  {line}\n" for line in self.examples))


class NounGroup(TyperGroup):
    """A noun: verbs below it, global options beside it."""

    def __init__(self, *, params: Any = None, **settings: Any) -> None:
        own = list(params or [])
        self._own = frozenset(param.name for param in own)
        super().__init__(params=[*own, *beside(own)], **settings)

    def get_params(self, ctx: Any) -> list[Any]:
        return [light(param) for param in super().get_params(ctx)]

    def invoke(self, ctx: Any) -> Any:
        keep(ctx, self._own)
        return super().invoke(ctx)


class Noun(typer.Typer):
    """What a noun module exports as `app`. panel: the heading below which a help lists its verbs."""

    def __init__(self, help: str, panel: str | None = None) -> None:
        super().__init__(cls=NounGroup, help=help, no_args_is_help=True, add_completion=False)
        self._panel = panel

    def verb(self, name: str | None = None, *, help: str | None = None) -> Callable[[Function], Function]:
        """Makes a function a verb. help: in place of its docstring."""
        declare = self.command(name, cls=Verb, help=help, rich_help_panel=self._panel)

        def made(function: Function) -> Function:
            declare(spread(function))
            return function

        return made

    def takes(self, other: Noun, name: str | None = None) -> None:
        """Takes in the verbs of another noun, as they are or below a word of their own."""
        self.add_typer(other, name=name)


class LazyGroup(NounGroup):
    """The root. `modules`: noun or lone verb -> module with an `app`, imported when it is needed. `originals`: those
    that are there for users of FATE's client, under a heading of their own.
    """

    modules: ClassVar[Mapping[str, str]] = {}
    originals: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = dict.fromkeys(self.modules, TyperCommand(None))

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.modules)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.modules:
            return None
        app = import_module(self.modules[cmd_name]).app
        command: Any = typer.main.get_group(app) if isinstance(app, Noun) else typer.main.get_command(app)
        command.name = cmd_name
        if cmd_name in self.originals:
            command.rich_help_panel = ORIGINAL
        return command

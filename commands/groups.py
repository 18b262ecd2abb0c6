"""Typer classes for this command line: lazily loaded groups, global options at every level."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Annotated, Any, ClassVar, Final, NamedTuple, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from fateflow_tui.commands.options import expand_option_groups

_PANEL: Final = "Global options"


def _global_options(
    home: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Home directory of the site ($FATEFLOW_HOME).", rich_help_panel=_PANEL),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Address of a running scheduler ($FATEFLOW_URL).", rich_help_panel=_PANEL),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FORMAT",
            help="table, json, jsonl, yaml, csv, name or fate.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Same as -o json.", rich_help_panel=_PANEL)] = False,
    no_start: Annotated[
        bool, typer.Option("--no-start", help="Do not start a scheduler on demand.", rich_help_panel=_PANEL)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Silence messages on stderr.", rich_help_panel=_PANEL)
    ] = False,
) -> None:
    """Declare the options that every level accepts."""


def _declared_parameters() -> list[Any]:
    app = typer.Typer(add_completion=False)
    app.command()(_global_options)
    return [param for param in typer.main.get_command(app).params if param.name != "help"]


_GLOBALS: Final = _declared_parameters()
_NAMES: Final = frozenset(param.name for param in _GLOBALS)


def global_parameters(own: list[Any]) -> list[Any]:
    """Return the global options for a command, without the letters it uses itself (`-o` is a path for some)."""
    taken = {letters for param in own for letters in param.opts}
    free: list[Any] = []
    for param in _GLOBALS:
        left = [letters for letters in param.opts if letters not in taken]
        if left:
            mine = copy.copy(param)
            mine.opts = left
            free.append(mine)
    return free


def store_global_options(context: Any, own: frozenset[str]) -> None:
    """Move the global options of one level to the session (`context.obj`); the innermost level wins."""
    for name in _NAMES - own:
        value = context.params.pop(name, None)
        if value:
            context.obj.options[name] = value


def without_pydantic(param: Any) -> Any:
    """Return the parameter with plain texts and defaults accepted as they are.

    Typer validates each of them with pydantic, whose import takes longer than most commands. Helps do not show the
    types of flags and words.
    """
    if "process_value" in vars(param):  # already patched
        return param
    if param.type_descriptor.annotation in (bool, str, list[str]) and not (param.metavar and param.opts[0][0] == "-"):
        param.display_type_rich = lambda ctx: None
    validate = param.process_value
    several = param.multiple or param.nargs == -1

    def process(context: Any, value: Any) -> Any:
        plain = () if value is None and several else value
        kinds = {type(one) for one in (plain if several else [plain])} - {type(None)}
        annotation = param.type_descriptor.annotation
        expected = {str} if annotation in (str, list[str]) else {annotation}
        if not kinds <= expected or (param.required and param.value_is_missing(plain)):
            return validate(context, value)
        return plain if param.callback is None else param.callback(context, param, plain)

    param.process_value = process
    return param


Function = TypeVar("Function", bound=Callable[..., Any])

FATE_PANEL: Final = "FATE-Flow's commands"
_EXAMPLES: Final = "Examples:"
_DEMO_FILES: Final = "fateflow demo --files demo"


def split_examples(text: str | None) -> tuple[str, list[str]]:
    """Split a docstring into its text and its examples, one command line each."""
    head, found, tail = (text or "").partition(_EXAMPLES)
    joined = re.sub(r"\\\n\s*", "", tail)  # a backslash continues a line
    lines = [line.strip() for line in joined.splitlines() if line.strip()] if found else []
    return head.strip(), lines


def summary(text: str) -> str:
    """Return the first paragraph of a help text on one line, as lists of commands show it."""
    return " ".join(text.partition("\n\n")[0].split())


def prints(kind: str) -> Callable[[Function], Function]:
    """Declare what a command prints with `--json`, as a type; `dict[str, Any]` unless declared, "" for nothing.

    kind: text, so that types need no import before `fateflow schema` asks. It can name what `fateflow_tui.sdk.types`
    and the module of the command have.
    """

    def declare(function: Function) -> Function:
        vars(function)["prints"] = kind
        return function

    return declare


def older_letters(**letters: str) -> Callable[[Function], Function]:
    """Declare letters that options have had; they go on working, but are in no help. letters: by parameter."""

    def declare(function: Function) -> Function:
        vars(function)["older_letters"] = letters
        return function

    return declare


class Command(TyperCommand):
    """A command with global options and examples: the lines after `Examples:` in its docstring."""

    def __init__(self, name: str | None, *, help: str | None = None, params: Any = None, **settings: Any) -> None:
        own = list(params or [])
        self._own = frozenset(param.name for param in own)
        text, self.examples = split_examples(help)
        super().__init__(name, help=text, params=[*own, *global_parameters(own)], **settings)

    @property
    def prints(self) -> str:
        """The type of what it prints with `--json`."""
        return str(getattr(self.callback, "prints", "dict[str, Any]"))

    def get_params(self, ctx: Any) -> list[Any]:
        return [without_pydantic(param) for param in super().get_params(ctx)]

    def make_parser(self, ctx: Any) -> Any:
        parser = super().make_parser(ctx)
        older = getattr(self.callback, "older_letters", {})
        for param in self.params:
            if param.name in older:
                hidden = copy.copy(param)
                hidden.opts = [older[param.name]]
                hidden.add_to_parser(parser, ctx)
        return parser

    def invoke(self, ctx: Any) -> Any:
        store_global_options(ctx, self._own)
        return super().invoke(ctx)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        super().format_help(ctx, formatter)
        if self.examples:
            formatter.write("Examples:\n" + "".join(f"  {line}\n" for line in self.examples))
            if any(" demo/" in line for line in self.examples):
                formatter.write(f"Fetch the files below demo/ with: {_DEMO_FILES}\n")


class Group(TyperGroup):
    """A group of commands that accepts the global options."""

    def __init__(self, *, params: Any = None, **settings: Any) -> None:
        own = list(params or [])
        self._own = frozenset(param.name for param in own)
        super().__init__(params=[*own, *global_parameters(own)], **settings)

    def get_params(self, ctx: Any) -> list[Any]:
        return [without_pydantic(param) for param in super().get_params(ctx)]

    def invoke(self, ctx: Any) -> Any:
        store_global_options(ctx, self._own)
        return super().invoke(ctx)


class CommandGroup(typer.Typer):
    """What the module of a command group exports as `app`. panel: the heading that lists its commands in a help."""

    def __init__(self, help: str, panel: str | None = None) -> None:
        super().__init__(cls=Group, help=help, no_args_is_help=True, add_completion=False)
        self._panel = panel

    def command(  # type: ignore[override]
        self, name: str | None = None, *, help: str | None = None, hidden: bool = False
    ) -> Callable[[Function], Function]:
        """Register a function as a command; its option groups become options. help: replaces its docstring."""
        declare = super().command(name, cls=Command, help=help, hidden=hidden, rich_help_panel=self._panel)

        def register(function: Function) -> Function:
            declare(expand_option_groups(function))
            return function

        return register

    def add(self, other: CommandGroup, name: str | None = None) -> None:
        """Include the commands of another group, directly or under a name of their own."""
        self.add_typer(other, name=name)


class Entry(NamedTuple):
    """A command or group of the root, loaded when it is used. help: its summary. attribute: its name in the module."""

    module: str
    help: str
    panel: str | None = None
    attribute: str = "app"


class LazyGroup(Group):
    """The root group: lists summaries, and imports the module of a command when that command is used."""

    entries: ClassVar[Mapping[str, Entry]] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {
            name: TyperCommand(name, help=entry.help, rich_help_panel=entry.panel)
            for name, entry in self.entries.items()
        }

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and self.load(args[0]), rest

    def load(self, name: str) -> Any:
        """Import a command or a group. Raises KeyError."""
        entry = self.entries[name]
        app = getattr(import_module(entry.module), entry.attribute)
        command: Any = typer.main.get_group(app) if isinstance(app, CommandGroup) else typer.main.get_command(app)
        command.name = name
        return command

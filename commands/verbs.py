"""Typer's classes as this command line needs them: nouns loaded on demand, global options accepted at every place,
examples in every help.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, ClassVar, Final, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from commands.global_options import beside, keep, light
from commands.option_groups import spread

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

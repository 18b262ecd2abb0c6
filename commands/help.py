"""`fateflow help`: pages about fateflow, and the helps of its commands."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.groups import Command, Group, prints
from fateflow_tui.commands.output import Output
from fateflow_tui.core.errors import NotFound

app = typer.Typer(add_completion=False)

_PAGES: Final = Path(__file__).parent / "help_pages"
TOPICS: Final = (
    "quickstart",
    "concepts",
    "components",
    "parties",
    "scripts",
    "exit-codes",
    "files",
    "fate",
    "troubleshooting",
)


class HelpPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page, or the help of a command. text: Markdown; left out in lists."""

    topic: str
    summary: str
    text: str = ""


@app.command(cls=Command)
@prints("list[HelpPage] | HelpPage")
def help(
    ctx: typer.Context,
    topic: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TOPIC",
            help="A topic, or a command such as `job submit`.",
            autocompletion=lambda incomplete: [one for one in TOPICS if one.startswith(incomplete)],
        ),
    ] = None,
) -> None:
    """Show a page about a topic, or the help of a command; without a topic, list the topics.

    Pages longer than the terminal open in $PAGER. Piped, they are Markdown.

    Examples:
    fateflow help
    fateflow help quickstart
    fateflow help job submit
    """
    output, words = context.of(ctx).output, topic or []
    if not words:
        pages = [msgspec.structs.replace(page(name), text="") for name in TOPICS]
        output.listing(pages, ("TOPIC", "ABOUT"), lambda one: [one.topic, one.summary], lambda one: one.topic)
        return
    if len(words) == 1 and words[0] in TOPICS:
        found = page(words[0])
        if output.is_table:
            _show(output, found.text)
            return
    else:
        root = ctx.find_root()
        command = _command(root.command, words)
        if output.is_table:
            root.command.main([*words, "--help"], prog_name=root.info_name, standalone_mode=False, obj=ctx.obj)
            return
        text = command.help or ""
        examples = "".join(f"\n    {one}" for one in getattr(command, "examples", ()))
        shown = f"{text}\n\nExamples:\n{examples}" if examples else text
        found = HelpPage(" ".join(words), text.partition("\n")[0], shown)
    output.record(found, lambda one: [one.text], lambda one: one.topic)


def page(topic: str) -> HelpPage:
    """Read the page of a topic. Its first line is `# SUMMARY`."""
    text = (_PAGES / f"{topic}.md").read_text(encoding="utf-8")
    return HelpPage(topic, text.partition("\n")[0].removeprefix("# "), text)


def _command(root: Any, words: list[str]) -> Any:
    """Return a command or group by its words. Raises NotFound."""
    found = root
    for position, word in enumerate(words):
        known = found.commands if isinstance(found, Group) else {}
        if word not in known:
            name = " ".join(words)
            raise NotFound(f"no topic or command {name!r}", hint="`fateflow help` lists the topics")
        found = root.load(word) if position == 0 else known[word]
    return found


def _show(output: Output, text: str) -> None:
    """Print Markdown: rendered on a terminal, in a pager if it is longer than the terminal; else as it is."""
    if not sys.stdout.isatty():
        output.write(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(width=min(output.width, 100))
    with console.capture() as capture:
        console.print(Markdown(text))
    rendered = capture.get()
    if rendered.count("\n") >= console.height and sys.stdin.isatty():
        import pydoc

        os.environ.setdefault("LESS", "-R")  # lets colors through
        pydoc.pager(rendered)
    else:
        output.write(rendered)

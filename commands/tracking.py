"""`fateflow tracking`: what components left: metrics, parameters, tables, summaries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.groups import CommandGroup
from fateflow_tui.commands.options import FolderOption, TaskOptions, required

app = CommandGroup("Inspect the outputs of components; the same commands as `component`.")

_QUESTIONS: Final = (
    ("metrics", "tracking/component/metrics", "Shows the names of a component's metrics."),
    ("metric-all", "tracking/component/metric/all", "Shows all metrics of a component with their points."),
    ("parameters", "tracking/component/parameters", "Shows the parameters that a component ran with."),
    ("output-model", "tracking/component/output/model", "Shows the model that a component has trained."),
    ("output-data-table", "tracking/component/output/data/table", "Names the output tables of a component."),
)


def add_verbs(group: CommandGroup, word: str) -> None:
    """The verbs of a task's results, for `tracking` and `component` alike. word: the noun, for the examples."""
    for name, path, sentence in _QUESTIONS:
        group.command(name, help=_help(sentence, word, name))(_question(path))
    for name, verb, more in (("output-data", output_data, " -o ."), ("get-summary", get_summary, "")):
        group.command(name, help=_help(verb.__doc__ or "", word, name, more))(verb)


def output_data(
    ctx: typer.Context,
    which: TaskOptions,
    output_path: FolderOption = None,
    limit: Annotated[int, typer.Option("--limit", "-l", metavar="N", help="Rows of each table; -1 for all.")] = -1,
) -> None:
    """Fetches the output tables of a component as CSV files into a folder."""
    from fateflow_tui.commands.files import fetch_archive

    session = context.of(ctx)
    folder = Path(required(output_path, "-o"))
    body = which.body(session)
    name = f"job_{body['job_id']}_{body['component_name']}_{body['role']}_{body['party_id']}_output_data"
    path = "tracking/component/output/data/download"
    fetch_archive(session, path, {**body, "limit": limit}, folder.absolute() / name)


def get_summary(
    ctx: typer.Context,
    which: TaskOptions,
    output_path: FolderOption = None,
) -> None:
    """Shows what a component says of its result; with -o as a file in that folder."""
    from fateflow_tui.commands.files import answer_document

    session = context.of(ctx)
    path, body = "tracking/component/summary/download", which.body(session)
    if output_path is None:
        fate.forward(session, path, body)
    else:
        answer_document(session, path, body, output_path, f"summary_{body['component_name']}")


def _question(path: str) -> Callable[..., None]:
    """A verb that asks one thing about one task."""

    def verb(ctx: typer.Context, which: TaskOptions) -> None:
        session = context.of(ctx)
        fate.forward(session, path, which.body(session))

    return verb


def _help(sentence: str, word: str, verb: str, more: str = "") -> str:
    example = f"fateflow {word} {verb} -j @last -r guest -p 9999 -cpn hetero_lr_0{more}"
    return f"{sentence}\n\nExamples:\n{example}"


add_verbs(app, "tracking")

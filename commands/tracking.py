"""`fateflow tracking`: what components left: metrics, parameters, tables, summaries."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from commands import classic, context
from commands.options import ComponentOption, FolderOption, JobOption, PartyIdOption, RoleOption, required
from commands.verbs import Noun

app = Noun("Look at what components left; the same verbs as `component`.")

_QUESTIONS: Final = (
    ("metrics", "tracking/component/metrics", "Shows the names of a component's metrics."),
    ("metric-all", "tracking/component/metric/all", "Shows all metrics of a component with their points."),
    ("parameters", "tracking/component/parameters", "Shows the parameters that a component ran with."),
    ("output-data-table", "tracking/component/output/data/table", "Names the output tables of a component."),
)


def add_verbs(noun: Noun, word: str) -> None:
    """The verbs of a task's results, for `tracking` and `component` alike. word: the noun, for the examples."""
    for name, path, sentence in _QUESTIONS:
        noun.verb(name, help=_help(sentence, word, name))(_question(path))
    for name, verb, more in (("output-data", output_data, " -o ."), ("get-summary", get_summary, "")):
        noun.verb(name, help=_help(verb.__doc__ or "", word, name, more))(verb)


def output_data(
    ctx: typer.Context,
    job_id: JobOption = None,
    role: RoleOption = None,
    party_id: PartyIdOption = None,
    component_name: ComponentOption = None,
    output_path: FolderOption = None,
    limit: Annotated[int, typer.Option("--limit", "-l", metavar="N", help="Rows of each table; -1 for all.")] = -1,
) -> None:
    """Fetches the output tables of a component as CSV files into a folder."""
    from commands.files import fetch_archive

    session = context.of(ctx)
    folder = Path(required(output_path, "-o"))
    body = _task(session, job_id, role, party_id, component_name)
    name = f"job_{body['job_id']}_{component_name}_{body['role']}_{body['party_id']}_output_data"
    path = "tracking/component/output/data/download"
    fetch_archive(session, path, {**body, "limit": limit}, folder.absolute() / name)


def get_summary(
    ctx: typer.Context,
    job_id: JobOption = None,
    role: RoleOption = None,
    party_id: PartyIdOption = None,
    component_name: ComponentOption = None,
    output_path: FolderOption = None,
) -> None:
    """Shows what a component says of its result; with -o as a file in that folder."""
    from commands.files import write_documents

    session = context.of(ctx)
    envelope = classic.ask(
        session, "tracking/component/summary/download", _task(session, job_id, role, party_id, component_name)
    )
    if envelope["retcode"] == 0 and output_path is not None:
        name = f"summary_{component_name}_{time.strftime('%Y%m%d%H%M%S')}"
        write_documents(output_path, {name: envelope.pop("data")})
        path = output_path.absolute() / f"{name}.json"
        envelope |= {"directory": str(output_path.absolute()), "retmsg": f"summary is in {path}"}
        classic.show(session, envelope, lambda _: session.output.lines([str(path)]))
        return
    classic.show(session, envelope, classic.facts(session))


def _question(path: str) -> Callable[..., None]:
    """A verb that asks one thing about one task."""

    def verb(
        ctx: typer.Context,
        job_id: JobOption = None,
        role: RoleOption = None,
        party_id: PartyIdOption = None,
        component_name: ComponentOption = None,
    ) -> None:
        session = context.of(ctx)
        body = _task(session, job_id, role, party_id, component_name)
        classic.show(session, classic.ask(session, path, body), classic.facts(session))

    return verb


def _task(
    session: context.Session, job_id: str | None, role: str | None, party_id: str | None, component_name: str | None
) -> dict[str, Any]:
    return {
        "job_id": session.known_id(required(job_id, "-j")),
        "role": required(role, "-r"),
        "party_id": required(party_id, "-p"),
        "component_name": required(component_name, "-cpn"),
    }


def _help(sentence: str, word: str, verb: str, more: str = "") -> str:
    example = f"fateflow {word} {verb} -j @last -r guest -p 9999 -cpn hetero_lr_0{more}"
    return f"{sentence}\n\nExamples:\n{example}"


add_verbs(app, "tracking")

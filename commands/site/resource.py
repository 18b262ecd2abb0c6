"""`fateflow resource`: what this site can compute with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.groups import CommandGroup
from fateflow_tui.commands.options import JobOption, required
from fateflow_tui.commands.output import columns

app = CommandGroup("Show the cores and memory of the site.")


@app.command()
def show(ctx: typer.Context) -> None:
    """Shows what the engine has, what is taken, and by which jobs.

    Examples:
    fateflow resource show
    """
    session = context.of(ctx)
    found = session.flow.resources()
    session.output.record(found, _lines, lambda one: str(one.get("engine", "")))


@app.command()
def query(ctx: typer.Context) -> None:
    """Shows cores and memory as FATE-Flow's client does since 1.7.

    Examples:
    fateflow resource query
    """
    fate.forward(context.of(ctx), "resource/query", {})


@app.command("return")
def give_back(ctx: typer.Context, job_id: JobOption = None) -> None:
    """Gives back what a job that has ended still holds.

    Examples:
    fateflow resource return -j @last
    """
    session = context.of(ctx)
    body = {"job_id": session.known_id(required(job_id, "-j"))}
    text = f"job {body['job_id']} holds nothing any more"
    fate.forward(session, "resource/return", body, lambda _: session.output.info(text))


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"engine {found.get('engine', '')}"
    counted = found["capacity"]["memory"] > 0
    rows = [["", "CORES", "MEMORY"], *([name, *_amount(found[name], counted)] for name in ("capacity", "used"))]
    yield from ("  ".join(row).rstrip() for row in columns(rows))
    holders = [
        [one["job_id"], f"{one['party']['role']}:{one['party']['party_id']}", *_amount(one["held"], counted)]
        for one in found["holders"]
    ]
    if holders:
        yield ""
        yield from ("  ".join(row).rstrip() for row in columns([["HELD BY", "PARTY", "CORES", "MEMORY"], *holders]))


def _amount(resources: dict[str, int], counted: bool) -> list[str]:
    return [str(resources["cores"]), f"{resources['memory']} MiB" if counted else "not counted"]

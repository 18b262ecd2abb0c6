"""`fateflow resource`: the cores and memory of the site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.fate import FateCommand, add_rows
from fateflow_tui.commands.groups import CommandGroup
from fateflow_tui.commands.options import JobOption
from fateflow_tui.commands.output import columns

app = CommandGroup("Show the cores and memory of the site.")


@app.command()
def show(ctx: typer.Context) -> None:
    """Show the capacity of the engine, what is in use, and by which jobs.

    Examples:
    fateflow resource show
    """
    session = context.of(ctx)
    found = session.flow.resources()
    session.output.record(found, _lines, lambda one: str(one.get("engine", "")))


add_rows(
    app,
    "resource",
    [
        FateCommand("query", "resource/query", "Show cores and memory as in FATE-Flow 1.7 and later."),
        FateCommand(
            "return",
            "resource/return",
            "Release the resources that an ended job still holds.",
            ("-j @last",),
            {"job_id": JobOption},
            show=lambda session, _: session.output.info("released the job's resources"),
        ),
    ],
)


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

"""`fateflow template`: example documents of the scheduler."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.groups import CommandGroup
from fateflow_tui.commands.options import FolderOption, required

app = CommandGroup("Download example documents.")


@app.command()
def download(
    ctx: typer.Context,
    output_path: FolderOption = None,
    min_data: Annotated[int | None, typer.Option("--min-data", metavar="N", help="1: with small data only.")] = None,
) -> None:
    """Fetches example job documents and data into a folder.

    Examples:
    fateflow template download -o examples
    """
    from fateflow_tui.commands.files import fetch_archive

    folder = Path(required(output_path, "-o")).absolute()
    body = {} if min_data is None else {"min_data": min_data}
    fetch_archive(context.of(ctx), "template/download", body, folder, "POST")

"""`fateflow dsl`: job documents before they are submitted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from commands import context
from commands.documents import placed, read_text, shown
from commands.exits import OK, USAGE
from commands.verbs import Noun

app = Noun("Check job documents.")

_CONF_OF_A_LONE_DSL = {"dsl_version": 2}


@app.verb()
def lint(
    ctx: typer.Context,
    dsl_path: Annotated[Path, typer.Argument(metavar="DSL", help="The DSL.")],
    conf_path: Annotated[Path | None, typer.Argument(metavar="CONF", help="The runtime conf.")] = None,
) -> int:
    """Shows all problems of job documents, warnings too; exit code 2 when there are errors.

    Examples:
    fateflow dsl lint demo/hetero_lr_dsl.json demo/hetero_lr_conf.json
    fateflow dsl lint demo/hetero_lr_dsl.json
    """
    session = context.of(ctx)
    output = session.output
    sources = {"dsl": (dsl_path, read_text(dsl_path))}
    if conf_path is not None:
        sources["conf"] = (conf_path, read_text(conf_path))
    envelope = session.flow.request(
        "dsl/lint",
        {
            "job_dsl": sources["dsl"][1],
            "job_runtime_conf": sources["conf"][1] if conf_path else _CONF_OF_A_LONE_DSL,
        },
    )
    problems = [placed(one, sources) for one in envelope.data if one["document"] in sources]
    if output.is_table:
        output.lines(line for problem in problems for line in shown(problem, sys.stdout))
        if not problems:
            output.talk("no problems")
    else:
        output.listing(problems, (), lambda one: (), lambda one: str(one["code"]))
    return USAGE if any(one["severity"] == "error" for one in problems) else OK

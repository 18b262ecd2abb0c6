"""`fateflow dsl`: job documents before they are submitted."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from commands import context
from commands.documents import placed, read_conf, read_text, shown
from commands.exits import OK, USAGE
from commands.graph_text import Details, show, written
from commands.option_groups import DrawingOptions
from commands.verbs import Noun
from fateflow_tui.core.errors import BadRequest

app = Noun("Check and draw job documents.")

_CONF_OF_A_LONE_DSL = {"dsl_version": 2}
_DslOption = Annotated[Path | None, typer.Option("--dsl-path", "-d", metavar="FILE", help="The same as DSL.")]


@app.verb()
def lint(
    ctx: typer.Context,
    dsl: Annotated[Path | None, typer.Argument(metavar="DSL", help="The DSL.")] = None,
    conf: Annotated[Path | None, typer.Argument(metavar="CONF", help="The runtime conf.")] = None,
    dsl_option: _DslOption = None,
    conf_option: Annotated[
        Path | None, typer.Option("--conf-path", "-c", metavar="FILE", help="The same as CONF.")
    ] = None,
) -> int:
    """Shows all problems of job documents, warnings too; exit code 2 when there are errors.

    Examples:
    fateflow dsl lint demo/hetero_lr_dsl.json demo/hetero_lr_conf.json
    fateflow dsl lint -d demo/hetero_lr_dsl.json -c demo/hetero_lr_conf.json
    fateflow dsl lint demo/hetero_lr_dsl.json
    """
    session = context.of(ctx)
    dsl_path, conf_path = _one(dsl, dsl_option, "DSL"), conf_option or conf
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


@app.verb()
def explain(
    ctx: typer.Context,
    options: DrawingOptions,
    dsl: Annotated[Path | None, typer.Argument(metavar="DSL", help="The DSL, version 1 or 2.")] = None,
    dsl_option: _DslOption = None,
) -> None:
    """Draws what a DSL says: its components with their modules, and what they take besides the data of those above.

    Examples:
    fateflow dsl explain demo/hetero_lr_dsl.json
    fateflow dsl explain demo/hetero_lr_dsl.json --boxes
    fateflow dsl explain demo/hetero_lr_dsl.json --format dot
    """
    from fateflow_tui.graph import dag_of_dsl, json_text

    session = context.of(ctx)
    dsl_path = _one(dsl, dsl_option, "DSL")
    document = read_conf(dsl_path)
    dag = dag_of_dsl(document)
    output = session.output
    if not dag.names:
        raise BadRequest(f"{dsl_path} has no components", hint='a DSL is {"components": {NAME: {"module": ...}}}')
    if options.format:
        output.write(written(dag, options.format))
    elif output.is_table:
        components = document["components"]
        rows = {name: [_module(components[name]), _inputs(components[name])] for name in dag.names}
        show(session, dag, Details(rows, {}), options)
    else:
        output.record(json.loads(json_text(dag)), lambda _: (), lambda _: "\n".join(dag.names))


def _one(argument: Path | None, option: Path | None, name: str) -> Path:
    """A document that was named by its place or by its option. Raises BadRequest for both and for none."""
    found = argument or option
    if found is None or (argument and option):
        raise BadRequest(f"name {'one' if found else 'a'} {name}", hint="by its place, or with -d as for job submit")
    return found


def _module(component: Any) -> str:
    return str(component.get("module", "?")) if isinstance(component, dict) else "?"


def _inputs(component: Any) -> str:
    """`validate_data scale_1.data, model binning_0.model`: all inputs but the usual `data` and `train_data`."""
    inputs = component.get("input") if isinstance(component, dict) else None
    if not isinstance(inputs, dict):
        return ""
    data = inputs.get("data")
    taken = {
        **(data if isinstance(data, dict) else {}),
        **{key: value for key, value in inputs.items() if key != "data"},
    }
    said = []
    for kind, references in taken.items():
        names = [references] if isinstance(references, str) else references or []
        if kind not in ("data", "train_data") and isinstance(names, list):
            said.append(f"{kind} {' '.join(map(str, names))}")
    return ", ".join(said)

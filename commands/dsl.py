"""`fateflow dsl`: check and draw job documents before they are submitted."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.context import Session
from fateflow_tui.commands.documents import placed, read_conf, read_text, shown
from fateflow_tui.commands.errors import OK, USAGE
from fateflow_tui.commands.groups import CommandGroup
from fateflow_tui.commands.options import DrawingOptions
from fateflow_tui.commands.output import COLORS, columns, painted
from fateflow_tui.core.cells import width
from fateflow_tui.core.errors import BadRequest

if TYPE_CHECKING:
    from fateflow_tui.core.status import Status
    from fateflow_tui.graph import Cell, Dag, Glyphs, Layout


_DIM: Final = "2"
_FORMATS: Final = ("mermaid", "dot", "json")


class Details:
    """What stands beside the nodes: beside a lane all columns, in a box the first one. colors: SGR numbers."""

    def __init__(self, rows: Mapping[str, list[str]], colors: Mapping[str, str]) -> None:
        lines = zip(rows, columns(rows.values()), strict=True) if rows else ()
        self.beside = {name: "  ".join(row).rstrip() for name, row in lines}
        self.inside = {name: row[0] for name, row in rows.items()}
        self.colors = colors


def shows_unicode(stream: Any) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "") in ("utf8", "utf8sig")


def print_graph(session: Session, dag: Dag, details: Details, options: DrawingOptions) -> None:
    """Draws a DAG as wide as the terminal is. Where boxes do not fit, lanes are drawn."""
    from fateflow_tui.graph import ASCII, UNICODE, render_text

    glyphs = UNICODE if shows_unicode(sys.stdout) else ASCII
    # What goes to a file or a pipe may be as wide as it likes.
    room = session.output.width if sys.stdout.isatty() else 0
    layout, texts = _laid(session, dag, details, glyphs, room if options.boxes else None)

    def decorate(text: str, cell: Cell) -> str:
        return painted(text, details.colors.get(cell.node, "") if cell.node else _DIM)

    session.output.write(render_text(layout, texts, decorate, max_width=room) + "\n")


def written(dag: Dag, format: str, statuses: Mapping[str, Status] | None = None) -> str:
    """The DAG in another program's language. Raises BadRequest for one that is not known."""
    from fateflow_tui.graph import dot, json_text, mermaid

    writers = dict(zip(_FORMATS, (mermaid, dot, json_text), strict=True))
    if format not in writers:
        raise BadRequest(f"there is no graph format {format!r}", hint=f"use one of {', '.join(_FORMATS)}")
    return writers[format](dag, statuses or {})


def color_of(status: str) -> str:
    return COLORS.get(status, _DIM)


def _laid(
    session: Session, dag: Dag, details: Details, glyphs: Glyphs, room: int | None
) -> tuple[Layout, Mapping[str, str]]:
    """A layout with the texts that it has room for. room: columns for boxes, 0 for any number; None: no boxes."""
    from fateflow_tui.graph import lay_boxes, lay_lanes

    if room is not None:
        places = max(map(width, details.inside.values()), default=0)
        boxes = [lay_boxes(dag, glyphs, compact=compact, detail_width=places) for compact in (False, True)]
        fitting = next((layout for layout in boxes if not room or layout.width <= room), None)
        if fitting is not None:
            return fitting, details.inside
        session.output.info(f"boxes would be {min(layout.width for layout in boxes)} columns wide; these are lanes")
    return lay_lanes(dag, glyphs), details.beside


app = CommandGroup("Check and draw job documents.")

_CONF_OF_A_LONE_DSL = {"dsl_version": 2}
_DslOption = Annotated[Path | None, typer.Option("--dsl-path", "-d", metavar="FILE", help="The same as DSL.")]


@app.command()
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
            output.info("no problems")
    else:
        output.listing(problems, (), lambda one: (), lambda one: str(one["code"]))
    return USAGE if any(one["severity"] == "error" for one in problems) else OK


@app.command()
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
        print_graph(session, dag, Details(rows, {}), options)
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

"""`fateflow dsl`: check and draw job documents."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.context import Session
from fateflow_tui.commands.documents import placed, read_conf, read_text, shown
from fateflow_tui.commands.errors import OK, USAGE
from fateflow_tui.commands.groups import CommandGroup, prints
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
    """Texts of the nodes: all columns beside a lane, the first one inside a box. colors: SGR numbers by node."""

    def __init__(self, rows: Mapping[str, list[str]], colors: Mapping[str, str]) -> None:
        lines = zip(rows, columns(rows.values()), strict=True) if rows else ()
        self.beside = {name: "  ".join(row).rstrip() for name, row in lines}
        self.inside = {name: row[0] for name, row in rows.items()}
        self.colors = colors


def shows_unicode(stream: Any) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "") in ("utf8", "utf8sig")


def print_graph(session: Session, dag: Dag, details: Details, options: DrawingOptions) -> None:
    """Draw a DAG in the width of the terminal. Lanes are drawn where boxes do not fit."""
    from fateflow_tui.graph import ASCII, UNICODE, render_text

    glyphs = UNICODE if shows_unicode(sys.stdout) else ASCII
    limit = session.output.width if sys.stdout.isatty() else 0
    layout, texts = _layout(session, dag, details, glyphs, limit if options.boxes else None)

    def decorate(text: str, cell: Cell) -> str:
        return painted(text, details.colors.get(cell.node, "") if cell.node else _DIM)

    session.output.write(render_text(layout, texts, decorate, max_width=limit) + "\n")


def written(dag: Dag, format: str, statuses: Mapping[str, Status] | None = None) -> str:
    """Export a DAG. Raises BadRequest for an unknown format."""
    from fateflow_tui.graph import dot, json_text, mermaid

    writers = dict(zip(_FORMATS, (mermaid, dot, json_text), strict=True))
    if format not in writers:
        raise BadRequest(f"unknown graph format {format!r}", hint=f"expected one of {', '.join(_FORMATS)}")
    return writers[format](dag, statuses or {})


def color_of(status: str) -> str:
    return COLORS.get(status, _DIM)


def _layout(
    session: Session, dag: Dag, details: Details, glyphs: Glyphs, limit: int | None
) -> tuple[Layout, Mapping[str, str]]:
    """Return a layout and its texts. limit: the width for boxes, 0 for any; None for lanes."""
    from fateflow_tui.graph import lay_boxes, lay_lanes

    if limit is not None:
        detail_width = max(map(width, details.inside.values()), default=0)
        boxes = [lay_boxes(dag, glyphs, compact=compact, detail_width=detail_width) for compact in (False, True)]
        fitting = next((layout for layout in boxes if not limit or layout.width <= limit), None)
        if fitting is not None:
            return fitting, details.inside
        session.output.info(f"boxes would be {min(layout.width for layout in boxes)} columns wide; drawing lanes")
    return lay_lanes(dag, glyphs), details.beside


app = CommandGroup("Check and draw job documents.")

_DEFAULT_CONF = {"dsl_version": 2}
_DslOption = Annotated[Path | None, typer.Option("--dsl-path", "-d", metavar="FILE", help="Same as DSL.")]


@app.command()
@prints("list[Problem]")
def lint(
    ctx: typer.Context,
    dsl: Annotated[Path | None, typer.Argument(metavar="DSL", help="DSL to check.")] = None,
    conf: Annotated[Path | None, typer.Argument(metavar="CONF", help="Runtime conf.")] = None,
    dsl_option: _DslOption = None,
    conf_option: Annotated[Path | None, typer.Option("--conf-path", "-c", metavar="FILE", help="Same as CONF.")] = None,
) -> int:
    """Check job documents and show all errors and warnings; exit code 2 when there are errors.

    Examples:
    fateflow dsl lint demo/hetero_lr_dsl.json demo/hetero_lr_conf.json
    fateflow dsl lint -d demo/hetero_lr_dsl.json -c demo/hetero_lr_conf.json
    fateflow dsl lint demo/hetero_lr_dsl.json
    """
    session = context.of(ctx)
    dsl_path, conf_path = _document(dsl, dsl_option, "DSL"), conf_option or conf
    output = session.output
    sources = {"dsl": (dsl_path, read_text(dsl_path))}
    if conf_path is not None:
        sources["conf"] = (conf_path, read_text(conf_path))
    conf_document = sources["conf"][1] if conf_path else _DEFAULT_CONF
    found = [msgspec.to_builtins(problem) for problem in session.flow.lint(sources["dsl"][1], conf_document)]
    problems = [placed(one, sources) for one in found if one["document"] in sources]
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
    dsl: Annotated[Path | None, typer.Argument(metavar="DSL", help="DSL, version 1 or 2.")] = None,
    dsl_option: _DslOption = None,
) -> None:
    """Draw the components of a DSL with their modules and their inputs other than the usual data.

    Examples:
    fateflow dsl explain demo/hetero_lr_dsl.json
    fateflow dsl explain demo/hetero_lr_dsl.json --boxes
    fateflow dsl explain demo/hetero_lr_dsl.json --format dot
    """
    from fateflow_tui.graph import dag_of_dsl, json_text

    session = context.of(ctx)
    dsl_path = _document(dsl, dsl_option, "DSL")
    document = read_conf(dsl_path)
    dag = dag_of_dsl(document)
    output = session.output
    if not dag.names:
        raise BadRequest(f"{dsl_path} has no components", hint='expected {"components": {NAME: {"module": ...}}}')
    if options.format:
        output.write(written(dag, options.format))
    elif output.is_table:
        components = document["components"]
        rows = {name: [_module(components[name]), _inputs(components[name])] for name in dag.names}
        print_graph(session, dag, Details(rows, {}), options)
    else:
        output.record(json.loads(json_text(dag)), lambda _: (), lambda _: "\n".join(dag.names))


def _document(argument: Path | None, option: Path | None, name: str) -> Path:
    """Return a document given as an argument or as an option. Raises BadRequest for both and for none."""
    found = argument or option
    if found is None or (argument and option):
        raise BadRequest(f"expected one {name}", hint="as an argument or with -d")
    return found


def _module(component: Any) -> str:
    return str(component.get("module", "?")) if isinstance(component, dict) else "?"


def _inputs(component: Any) -> str:
    """Return all inputs but `data` and `train_data`: `validate_data scale_1.data, model binning_0.model`."""
    inputs = component.get("input") if isinstance(component, dict) else None
    if not isinstance(inputs, dict):
        return ""
    data = inputs.get("data")
    inputs_by_kind = {
        **(data if isinstance(data, dict) else {}),
        **{key: value for key, value in inputs.items() if key != "data"},
    }
    texts = []
    for kind, references in inputs_by_kind.items():
        names = [references] if isinstance(references, str) else references or []
        if kind not in ("data", "train_data") and isinstance(names, list):
            texts.append(f"{kind} {' '.join(map(str, names))}")
    return ", ".join(texts)

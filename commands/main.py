"""The program `fateflow`: its nouns, and the one place where errors become lines on stderr and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

import typer

from fateflow_tui import __version__
from fateflow_tui.commands.context import Session
from fateflow_tui.commands.errors import INTERRUPTED, OK, PIPE_CLOSED, USAGE, report, report_bug, report_usage
from fateflow_tui.commands.groups import LazyGroup
from fateflow_tui.commands.output import Output, PipeClosed
from fateflow_tui.core.errors import FateFlowError


class Fateflow(LazyGroup):
    """The root command."""

    modules: ClassVar[Mapping[str, str]] = {
        "server": "fateflow_tui.commands.server",
        "init": "fateflow_tui.commands.init",
        "data": "fateflow_tui.commands.data",
        "table": "fateflow_tui.commands.table",
        "job": "fateflow_tui.commands.job.group",
        "model": "fateflow_tui.commands.model.group",
        "serving": "fateflow_tui.commands.serving",
        "metric": "fateflow_tui.commands.metric",
        "log": "fateflow_tui.commands.log",
        "task": "fateflow_tui.commands.task",
        "component": "fateflow_tui.commands.component",
        "party": "fateflow_tui.commands.party",
        "dsl": "fateflow_tui.commands.dsl",
        "watch": "fateflow_tui.commands.watch",
        "resource": "fateflow_tui.commands.resource",
        "doctor": "fateflow_tui.commands.doctor",
        "gc": "fateflow_tui.commands.gc",
        "dash": "fateflow_tui.commands.dash",
        "demo": "fateflow_tui.commands.demo",
        "tracking": "fateflow_tui.commands.tracking",
        "tag": "fateflow_tui.commands.tag",
        "queue": "fateflow_tui.commands.queue",
        "privilege": "fateflow_tui.commands.privilege",
        "key": "fateflow_tui.commands.key",
        "checkpoint": "fateflow_tui.commands.checkpoint",
        "provider": "fateflow_tui.commands.provider",
        "service": "fateflow_tui.commands.service",
        "template": "fateflow_tui.commands.template",
        "test": "fateflow_tui.commands.test",
    }
    originals: ClassVar[frozenset[str]] = frozenset(
        {"tracking", "tag", "queue", "privilege", "key", "checkpoint", "provider", "service", "template", "test"}
    )


app = typer.Typer(
    name="fateflow",
    cls=Fateflow,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Runs federated learning jobs written in FATE-DSL: submit, follow, inspect, stop, rerun.",
    epilog="`fateflow NOUN VERB --help` shows examples. `fateflow demo` runs a whole job on this machine.",
)


def _say_version(wanted: bool) -> None:
    if wanted:
        Output().write(f"fateflow {__version__}\n")
        raise typer.Exit


@app.callback(no_args_is_help=True)
def fateflow(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Runs federated learning jobs written in FATE-DSL: submit, follow, inspect, stop, rerun."""


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and gives its exit code; never raises."""
    session, errors = Session(), Output()
    as_json = "--json" in arguments  # for command lines whose options are not understood
    try:
        command = typer.main.get_command(app)
        code = command.main(list(arguments), prog_name="fateflow", standalone_mode=False, obj=session)
        return code if isinstance(code, int) else OK
    except PipeClosed:
        return PIPE_CLOSED
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # while Typer wrote a help
            return PIPE_CLOSED
        raise
    except FateFlowError as error:
        return report(error, errors, as_json=as_json or session.as_json)
    except typer.TyperException as error:
        return _usage(error, errors, as_json)
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except OSError as error:
        if error.filename is None:
            return report_bug(error, session.crash_logs, errors, as_json=as_json or session.as_json)
        refused = FateFlowError(f"{error.filename}: {error.strerror}")
        return report(refused, errors, as_json=as_json or session.as_json)
    except Exception as error:
        return report_bug(error, session.crash_logs, errors, as_json=as_json or session.as_json)
    finally:
        session.close()


def main() -> None:
    """The console script."""
    # A closed stream is no reason to fail, nor is one whose encoding lacks a sign.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(run(sys.argv[1:]))


def _usage(error: typer.TyperException, errors: Output, as_json: bool) -> int:
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        errors.warn(error.format_message())
        return USAGE
    hint = f"{context.command_path} --help" if context is not None else "fateflow --help"
    message = " ".join(error.format_message().split())
    return report_usage(message, hint, errors, as_json=as_json, code=USAGE)

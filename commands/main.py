"""The program `fateflow`: its commands and groups, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, ClassVar

import typer

from fateflow_tui import __version__
from fateflow_tui.commands.context import Session
from fateflow_tui.commands.errors import INTERRUPTED, OK, PIPE_CLOSED, USAGE, report, report_bug, report_usage
from fateflow_tui.commands.groups import FATE_PANEL, Entry, LazyGroup
from fateflow_tui.commands.output import Format, Output, PipeClosed
from fateflow_tui.core.errors import FateFlowError

_COMMANDS = "fateflow_tui.commands"


def _fate(module: str, attribute: str, help: str) -> Entry:
    return Entry(f"{_COMMANDS}.{module}", help, FATE_PANEL, attribute)


class Fateflow(LazyGroup):
    """The root command. A new group needs an entry here: its module and the help of its `app`."""

    entries: ClassVar[Mapping[str, Entry]] = {
        "server": Entry(f"{_COMMANDS}.site.server", "Start, stop and inspect the scheduler."),
        "init": Entry(f"{_COMMANDS}.site.init", "Save the scheduler's address; without options, print it."),
        "data": Entry(f"{_COMMANDS}.data.upload", "Upload files as tables, inspect tables, download tables as files."),
        "table": Entry(f"{_COMMANDS}.data.table", "Inspect, change and delete tables."),
        "job": Entry(f"{_COMMANDS}.job.group", "Submit, follow, inspect, stop and rerun jobs."),
        "model": Entry(f"{_COMMANDS}.model.group", "Inspect, deploy, export and predict with trained models."),
        "serving": Entry(f"{_COMMANDS}.model.services", "Manage the models and services of online inference."),
        "metric": Entry(f"{_COMMANDS}.metric", "Show and plot the metrics of jobs."),
        "log": Entry(f"{_COMMANDS}.log", "Read the logs of jobs and of the site."),
        "task": Entry(f"{_COMMANDS}.job.tasks", "Inspect the tasks of jobs: one component at one party."),
        "component": Entry(f"{_COMMANDS}.component", "List modules, and inspect the outputs of a job's components."),
        "party": Entry(f"{_COMMANDS}.party", "Manage the addresses, keys and permissions of other parties."),
        "dsl": Entry(f"{_COMMANDS}.dsl", "Check and draw job documents."),
        "watch": Entry(
            f"{_COMMANDS}.watch", "Check two job documents on every save, and show what a job would run and why."
        ),
        "resource": Entry(f"{_COMMANDS}.site.resource", "Show the cores and memory of the site."),
        "doctor": Entry(f"{_COMMANDS}.site.doctor", "Check the site, its environment and its connections to peers."),
        "gc": Entry(f"{_COMMANDS}.site.gc", "Delete old jobs, logs and tables that the site no longer needs."),
        "dash": Entry(f"{_COMMANDS}.dash", "Open the dashboard, which shows and controls jobs live."),
        "demo": Entry(f"{_COMMANDS}.demo", "Train a logistic regression on the tables of two parties."),
        "help": Entry(
            f"{_COMMANDS}.help",
            "Show a page about a topic, or the help of a command; without a topic, list the topics.",
        ),
        "schema": Entry(
            f"{_COMMANDS}.schema",
            "Print the JSON Schema of what a command prints with --json.",
        ),
        "tracking": _fate("component", "tracking", "Inspect the outputs of components; see also `component`."),
        "tag": _fate("model.fate", "tag", "Group model versions under names."),
        "queue": _fate("site.fate", "queue", "Manage the waiting jobs."),
        "privilege": _fate("site.fate", "privilege", "Manage what other parties may run here; see also `party grant`."),
        "key": _fate("site.fate", "key", "Manage the public keys of other sites; see also `party trust`."),
        "checkpoint": _fate("model.fate", "checkpoint", "Inspect the checkpoints of models."),
        "provider": _fate("site.fate", "provider", "Inspect the providers of modules."),
        "service": _fate("site.fate", "service", "List the external services of the site."),
        "template": _fate("site.fate", "template", "Download example documents."),
        "test": _fate("test", "app", "Test whether parties can run jobs together."),
    }


app = typer.Typer(
    name="fateflow",
    cls=Fateflow,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Run federated learning jobs written in FATE-DSL.",
    epilog="Run `fateflow demo` for a complete job on this machine, `fateflow help` for pages about fateflow, and "
    "`fateflow COMMAND --help` for examples; `fateflow demo --files demo` fetches the files that they use.",
)


def _print_version(requested: bool) -> None:
    if requested:
        Output().write(f"fateflow {__version__}\n")
        raise typer.Exit


@app.callback(no_args_is_help=True)
def fateflow(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Run federated learning jobs written in FATE-DSL."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. Never raises."""
    session, errors = Session(), Output()
    # For command lines that cannot be parsed.
    formats = {word for option, word in pairwise(arguments) if option in ("-o", "--output")}
    as_json = "--json" in arguments or bool(formats & {Format.JSON, Format.FATE})
    try:
        command = typer.main.get_command(app)
        code = command.main(list(arguments), prog_name="fateflow", standalone_mode=False, obj=session)
        return code if isinstance(code, int) else OK
    except PipeClosed:
        return PIPE_CLOSED
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # while Typer was writing a help
            return PIPE_CLOSED
        raise
    except FateFlowError as error:
        return report(error, errors, as_json=as_json or session.as_json)
    except typer.TyperException as error:
        return _report_usage_error(error, errors, as_json)
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except OSError as error:
        if error.filename is None:
            return report_bug(error, session.crash_logs, errors, as_json=as_json or session.as_json)
        failure = FateFlowError(f"{error.filename}: {error.strerror}")
        return report(failure, errors, as_json=as_json or session.as_json)
    except Exception as error:
        return report_bug(error, session.crash_logs, errors, as_json=as_json or session.as_json)
    finally:
        session.close()


def main() -> None:
    """Run the console script."""
    # Tolerate closed streams, and streams whose encoding lacks a character.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(run(sys.argv[1:]))


def _report_usage_error(error: typer.TyperException, errors: Output, as_json: bool) -> int:
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        errors.warn(error.format_message())
        return USAGE
    hint = f"{context.command_path} --help" if context is not None else "fateflow --help"
    message = " ".join(error.format_message().split())
    return report_usage(message, hint, errors, as_json=as_json, code=USAGE)

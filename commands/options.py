"""Parameters that several verbs share, spelled as FATE's client spells them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.complete import complete_job, complete_version
from fateflow_tui.core.errors import BadRequest

_JOB = "Id of a job, its unique beginning, @last, or @2 for the last but one."
_VERSION = "A model version, its unique beginning, @last, or an alias as in churn@prod."

JobArguments = Annotated[list[str] | None, typer.Argument(metavar="JOB", help=_JOB, autocompletion=complete_job)]
JobArgument = Annotated[str | None, typer.Argument(metavar="JOB", help=_JOB, autocompletion=complete_job)]
JobOption = Annotated[str | None, typer.Option("--job-id", "-j", metavar="JOB", help=_JOB, autocompletion=complete_job)]
RoleOption = Annotated[str | None, typer.Option("--role", "-r", metavar="ROLE", help="guest, host, arbiter or local.")]
PartyIdOption = Annotated[str | None, typer.Option("--party-id", "-p", metavar="ID", help="Id of a party.")]
PartyOption = Annotated[str | None, typer.Option("--party", metavar="ROLE:ID", help="A party, as in guest:9999.")]
ComponentOption = Annotated[
    str | None, typer.Option("--component-name", "-cpn", metavar="NAME", help="A component of the job.")
]
StatusOption = Annotated[str | None, typer.Option("--status", "-s", metavar="STATUS", help="Only with this status.")]
LimitOption = Annotated[int, typer.Option("--limit", "-l", metavar="N", help="How many; 0 for all.")]
ConfOption = Annotated[
    Path | None, typer.Option("--conf-path", "-c", metavar="FILE", help="A JSON file, as FATE's client takes it.")
]
FolderOption = Annotated[
    Path | None, typer.Option("--output-path", "-o", metavar="DIR", help="Folder in which to write.")
]
NamespaceOption = Annotated[
    str | None, typer.Option("--namespace", "-n", metavar="NAME", help="Namespace of the table.")
]
TableOption = Annotated[str | None, typer.Option("--table-name", "-t", metavar="NAME", help="Name of the table.")]
NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[NAMESPACE NAME]", help="The table, in place of -n and -t.")
]
WatchOption = Annotated[bool, typer.Option("--watch", "-w", help="Follow the job, and end with its outcome.")]
ModelIdOption = Annotated[
    str | None, typer.Option("--model-id", metavar="ID", help="As in guest-9999#host-10000#model.")
]
ModelVersionOption = Annotated[
    str | None, typer.Option("--model-version", metavar="VERSION", help=_VERSION, autocompletion=complete_version)
]
VersionArgument = Annotated[
    str | None, typer.Argument(metavar="VERSION", help=_VERSION, autocompletion=complete_version)
]
ComponentsOption = Annotated[
    str | None, typer.Option("--components", "--cpn-list", metavar="A,B", help="Components, separated by commas.")
]
ComponentsFileOption = Annotated[
    Path | None, typer.Option("--cpn-path", metavar="FILE", help="A file with the list of components.")
]
TagOption = Annotated[str | None, typer.Option("--tag-name", "-t", metavar="NAME", help="Name of the tag.")]
BoxesOption = Annotated[
    bool, typer.Option("--boxes/--lanes", help="Draw boxes if they fit the width, or one line for each component.")
]
GraphFormatOption = Annotated[
    str | None, typer.Option("--format", metavar="FORMAT", help="Write mermaid, dot or json instead of drawing.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, also on a terminal.")]


def required(value: str | Path | None, name: str) -> str:
    """A value that must be there. Raises BadRequest."""
    if value is None or value == "":
        raise BadRequest(f"missing option {name}")
    return str(value)


def listed(text: str | None) -> list[str]:
    """A comma list as FATE's client takes it: blanks, newlines and outer brackets do not count."""
    return [word for word in "".join((text or "").split()).strip(",[]").split(",") if word]


def component_list(given: str | None, file: Path | None) -> str:
    """The list of components that was given, or that a file holds; '' for none."""
    if given or file is None:
        return given or ""
    from commands.documents import read_text

    return read_text(file)

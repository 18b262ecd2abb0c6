"""Options and arguments that several commands share, spelled as in FATE's client."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_type_hints

import typer

from fateflow_tui.commands.complete import complete_job, complete_version
from fateflow_tui.commands.context import Session
from fateflow_tui.core.errors import BadRequest

_JOB = "A job id, its unique prefix or suffix, @last, or @2 for the second newest."
_VERSION = "A model version, its unique prefix or suffix, @last, or an alias such as churn@prod."

JobArguments = Annotated[list[str] | None, typer.Argument(metavar="JOB", help=_JOB, autocompletion=complete_job)]
JobArgument = Annotated[str | None, typer.Argument(metavar="JOB", help=_JOB, autocompletion=complete_job)]
JobOption = Annotated[str | None, typer.Option("--job-id", "-j", metavar="JOB", help=_JOB, autocompletion=complete_job)]
RoleOption = Annotated[str | None, typer.Option("--role", "-r", metavar="ROLE", help="guest, host, arbiter or local.")]
PartyIdOption = Annotated[str | None, typer.Option("--party-id", "-p", metavar="ID", help="A party id.")]
PartyOption = Annotated[str | None, typer.Option("--party", metavar="ROLE:ID", help="A party, for example guest:9999.")]
ComponentOption = Annotated[
    str | None, typer.Option("--component-name", "-cpn", metavar="NAME", help="A component of the job.")
]
StatusOption = Annotated[
    str | None, typer.Option("--status", "-s", metavar="STATUS", help="Filter by status; comma-separated.")
]
LimitOption = Annotated[int, typer.Option("--limit", "-l", metavar="N", help="Maximum number of results; 0 for all.")]
ConfOption = Annotated[
    Path | None,
    typer.Option("--conf-path", "-c", metavar="FILE", help="JSON configuration file of FATE's client."),
]
FolderOption = Annotated[Path | None, typer.Option("--output-path", "-o", metavar="DIR", help="Output directory.")]
NamespaceOption = Annotated[
    str | None, typer.Option("--namespace", "-n", metavar="NAME", help="Namespace of the table.")
]
TableOption = Annotated[str | None, typer.Option("--table-name", "-t", metavar="NAME", help="Name of the table.")]
NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[NAMESPACE NAME]", help="The table; same as -n and -t.")
]
WatchOption = Annotated[bool, typer.Option("--watch", "-w", help="Follow the job, and exit with its outcome.")]
ModelIdOption = Annotated[
    str | None, typer.Option("--model-id", metavar="ID", help="For example guest-9999#host-10000#model.")
]
ModelVersionOption = Annotated[
    str | None, typer.Option("--model-version", metavar="VERSION", help=_VERSION, autocompletion=complete_version)
]
VersionArgument = Annotated[
    str | None, typer.Argument(metavar="VERSION", help=_VERSION, autocompletion=complete_version)
]
ComponentsOption = Annotated[
    str | None, typer.Option("--components", "--cpn-list", metavar="A,B", help="Components, comma-separated.")
]
ComponentsFileOption = Annotated[
    Path | None, typer.Option("--cpn-path", metavar="FILE", help="File with the list of components.")
]
TagOption = Annotated[str | None, typer.Option("--tag-name", "-t", metavar="NAME", help="Name of the tag.")]
BoxesOption = Annotated[
    bool, typer.Option("--boxes/--lanes", help="Draw boxes if they fit the width, or one line per component.")
]
GraphFormatOption = Annotated[
    str | None, typer.Option("--format", metavar="FORMAT", help="Print mermaid, dot or json instead of drawing.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")]


def required(value: str | Path | None, name: str) -> str:
    """Return the value of a required option. Raises BadRequest."""
    if value is None or value == "":
        raise BadRequest(f"missing option {name}")
    return str(value)


def listed(text: str | None) -> list[str]:
    """Split a comma-separated list; blanks, newlines and outer brackets are ignored, as in FATE's client."""
    return [word for word in "".join((text or "").split()).strip(",[]").split(",") if word]


def component_list(given: str | None, file: Path | None) -> str:
    """Return the given list of components, or the one in a file; '' for none."""
    if given or file is None:
        return given or ""
    from fateflow_tui.commands.documents import read_text

    return read_text(file)


class JobNames(NamedTuple):
    """One or more jobs, as arguments or with `-j`."""

    jobs: JobArguments = None
    job_id: JobOption = None

    def ids(self, session: Session) -> list[str]:
        """Return the job ids. Raises JobNotFound, Conflict, and BadRequest when none is given."""
        return session.resolve(self.words)

    @property
    def words(self) -> list[str]:
        return [*(self.jobs or []), *([self.job_id] if self.job_id else [])]

    @property
    def by_job_option(self) -> bool:
        """Whether the job is given with `-j`, as in FATE's client."""
        return bool(self.job_id) and not self.jobs


class JobName(NamedTuple):
    """One job, as an argument or with `-j`."""

    job: JobArgument = None
    job_id: JobOption = None

    def id(self, session: Session) -> str:
        [one] = session.resolve([required(self.job or self.job_id, "JOB")])
        return one


class RecordOptions(NamedTuple):
    """Filters of job records."""

    job_id: JobOption = None
    role: RoleOption = None
    party_id: PartyIdOption = None
    status: StatusOption = None

    def body(self, session: Session) -> dict[str, Any]:
        return {**self._asdict(), "job_id": session.known_id(self.job_id)}


class TaskRecordOptions(NamedTuple):
    """Filters of task records."""

    job_id: JobOption = None
    role: RoleOption = None
    party_id: PartyIdOption = None
    component_name: ComponentOption = None
    status: StatusOption = None

    def body(self, session: Session) -> dict[str, Any]:
        return {**self._asdict(), "job_id": session.known_id(self.job_id)}


class JobPartyOptions(NamedTuple):
    """A job at one of its parties."""

    job_id: JobOption = None
    role: RoleOption = None
    party_id: PartyIdOption = None

    def body(self, session: Session) -> dict[str, Any]:
        job_id = session.known_id(required(self.job_id, "-j"))
        return {"job_id": job_id, "role": self.role, "party_id": self.party_id}


class TaskOptions(NamedTuple):
    """One component of a job at one party; all options are required."""

    job_id: JobOption = None
    role: RoleOption = None
    party_id: PartyIdOption = None
    component_name: ComponentOption = None

    def body(self, session: Session) -> dict[str, Any]:
        """Return the request. Raises BadRequest for a missing option."""
        body = {
            "job_id": required(self.job_id, "-j"),
            "role": required(self.role, "-r"),
            "party_id": required(self.party_id, "-p"),
            "component_name": required(self.component_name, "-cpn"),
        }
        return {**body, "job_id": session.known_id(body["job_id"])}


class TableName(NamedTuple):
    """A table, as arguments or with `-n` and `-t`."""

    names: NamesArgument = None
    namespace: NamespaceOption = None
    table_name: TableOption = None

    def body(self) -> dict[str, str]:
        """Return the request. Raises BadRequest for a missing option."""
        first, second, *_ = [*(self.names or []), None, None]
        return {
            "namespace": required(self.namespace or first, "-n (namespace)"),
            "table_name": required(self.table_name or second, "-t (table name)"),
        }


class DrawingOptions(NamedTuple):
    """How to draw a DAG."""

    boxes: BoxesOption = False
    format: GraphFormatOption = None


class ModelOptions(NamedTuple):
    """A model version as FATE's client names it."""

    model_id: ModelIdOption = None
    model_version: ModelVersionOption = None

    def body(self) -> dict[str, Any]:
        """Return the request. Raises BadRequest for a missing option."""
        return {
            "model_id": required(self.model_id, "--model-id"),
            "model_version": required(self.model_version, "--model-version"),
        }


class ModelPartOptions(NamedTuple):
    """One component's model at one party, as FATE's client names it; all options are required."""

    role: RoleOption = None
    party_id: PartyIdOption = None
    model_id: ModelIdOption = None
    model_version: ModelVersionOption = None
    component_name: ComponentOption = None

    def body(self, session: Session) -> dict[str, Any]:
        """Return the request. Raises BadRequest for a missing option."""
        body = {
            "role": required(self.role, "-r"),
            "party_id": required(self.party_id, "-p"),
            "model_id": required(self.model_id, "--model-id"),
            "model_version": required(self.model_version, "--model-version"),
            "component_name": required(self.component_name, "-cpn"),
        }
        return {**body, "model_version": session.known_version(body["model_version"])}


def expand_option_groups(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function as Typer reads it: each parameter that is a NamedTuple is replaced by its options."""
    hints = get_type_hints(function, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if hasattr(hint, "_fields")}
    if not groups:
        return function
    expanded: list[Parameter] = []
    for name, parameter in signature(function).parameters.items():
        if name not in groups:
            expanded.append(parameter.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[name]))
            continue
        group = groups[name]
        members, defaults = get_type_hints(group, include_extras=True), group._field_defaults
        expanded += [
            Parameter(
                field,
                Parameter.KEYWORD_ONLY,
                default=defaults.get(field, Parameter.empty),
                annotation=members[field],
            )
            for field in group._fields
        ]

    @wraps(function)
    def grouped(**given: Any) -> Any:
        for name, group in groups.items():
            given[name] = group(**{field: given.pop(field) for field in group._fields})
        return function(**given)

    vars(grouped)["__signature__"] = Signature(expanded)
    grouped.__annotations__ = {parameter.name: parameter.annotation for parameter in expanded}
    return grouped

"""Parameters that several verbs share, spelled as FATE's client spells them."""

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
    from fateflow_tui.commands.documents import read_text

    return read_text(file)


class JobNames(NamedTuple):
    """Several jobs, by position or with `-j`."""

    jobs: JobArguments = None
    job_id: JobOption = None

    def ids(self, session: Session) -> list[str]:
        """Raises JobNotFound, Conflict, and BadRequest when none is named."""
        return session.resolve(self.words)

    @property
    def words(self) -> list[str]:
        return [*(self.jobs or []), *([self.job_id] if self.job_id else [])]

    @property
    def by_job_option(self) -> bool:
        """Whether it is named the way FATE's client names it."""
        return bool(self.job_id) and not self.jobs


class JobName(NamedTuple):
    """One job, by position or with `-j`."""

    job: JobArgument = None
    job_id: JobOption = None

    def id(self, session: Session) -> str:
        [one] = session.resolve([required(self.job or self.job_id, "JOB")])
        return one


class RecordOptions(NamedTuple):
    """Which records of jobs are wanted."""

    job_id: JobOption = None
    role: RoleOption = None
    party_id: PartyIdOption = None
    status: StatusOption = None

    def body(self, session: Session) -> dict[str, Any]:
        return {**self._asdict(), "job_id": session.known_id(self.job_id)}


class TaskRecordOptions(NamedTuple):
    """Which records of tasks are wanted."""

    job_id: JobOption = None
    role: RoleOption = None
    party_id: PartyIdOption = None
    component_name: ComponentOption = None
    status: StatusOption = None

    def body(self, session: Session) -> dict[str, Any]:
        return {**self._asdict(), "job_id": session.known_id(self.job_id)}


class JobPartyOptions(NamedTuple):
    """A job as one of its parties has it."""

    job_id: JobOption = None
    role: RoleOption = None
    party_id: PartyIdOption = None

    def body(self, session: Session) -> dict[str, Any]:
        job_id = session.known_id(required(self.job_id, "-j"))
        return {"job_id": job_id, "role": self.role, "party_id": self.party_id}


class TaskOptions(NamedTuple):
    """One component of a job at one party; all are needed."""

    job_id: JobOption = None
    role: RoleOption = None
    party_id: PartyIdOption = None
    component_name: ComponentOption = None

    def body(self, session: Session) -> dict[str, Any]:
        """Raises BadRequest for what is missing."""
        body = {
            "job_id": required(self.job_id, "-j"),
            "role": required(self.role, "-r"),
            "party_id": required(self.party_id, "-p"),
            "component_name": required(self.component_name, "-cpn"),
        }
        return {**body, "job_id": session.known_id(body["job_id"])}


class TableName(NamedTuple):
    """A table, by position or with `-n` and `-t`."""

    names: NamesArgument = None
    namespace: NamespaceOption = None
    table_name: TableOption = None

    def body(self) -> dict[str, str]:
        """Raises BadRequest for what is missing."""
        first, second, *_ = [*(self.names or []), None, None]
        return {
            "namespace": required(self.namespace or first, "-n (namespace)"),
            "table_name": required(self.table_name or second, "-t (table name)"),
        }


class DrawingOptions(NamedTuple):
    """How a DAG is shown."""

    boxes: BoxesOption = False
    format: GraphFormatOption = None


class ModelOptions(NamedTuple):
    """A model version as FATE's client names it."""

    model_id: ModelIdOption = None
    model_version: ModelVersionOption = None

    def body(self) -> dict[str, Any]:
        """Raises BadRequest for what is missing."""
        return {
            "model_id": required(self.model_id, "--model-id"),
            "model_version": required(self.model_version, "--model-version"),
        }


class ModelPartOptions(NamedTuple):
    """One component's model at one party, as FATE's client names it; all are needed."""

    role: RoleOption = None
    party_id: PartyIdOption = None
    model_id: ModelIdOption = None
    model_version: ModelVersionOption = None
    component_name: ComponentOption = None

    def body(self, session: Session) -> dict[str, Any]:
        """Raises BadRequest for what is missing."""
        body = {
            "role": required(self.role, "-r"),
            "party_id": required(self.party_id, "-p"),
            "model_id": required(self.model_id, "--model-id"),
            "model_version": required(self.model_version, "--model-version"),
            "component_name": required(self.component_name, "-cpn"),
        }
        return {**body, "model_version": session.known_version(body["model_version"])}


def expand_option_groups(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as Typer is to see it: with the options of its groups in the place of each group."""
    hints = get_type_hints(function, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if hasattr(hint, "_fields")}
    if not groups:
        return function
    shown: list[Parameter] = []
    for name, parameter in signature(function).parameters.items():
        if name not in groups:
            shown.append(parameter.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[name]))
            continue
        group = groups[name]
        members, defaults = get_type_hints(group, include_extras=True), group._field_defaults
        shown += [
            Parameter(
                field,
                Parameter.KEYWORD_ONLY,
                default=defaults.get(field, Parameter.empty),
                annotation=members[field],
            )
            for field in group._fields
        ]

    @wraps(function)
    def gathered(**given: Any) -> Any:
        for name, group in groups.items():
            given[name] = group(**{field: given.pop(field) for field in group._fields})
        return function(**given)

    vars(gathered)["__signature__"] = Signature(shown)
    gathered.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
    return gathered

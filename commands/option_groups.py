"""Options that stand together in several verbs: declared once, as one parameter of the verb's function."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, NamedTuple, get_type_hints

from commands.context import Session
from commands.options import (
    BoxesOption,
    ComponentOption,
    GraphFormatOption,
    JobArgument,
    JobArguments,
    JobOption,
    ModelIdOption,
    ModelVersionOption,
    NamesArgument,
    NamespaceOption,
    PartyIdOption,
    RoleOption,
    StatusOption,
    TableOption,
    required,
)


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
    def is_classic(self) -> bool:
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


def spread(function: Callable[..., Any]) -> Callable[..., Any]:
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

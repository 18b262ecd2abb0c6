"""Protocols that inner packages use and outer packages implement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import msgspec

from fateflow_tui.core.errors import DamagedFile, FateFlowError


class Variable(msgspec.Struct, frozen=True):
    """A value that a module's tasks exchange, with the roles that may send and receive it."""

    name: str
    sources: frozenset[str]
    targets: frozenset[str]


class ModuleFacts(msgspec.Struct, frozen=True):
    """What other packages need to know about a module without running it. They never check its name.

    parameter_class: FATE's name of its parameter class, as tracking shows it. built: False for the modules of
    FATE that this version knows by name only. deployed: what v1 derivation assumes when `need_deploy` is absent.
    source: the parameter that names the table which the module brings into a job, as {"name": ..., "namespace": ...}.
    Each of its parties must have one; dsl_version 1 has no such modules, its tables come from args.
    reads, writes: the parameters for the namespace and the name of a stored table that it reads or creates.
    file: the parameter that names a file on the site's machine.
    separate_arbiter: the arbiter must not be run by a guest, who could then decrypt what the arbiter keeps apart.
    has_metrics: False for modules whose metrics, if any, only count rows. evaluates: its metrics rate a model.
    """

    name: str
    roles: frozenset[str]
    parameter_class: str
    built: bool = True
    deployed: bool = True
    version: str = "1"
    variables: Mapping[str, Variable] = {}
    source: str = ""
    reads: tuple[str, str] | None = None
    writes: tuple[str, str] | None = None
    file: str = ""
    separate_arbiter: bool = False
    has_metrics: bool = True
    evaluates: bool = False

    def source_table(self, parameters: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return (namespace, name) of the table that it makes an input of the job with these parameters."""
        table = parameters.get(self.source) if self.source else None
        return (str(table.get("namespace")), str(table.get("name"))) if isinstance(table, dict) else None

    def table_read(self, parameters: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return (namespace, name) of the stored table that it reads with these parameters."""
        return _named(self.reads, parameters) or self.source_table(parameters)

    def table_written(self, parameters: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return (namespace, name) of the stored table that it creates with these parameters."""
        return _named(self.writes, parameters)


def _named(keys: tuple[str, str] | None, parameters: Mapping[str, Any]) -> tuple[str, str] | None:
    if keys is None or not parameters.get(keys[1]):
        return None
    return str(parameters.get(keys[0])), str(parameters[keys[1]])


class ModuleCatalog(Protocol):
    """All modules by name."""

    def names(self) -> Iterable[str]: ...

    def facts(self, module: str) -> ModuleFacts | None:
        """Return the facts about a module, or None if it does not exist."""
        ...

    def defaults(self, module: str) -> dict[str, Any]:
        """Return all parameters with their defaults, nested objects as dicts; {} for an unsupported module."""
        ...

    def is_nested(self, module: str, path: tuple[str, ...]) -> bool:
        """Whether the parameter at this path is a nested parameter object (merged by key, not replaced)."""
        ...

    def check(self, module: str, parameters: Mapping[str, Any]) -> list[ParameterProblem]:
        """Return all problems of merged parameters: unknown names and invalid values."""
        ...


def loadable_facts(catalog: ModuleCatalog, module: str) -> ModuleFacts | None:
    """Return the facts of a module; None if it does not exist or cannot be loaded."""
    try:
        return catalog.facts(module)
    except FateFlowError:
        return None


class ParameterProblem(msgspec.Struct, frozen=True):
    """path: keys from the component's parameters down. unknown: the name is not the module's."""

    path: tuple[str, ...]
    message: str
    unknown: bool = False
    suggestion: str = ""


class StoredJob(msgspec.Struct):
    """A stored job: plain records by table and key."""

    job_id: str
    version: int
    tables: dict[str, dict[str, dict[str, Any]]]


class JobCommit(msgspec.Struct, frozen=True):
    """The changes of one engine turn in one job. records: plain records by table and key. version: of the file that the
    decision was based on (0: new). epoch: of the driver that made it, 0 if the job is driven elsewhere.
    """

    job_id: str
    version: int
    records: dict[str, dict[str, dict[str, Any]]]
    epoch: int = 0


class JobStore(Protocol):
    """Jobs on disk. Every method may raise OSError, DamagedFile, NewerSchema or, when a lock is not free in time,
    TimedOut. Once `commit` returns, the changes are durable. For an invalid job id `load` returns None and
    the others raise JobNotFound.
    """

    def load(self, job_id: str) -> StoredJob | None: ...

    def job_ids(self) -> list[str]:
        """All job ids, newest first, without reading the files."""
        ...

    def commit(self, changes: Iterable[JobCommit]) -> dict[str, int]:
        """Save all changes, each job file atomically, and return the new versions by job id.

        Raises StaleVersion or StaleEpoch, naming the job, before anything of that job is written.
        """
        ...

    def delete(self, job_id: str) -> None: ...

    def set_aside(self, job_id: str, cause: str) -> DamagedFile:
        """Remove a job whose records are invalid from the store; its file is kept under another name. Returns the error
        to raise.
        """
        ...

    def advance_epoch(self, job_id: str) -> int:
        """Increment the job's epoch and return it. Commits with an older epoch are rejected from now on."""
        ...


class Versioned(msgspec.Struct, frozen=True):
    """A record of a collection with the version it was read at."""

    version: int
    record: dict[str, Any]


class RecordCollection(Protocol):
    """A small set of site-wide records by key (parties, tags, models). Each record has a version of its own that
    grows with each save. Every method may raise OSError or DamagedFile; once `put` or `delete` returns, the change is
    durable.
    """

    def get(self, key: str) -> Versioned | None: ...

    def all(self) -> dict[str, Versioned]:
        """By key, oldest first."""
        ...

    def put(self, key: str, record: Mapping[str, Any], expected_version: int | None = None) -> int:
        """Replace the record and return its new version. expected_version: 0 for a record that must be new,
        None to save in any case. Raises StaleVersion.
        """
        ...

    def delete(self, key: str, expected_version: int | None = None) -> None:
        """Delete the record. An absent key is no error unless a version is expected. Raises StaleVersion."""
        ...

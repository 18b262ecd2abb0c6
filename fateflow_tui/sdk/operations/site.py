"""The site itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fateflow_tui.sdk.operations.call import Call, Roles, as_, fetch, given, list_of, nothing, role_ids
from fateflow_tui.sdk.types import Check, Garbage, Module, Problem, SiteStatus


def status() -> Call[SiteStatus]:
    """Name, address, age and process of the site, and the parties that it plays."""
    return Call("/v1/site/status", {}, as_(SiteStatus))


def doctor() -> Call[list[Check]]:
    """Checks of the site's health, and of the ways to its peers and back."""
    return Call("/v1/site/doctor", {}, list_of(Check), patience=30)


def collect_garbage(
    dry_run: bool = True,
    *,
    jobs_days: float | None = None,
    jobs_mib: int | None = None,
    logs_days: float | None = None,
    logs_mib: int | None = None,
    tables_days: float | None = None,
    tables_mib: int | None = None,
    archives_days: float | None = None,
) -> Call[Garbage]:
    """What jobs, logs, tables and remains would go; without `dry_run` they go. A limit that is not given is that of the
    site's configuration; 0 keeps for ever.
    """
    limits = {
        "jobs_days": jobs_days,
        "jobs_mib": jobs_mib,
        "logs_days": logs_days,
        "logs_mib": logs_mib,
        "tables_days": tables_days,
        "tables_mib": tables_mib,
        "archives_days": archives_days,
    }
    body = {name: value for name, value in limits.items() if value is not None}
    return Call("/v1/site/gc", {"dry_run": dry_run, **body}, as_(Garbage), patience=600)


def resources() -> Call[dict[str, Any]]:
    """What the local engine has, what is taken and by which jobs."""
    return Call("/v1/resource/show", {}, as_(dict[str, Any]))


def check_component(
    name: str, module: str, roles: Roles, parameters: Mapping[str, Any] | None = None
) -> Call[list[Problem]]:
    """Checks the parameters of one component, as `component_parameters` of a conf has them. Gives the warnings; raises
    BadDocument with all problems.
    """
    body = {
        "component_name": name,
        "component_module_name": module,
        "role": role_ids(roles),
        "component_parameters": dict(parameters or {}),
    }
    return Call("/v1/component/validate", body, list_of(Problem))


def modules() -> Call[list[Module]]:
    """All modules by name: roles, parameter class, and whether this version can run them."""
    return Call("/v1/component/list", {}, list_of(Module))


def versions(module: str = "") -> Call[dict[str, str | None]]:
    """The versions of FATE that clients may count on; `fateflow` is the scheduler's own. module: only this one."""
    return Call("/v1/version/get", given({"module": module}), as_(dict[str, str | None]))


def info() -> Call[dict[str, Any]]:
    """Version and place of the site: {version, party_id, host, http_port}; the first of its parties."""
    return Call("/v1/info/common", {}, as_(dict[str, Any]))


def job_defaults() -> Call[dict[str, Any]]:
    """The job parameters that a conf need not give. Times in seconds; 0: no limit."""
    return Call("/v1/server/config/job/default", {}, as_(dict[str, Any]))


def reload() -> Call[None]:
    """Checks `site.toml`. Raises Conflict when it says something else than what the site runs with."""
    return Call("/v1/server/reload", {}, nothing)


def example(target: Path | str) -> Call[Path]:
    """Documents and small tables of an example job as tar.gz, written to `target`."""
    return fetch("template/download", {}, target, "POST")


def shutdown() -> Call[None]:
    """Ends the site: its workers are killed, its jobs go on at the next start."""
    return Call("/v1/site/shutdown", {}, nothing)

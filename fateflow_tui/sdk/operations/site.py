"""The site: its status, its logs, the parties that it knows and what it permits them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fateflow_tui.core.document.problems import Problem
from fateflow_tui.core.ids import Party
from fateflow_tui.sdk.operations.call import (
    Call,
    Mode,
    Namespace,
    PartyLike,
    Roles,
    as_,
    given,
    list_of,
    member,
    nothing,
    operation,
    party_members,
    role_ids,
    save,
)
from fateflow_tui.sdk.types.site import (
    Check,
    Garbage,
    Grant,
    LogFileInfo,
    LogPage,
    Module,
    NumberedLine,
    PartyRoute,
    PeerState,
    SiteStatus,
)

PartyFilter = PartyLike | Sequence[PartyLike] | None
Words = Sequence[str] | str


class Site(Namespace[Mode]):
    """The site itself. Called directly, it returns its status."""

    @operation
    def status(self) -> Call[SiteStatus]:
        """Return the site's name, address, version, process and parties."""
        return Call("/v1/site/status", {}, as_(SiteStatus))

    __call__ = status

    @operation
    def doctor(self) -> Call[list[Check]]:
        """Check the site's health and the connections to its peers in both directions."""
        return Call("/v1/site/doctor", {}, list_of(Check), patience=30)

    @operation
    def collect_garbage(
        self,
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
        """Delete what exceeds the limits on age (days) and size (MiB), and files that nothing refers to.

        dry_run: only return what would be deleted. The limits default to those of the site's configuration; 0 keeps
        everything.
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

    @operation
    def resources(self) -> Call[dict[str, Any]]:
        """Return the site's cores and memory, how much is in use, and by which jobs."""
        return Call("/v1/resource/show", {}, as_(dict[str, Any]))

    @operation
    def modules(self) -> Call[list[Module]]:
        """List all modules by name."""
        return Call("/v1/component/list", {}, list_of(Module))

    @operation
    def check_component(
        self, name: str, module: str, roles: Roles, parameters: Mapping[str, Any] | None = None
    ) -> Call[list[Problem]]:
        """Check the parameters of one component, and return the warnings. Raises BadDocument with all problems.

        parameters: in the form of a conf's `component_parameters`.
        """
        body = {
            "component_name": name,
            "component_module_name": module,
            "role": role_ids(roles),
            "component_parameters": dict(parameters or {}),
        }
        return Call("/v1/component/validate", body, list_of(Problem))

    @operation
    def versions(self, module: str = "") -> Call[dict[str, str | None]]:
        """Return the FATE versions that the site is compatible with; `fateflow` is its own. module: only this one."""
        return Call("/v1/version/get", given({"module": module}), as_(dict[str, str | None]))

    @operation
    def info(self) -> Call[dict[str, Any]]:
        """Return {version, party_id, host, http_port}; party_id is the first of the site's parties."""
        return Call("/v1/info/common", {}, as_(dict[str, Any]))

    @operation
    def job_defaults(self) -> Call[dict[str, Any]]:
        """Return the default job parameters. Times in seconds, 0 for no limit."""
        return Call("/v1/server/config/job/default", {}, as_(dict[str, Any]))

    @operation
    def reload(self) -> Call[None]:
        """Check `site.toml`. Raises Conflict when it differs from the running configuration."""
        return Call("/v1/server/reload", {}, nothing)

    @operation
    def example(self, target: Path | str) -> Call[Path]:
        """Download the documents and tables of an example job as tar.gz to `target`."""
        return save("template/download", {}, target, "POST")

    @operation
    def shutdown(self) -> Call[None]:
        """Stop the scheduler. Its workers are killed; its jobs continue when it starts again."""
        return Call("/v1/site/shutdown", {}, nothing)


class Logs(Namespace[Mode]):
    """Log files and records. To read or follow the log of a job, use the client's `logs`."""

    @operation
    def files(self, job_id: str = "") -> Call[list[LogFileInfo]]:
        """List the log files of a job, or of the site."""
        return Call("/v1/log/list", given({"job_id": job_id}), list_of(LogFileInfo))

    @operation
    def page(
        self,
        job_id: str = "",
        *,
        level: str = "INFO",
        party: PartyFilter = None,
        component: str | Sequence[str] = "",
        since: int = 0,
        tail: int = 0,
        cursors: Mapping[str, Any] | None = None,
        piece: int = 0,
    ) -> Call[LogPage]:
        """Return the log records after the cursors, of a job or of the site.

        party, component: one or several. since: ms since the epoch. tail: only the last lines of each file. piece:
        bytes to read of each file, 0 for the site's default.
        """
        body = {"job_id": job_id, "since": since, "tail": tail, "cursors": dict(cursors or {}), "bytes": piece}
        chosen = {"component_name": _words(component), "party": _words(party)}
        return Call("/v1/log/read", {**given({**body, **chosen}), "level": level}, as_(LogPage))

    @operation
    def line_count(self, log_type: str, job_id: str, party: PartyLike | None = None, component: str = "") -> Call[int]:
        """Return the number of lines in a log. log_type: jobSchedule, jobScheduleError, partyError, partyWarning,
        partyInfo, partyDebug, componentInfo.
        """
        return Call("/v1/log/size", _log(log_type, job_id, party, component), member("size", int))

    @operation
    def lines(
        self, log_type: str, job_id: str, begin: int, end: int, party: PartyLike | None = None, component: str = ""
    ) -> Call[list[NumberedLine]]:
        """Return lines `begin` to `end` of a log, counted from 1; fewer than requested when they are too large for
        one answer.
        """
        body = {**_log(log_type, job_id, party, component), "begin": begin, "end": end}
        return Call("/v1/log/cat", body, list_of(NumberedLine))


class Parties(Namespace[Mode]):
    """Addresses and keys of other parties' sites. Called directly, it lists them.

    party: `role:id`, or an id for any role.
    """

    @operation
    def __call__(self) -> Call[list[PartyRoute]]:
        """List the parties that the site knows."""
        return Call("/v1/party/list", {}, list_of(PartyRoute))

    @operation
    def add(self, party: str, url: str, note: str = "", key: str = "") -> Call[PartyRoute]:
        """Add a party, or change its address. key: its public key, if known."""
        return Call("/v1/party/add", given({"party": party, "url": url, "note": note, "key": key}), as_(PartyRoute))

    @operation
    def identity(self, party: str) -> Call[PartyRoute]:
        """Fetch the public key and fingerprint of a party's site, without trusting it. `trusted` tells whether a key
        is pinned already. Raises Conflict when that site does not play the party.
        """
        return Call("/v1/party/identity", {"party": party}, as_(PartyRoute), patience=10)

    @operation
    def trust(self, party: str, key: str = "") -> Call[PartyRoute]:
        """Pin a party's public key. key: by default the one that its site presents now; compare the fingerprint with
        the owner of that site.
        """
        return Call("/v1/party/trust", given({"party": party, "key": key}), as_(PartyRoute))

    @operation
    def remove(self, party: str) -> Call[None]:
        """Remove a party's address and key."""
        return Call("/v1/party/remove", {"party": party}, nothing)

    @operation
    def keys(self, party_id: str) -> Call[dict[str, dict[str, str]]]:
        """Return the own or pinned keys of a party id: party -> {algorithm, public_key, fingerprint}."""
        return Call("/v1/key/query", {"party_id": party_id}, as_(dict[str, dict[str, str]]))

    @operation
    def info(self, party_id: str) -> Call[dict[str, Any]]:
        """Ask a party's site for {version, party_id, host, http_port}."""
        return Call(f"/v1/info/party/{quote(party_id, safe='')}", {}, as_(dict[str, Any]), patience=10)

    @operation
    def ping(self, party: str) -> Call[PeerState]:
        """Check that a party's site is reachable. Raises PartyUnreachable."""
        return Call("/v1/party/ping", {"party": party}, as_(PeerState), patience=10)


class Permissions(Namespace[Mode]):
    """What parties of other sites may use at this one. Called directly, it lists the grants.

    party: `role:id`, an id for any role, `guest:*`, or `*`. roles: of this site's parties. commands: create, run.
    components: modules. datasets: `namespace.name`. Each is one word or several; `all` for everything.
    """

    @operation
    def __call__(self, party: str = "") -> Call[list[Grant]]:
        """List all grants, or those of one party."""
        return Call("/v1/party/grants", given({"party": party}), list_of(Grant))

    @operation
    def grant(
        self, party: str, *, roles: Words = (), commands: Words = (), components: Words = (), datasets: Words = ()
    ) -> Call[Grant]:
        """Allow a party these things. Of each kind with a grant, everything else is denied. Returns all its grants."""
        return Call("/v1/party/grant", _grant(party, roles, commands, components, datasets), as_(Grant))

    @operation
    def revoke(
        self, party: str, *, roles: Words = (), commands: Words = (), components: Words = (), datasets: Words = ()
    ) -> Call[Grant]:
        """Revoke grants of a party; a kind without remaining grants allows nothing. Returns what remains."""
        return Call("/v1/party/revoke", _grant(party, roles, commands, components, datasets), as_(Grant))

    @operation
    def forget(self, party: str) -> Call[None]:
        """Delete all grants and restrictions of a party."""
        return Call("/v1/party/revoke", {"party": party, "forget": True}, nothing)


def stream_path(job_id: str) -> str:
    """The path that streams the log of a job, or of the site."""
    return "/v1/log/stream" if job_id else "/v1/log/site/stream"


def stream_query(
    job_id: str,
    level: str = "INFO",
    party: PartyFilter = None,
    component: str | Sequence[str] = "",
    tail: int = 0,
    since: int = 0,
) -> dict[str, Any]:
    """The query of `stream_path`. Arguments as for `Logs.page`."""
    chosen = {"component_name": _words(component), "party": _words(party)}
    return given({"job_id": job_id, "level": level, "tail": tail, "since": since, **chosen})


def _words(names: PartyFilter) -> str:
    """One or several names, joined with commas."""
    if names is None or isinstance(names, str):
        return names or ""
    return str(names) if isinstance(names, Party) else ",".join(map(str, names))


def _log(log_type: str, job_id: str, party: PartyLike | None, component: str) -> dict[str, Any]:
    return {"log_type": log_type, "job_id": job_id, **given({"component_name": component}), **party_members(party)}


def _grant(party: str, roles: Words, commands: Words, components: Words, datasets: Words) -> dict[str, Any]:
    kinds = {"role": roles, "command": commands, "component": components, "dataset": datasets}
    lists = {kind: [words] if isinstance(words, str) and words else list(words) for kind, words in kinds.items()}
    return {"party": party, **given(lists)}

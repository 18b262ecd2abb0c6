"""Whether a party of this site accepts its part of a job: grants, files, modules, tables, models, routes."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import BadRequest, Conflict, DamagedFile, FateFlowError, NotBuilt, NotFound, PartyRefused
from fateflow_tui.core.ids import Party, party_model_id
from fateflow_tui.core.messages import Refusal
from fateflow_tui.core.plan import PartyDocument, TaskPlan, outside_tables
from fateflow_tui.core.ports import ModuleCatalog, loadable_facts
from fateflow_tui.registry import Registry
from fateflow_tui.runtime.peers.grants import Permits
from fateflow_tui.runtime.site_config import SiteConfig


class FileRules:
    """Which files users may name: any file at a standalone site on loopback, which serves only its own user; elsewhere
    only files below the configured `data_roots`. uploads: the folder of files that came with requests.
    """

    def __init__(self, config: SiteConfig, uploads: Path, catalog: ModuleCatalog) -> None:
        self._config = config
        self._uploads = uploads
        self._catalog = catalog

    def named(self, name: str) -> Path:
        """Resolve the file that a user names; it need not exist. Raises BadRequest, PartyRefused."""
        if "\0" in name:
            raise BadRequest("a file name must not contain a NUL character")
        try:
            path = Path(name).expanduser()
        except RuntimeError:
            raise BadRequest(f"{name!r:.200} names a user that does not exist on the server") from None
        roots = [Path(root).expanduser().resolve() for root in self._config.data_roots]
        if not path.is_absolute():
            if not roots:
                raise BadRequest(f"{name!r:.200} is not an absolute path", hint="give the full path of the file")
            path = roots[0] / path
        path = path.resolve()
        if self._config.standalone and _is_loopback(self._config.host):
            return path
        if not any(path.is_relative_to(root) for root in roots):
            raise PartyRefused(
                f"files on this site can be named only below its data roots, {name!r:.200} is not",
                hint="send the file with the request, or add its folder to data_roots in site.toml",
            )
        return path

    def refusal(self, document: PartyDocument) -> Refusal | None:
        """Refuse a document with a task that names a file that its user may not name."""
        for plan in document.tasks:
            facts = loadable_facts(self._catalog, plan.module)
            name = plan.parameters.get(facts.file) if facts is not None else None
            if not isinstance(name, str) or not name or Path(name).parent == self._uploads:
                continue
            try:
                self.named(name)
            except (BadRequest, PartyRefused) as error:
                text = f"{plan.component}: {error.message}"
                return Refusal(code=error.code, message=text, retcode=error.retcode, party=document.party)
        return None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Admission(NamedTuple):
    """What a party of this site needs for its part of a job. unreachable: why this site cannot call a party's site now;
    None if it can, or the party is its own.
    """

    catalog: ModuleCatalog
    tables: Tables
    registry: Registry
    unreachable: Callable[[Party], FateFlowError | None]

    def refusal(self, document: PartyDocument, permits: Permits | None = None) -> Refusal | None:
        """Return None if the party accepts its document, else one refusal with all reasons.

        permits: the check of the driver's grants, see `PeerPermissions.of`; None for a job of this site.
        """
        denial = permits(document) if permits is not None else None
        if denial is not None:
            # A peer that may not read a table must not learn whether it exists.
            return _refusal(document, [denial])
        obstacles = [
            *(found for plan in document.tasks for found in _obstacles(document, plan, self.catalog, self.tables)),
            *_model_obstacles(document, self.registry),
            *_route_obstacles(document, self.catalog, self.unreachable),
        ]
        return _refusal(document, obstacles)


def _refusal(document: PartyDocument, obstacles: list[FateFlowError]) -> Refusal | None:
    if not obstacles:
        return None
    first = obstacles[0]
    return Refusal(
        code=first.code,
        message="; ".join(obstacle.message for obstacle in obstacles),
        retcode=first.retcode,
        lacks=_lacks(obstacles),
        party=document.party,
    )


def _lacks(obstacles: list[FateFlowError]) -> dict[str, list[str]]:
    """What is missing, by kind, without duplicates."""
    found: dict[str, list[str]] = {}
    for obstacle in obstacles:
        for kind, names in (obstacle.data or {}).get("lacks", {}).items():
            found[kind] = list(dict.fromkeys([*found.get(kind, []), *names]))
    return found


def _obstacles(
    document: PartyDocument, plan: TaskPlan, catalog: ModuleCatalog, tables: Tables
) -> Iterator[FateFlowError]:
    try:
        facts = catalog.facts(plan.module)
    except FateFlowError:
        # The reason stays at this site, in its log and in `fateflow doctor`.
        text = f"{plan.component} needs module {plan.module}, which cannot be loaded at this site"
        yield NotFound(text, data={"lacks": {"module": [plan.module]}})
        facts = None
    else:
        if facts is None:
            text = f"{plan.component} needs module {plan.module}, which this site does not have"
            yield NotFound(text, data={"lacks": {"module": [plan.module]}})
    if facts is not None and not facts.built:
        text = f"{plan.component} needs module {plan.module}, which this version does not support"
        yield NotBuilt(text, data={"lacks": {"module": [plan.module]}})
    elif facts is not None and document.party.role not in facts.roles:
        yield NotFound(f"{plan.component}: module {plan.module} does not run at a {document.party.role}")
    for table in outside_tables(plan, facts):
        namespace, name = table.namespace, table.name
        meta, lacks = tables.meta(namespace, name), {"lacks": {"table": [f"{namespace}.{name}"]}}
        if meta is None:
            yield NotFound(f"{table} reads table {namespace}.{name}, which does not exist here", data=lacks)
        elif obstacle := meta.obstacle():
            text = f"{table} cannot read its table: {obstacle.message}"
            yield type(obstacle)(text, hint=obstacle.hint, data=lacks)


def _route_obstacles(
    document: PartyDocument, catalog: ModuleCatalog, unreachable: Callable[[Party], FateFlowError | None]
) -> Iterator[FateFlowError]:
    """The parties that this one reports or sends values to, and whose sites it cannot call: without this check the job
    would fail in the middle.
    """
    for party in _receivers(document, catalog):
        if (obstacle := unreachable(party)) is not None:
            text = f"its site cannot reach {party}: {obstacle.message}"
            yield type(obstacle)(text, hint=obstacle.hint, data=obstacle.data)


def _receivers(document: PartyDocument, catalog: ModuleCatalog) -> list[Party]:
    found = {document.initiator: None}
    for plan in document.tasks:
        facts = loadable_facts(catalog, plan.module)
        for variable in facts.variables.values() if facts is not None else ():
            if document.party.role in variable.sources:
                roles = {role: ids for role, ids in document.roles.items() if role in variable.targets}
                found |= dict.fromkeys(Party(role, str(one)) for role, ids in roles.items() for one in ids)
    return [party for party in found if party != document.party]


def _model_obstacles(document: PartyDocument, registry: Registry) -> Iterator[FateFlowError]:
    """Why the party's part of a predict job's model differs from the one that the initiator means."""
    if not document.model_part:
        return
    lacks = {"lacks": {"model": [f"{document.model_id} {document.model_version}"]}}
    try:
        part = registry.part(party_model_id(document.party, document.model_id), document.model_version)
    except FateFlowError as error:
        yield type(error)(error.message, hint=error.hint, data=lacks)
        return
    if part.digest != document.model_part:
        yield Conflict(
            f"its part of model version {document.model_version} ({part.digest[:12]}) differs from the one that "
            f"{document.initiator} expects ({document.model_part[:12]})",
            data=lacks,
        )
    elif flaws := registry.verify(part):
        text = f"its part of model version {document.model_version} is damaged: {flaws[0]}"
        yield DamagedFile(text, data=lacks)

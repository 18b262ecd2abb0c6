"""Grants: what the parties of other sites may run here, granted and revoked by the owner of this site."""

from __future__ import annotations

import logging
import shlex
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

import msgspec

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import BadRequest, Conflict, FateFlowError, NotFound, PartyRefused
from fateflow_tui.core.ids import OWN_PARTY_ID, ROLES, Party
from fateflow_tui.core.plan import PartyDocument, outside_tables
from fateflow_tui.core.ports import ModuleCatalog, RecordCollection, loadable_facts


def checked_pattern(text: str) -> str:
    """Return `text` if it is a party id, or ``role:id`` with one of FATE's roles. Raises BadRequest."""
    role, colon, party_id = text.partition(":")
    if not colon:
        role, party_id = "", text
    if (colon and role not in ROLES) or not (party_id.isascii() and party_id.isdecimal()) or party_id == OWN_PARTY_ID:
        raise BadRequest(
            f"invalid party {text!r}",
            hint=f"write a party id such as 10000, or role:id such as guest:10000 (roles: {', '.join(ROLES)})",
        )
    return text


def covers(pattern: str, party: Party) -> bool:
    return pattern in patterns_for(party)


def patterns_for(party: Party) -> tuple[str, str]:
    """The patterns that match a party, the more specific first."""
    return str(party), party.party_id


def party_of(pattern: str) -> Party:
    """A party that the pattern matches: for a bare id, its guest."""
    return Party.parse(pattern) if ":" in pattern else Party(ROLES[0], pattern)


ANY: Final = "*"
COMMANDS: Final = ("create", "run", "stop")
KINDS: Final = ("role", "command", "component", "dataset")
# FATE-Flow 1.11's codes for what is missing; it has none for commands.
CODES: Final = {"role": 1, "component": 2, "dataset": 3}

_ALL_WORDS: Final = frozenset({ANY, "all"})
_SHORT: Final = {"role": ROLES, "command": COMMANDS}

Lists = Mapping[str, Sequence[str]]
Permits = Callable[[PartyDocument], FateFlowError | None]  # why a document may not run here, None if it may


class NotGranted(PartyRefused):
    """A peer lacks grants; the message names them, the hint has the command that gives them."""

    code, retcode = "not_granted", 108


class GrantRecord(msgspec.Struct, frozen=True):
    """What one pattern of source parties may do: ``guest:9999``, ``9999`` (any role), ``guest:*``, ``*``.

    A list is None if the kind was never granted, ``["*"]`` for everything. role: of this site's parties. component:
    module names in lower case. dataset: ``namespace/name``, or ``namespace/*``.
    """

    party: str
    role: list[str] | None = None
    command: list[str] | None = None
    component: list[str] | None = None
    dataset: list[str] | None = None


class Grants:
    """The grants of a site. required: a kind that was never granted allows nothing, instead of everything."""

    def __init__(self, records: RecordCollection, *, required: bool = False) -> None:
        self._records = records
        self._required = required

    def all(self) -> list[GrantRecord]:
        return [_read(kept.record) for _, kept in sorted(self._records.all().items())]

    def get(self, party: str) -> GrantRecord | None:
        """The grant with exactly this pattern."""
        kept = self._records.get(checked_source(party))
        return None if kept is None else _read(kept.record)

    def add(self, party: str, lists: Lists) -> GrantRecord:
        """Add grants to a pattern of parties. lists: by kind, as `checked_lists` returns them."""
        grant = self.get(party) or GrantRecord(party)
        changed = {kind: _joined(getattr(grant, kind) or [], values) for kind, values in lists.items()}
        return self._save(msgspec.structs.replace(grant, **changed))

    def revoke(self, party: str, lists: Lists) -> GrantRecord:
        """Remove grants. Raises NotFound, or Conflict if one of them was not given."""
        grant = self._require(party)
        changed = {kind: _without(party, kind, getattr(grant, kind), values) for kind, values in lists.items()}
        return self._save(msgspec.structs.replace(grant, **changed))

    def forget(self, party: str) -> None:
        """Remove all lists of a pattern, as if it had never been granted anything. Raises NotFound."""
        self._require(party)
        self._records.delete(party)

    def lacks(self, source: Party, needs: Lists) -> dict[str, list[str]]:
        """The needs that the source has no grants for, by kind; {} if it has all."""
        patterns = _sources_of(source)
        grants = [grant for grant in self.all() if grant.party in patterns]
        return {
            kind: missing
            for kind in KINDS
            if (missing := self._missing(kind, [getattr(grant, kind) for grant in grants], needs.get(kind, ())))
        }

    def _missing(self, kind: str, lists: Iterable[list[str] | None], needs: Sequence[str]) -> list[str]:
        given = [values for values in lists if values is not None]
        if not given and not self._required:
            return []
        allowed = {value for values in given for value in values}
        return [need for need in needs if not _covers(allowed, kind, need)]

    def _require(self, party: str) -> GrantRecord:
        grant = self.get(party)
        if grant is None:
            raise NotFound(f"nothing was granted to {party}", hint="fateflow party grants")
        return grant

    def _save(self, grant: GrantRecord) -> GrantRecord:
        self._records.put(grant.party, msgspec.to_builtins(grant))
        return grant


def checked_source(party: str) -> str:
    """Return `party` if it is a pattern of source parties. Raises BadRequest."""
    role, colon, party_id = party.partition(":")
    number = party_id if colon else party
    known = number == ANY or (number.isascii() and number.isdecimal() and number != OWN_PARTY_ID)
    if not known or (colon and role not in ROLES):
        raise BadRequest(
            f"invalid party pattern {party!r}",
            hint=f"write guest:9999, 9999 for any role, guest:* or * (roles: {', '.join(ROLES)})",
        )
    return party


def checked_lists(given: Mapping[str, Sequence[str]], modules: Iterable[str]) -> dict[str, list[str]]:
    """Return lists by kind as they are stored; kinds without values are left out. modules: all known names.

    Raises BadRequest for unknown values, naming the known ones.
    """
    known = {name.lower() for name in modules}
    lists: dict[str, list[str]] = {}
    for kind, values in given.items():
        if not values:
            continue
        if any(value in _ALL_WORDS for value in values):
            lists[kind] = [ANY]
        elif kind == "dataset":
            lists[kind] = [_dataset(value) for value in values]
        else:
            legal = known if kind == "component" else set(_SHORT[kind])
            lists[kind] = [_legal(kind, value.lower(), legal) for value in values]
    return lists


def dataset(namespace: str, name: str) -> str:
    """A table as it is written in grants; neither part can contain a slash."""
    return f"{namespace}/{name}"


def shown_dataset(text: str) -> str:
    """The table as `namespace.name` where that is unambiguous."""
    return text.replace("/", ".") if "." not in text and "/" in text else text


def grant_command(source: Party | str, lacks: Mapping[str, Sequence[str]]) -> str:
    """The command that grants a party what it lacks. lacks: as in the data of NotGranted, and in a Refusal."""
    options = " ".join(f"--{kind} {shlex.quote(','.join(values))}" for kind, values in lacks.items())
    return f"fateflow party grant {source} {options}"


def not_granted(source: Party, lacks: Mapping[str, Sequence[str]], modules: Mapping[str, str]) -> NotGranted:
    """Return the error that names what is missing. modules: a module's name by its lower-case form."""
    shown = {
        kind: [modules.get(value, value) if kind == "component" else shown_dataset(value) for value in values]
        for kind, values in lacks.items()
    }
    nouns = {"role": "call on the role", "command": "use", "component": "run", "dataset": "read table"}
    texts = "; ".join(f"it may not {nouns[kind]} {', '.join(values)}" for kind, values in shown.items())
    return NotGranted(
        f"{source} lacks grants of this site: {texts}",
        hint=f"at the refusing site: {grant_command(source, shown)}",
        data={"lacks": shown, "codes": [CODES[kind] for kind in lacks if kind in CODES]},
    )


def _read(record: Mapping[str, Any]) -> GrantRecord:
    return msgspec.convert(record, GrantRecord)


def _sources_of(party: Party) -> frozenset[str]:
    return frozenset({str(party), party.party_id, f"{party.role}:{ANY}", ANY})


def _covers(allowed: set[str], kind: str, need: str) -> bool:
    whole = f"{need.partition('/')[0]}/{ANY}"
    return ANY in allowed or need in allowed or (kind == "dataset" and whole in allowed)


def _joined(old: list[str], new: Sequence[str]) -> list[str]:
    return [ANY] if ANY in (*old, *new) else sorted({*old, *new})


def _without(party: str, kind: str, old: list[str] | None, values: Sequence[str]) -> list[str]:
    if old is not None and ANY in values:
        return []
    if old == [ANY]:
        raise Conflict(
            f"{party} has a grant for every {kind}; a single one cannot be removed from it",
            hint=f"revoke --{kind} all, then grant the ones to keep",
        )
    absent = [value for value in values if value not in (old or [])]
    if absent:
        raise Conflict(f"{kind} {', '.join(absent)} was not granted to {party}", hint="fateflow party grants")
    return [value for value in old or [] if value not in values]


def _legal(kind: str, value: str, legal: set[str]) -> str:
    if value not in legal:
        raise BadRequest(f"there is no {kind} {value!r}", hint=f"one of {', '.join(sorted(legal))}, or all")
    return value


def _dataset(text: str) -> str:
    """Reads `namespace/name`, or `namespace.name` where there is one dot only."""
    sign = "/" if "/" in text else "."
    namespace, found, name = text.partition(sign)
    if not (namespace and found and name) or sign in name:
        raise BadRequest(
            f"invalid table {text!r}",
            hint="write namespace.name, namespace/name where a name has dots, or namespace/*",
        )
    return dataset(namespace, name)


logger = logging.getLogger(__name__)

_REMEMBERED: Final = 1_000  # denials that are not recorded again when the peer retries
_NEEDED: Final = ("create", "run")  # no job is created that may not run


class Trail(Protocol):
    """Records who did what; see `store.audit`."""

    def add(self, at: int, entry: Mapping[str, Any]) -> None: ...


class PeerPermissions:
    """Changes the grants of a site and checks jobs against them. plays: whether a party is the site's own."""

    def __init__(self, grants: Grants, catalog: ModuleCatalog, trail: Trail, plays: Callable[[Party], bool]) -> None:
        self.grants = grants
        self._catalog = catalog
        self._trail = trail
        self._plays = plays
        self._noted: OrderedDict[tuple[str, str], str] = OrderedDict()

    def grant(self, party: str, lists: Mapping[str, Sequence[str]], *, by: str) -> GrantRecord:
        """Add grants to a pattern of parties. lists: by kind, as the user writes them. Raises BadRequest."""
        checked = checked_lists(lists, self._catalog.names())
        grant = self.grants.add(party, checked)
        self._note("grant", party=party, by=by, lists=checked)
        return grant

    def revoke(self, party: str, lists: Mapping[str, Sequence[str]], *, by: str) -> GrantRecord:
        """Remove grants. Raises BadRequest, NotFound, or Conflict if one of them was not given."""
        checked = checked_lists(lists, self._catalog.names())
        grant = self.grants.revoke(party, checked)
        self._note("revoke", party=party, by=by, lists=checked)
        return grant

    def forget(self, party: str, *, by: str) -> None:
        """Remove all grants and restrictions of a pattern. Raises NotFound."""
        self.grants.forget(party)
        self._note("forget_grants", party=party, by=by)

    def of(self, driver: Party) -> Permits | None:
        """Return the check of this driver's documents; None for a party of this site, which needs no grants."""
        return None if self._plays(driver) else partial(self._denial, driver)

    def _denial(self, driver: Party, document: PartyDocument) -> FateFlowError | None:
        denial = self._judge(driver, document)
        if denial is not None:
            key = (document.job_id, str(document.party))
            if self._noted.get(key) != denial.message:
                self._noted[key] = denial.message
                self._note("denied", party=str(driver), job_id=document.job_id, at_party=key[1], **(denial.data or {}))
                logger.warning("job %s at %s: %s", document.job_id, document.party, denial.message)
            while len(self._noted) > _REMEMBERED:
                self._noted.popitem(last=False)
        return denial

    def _judge(self, driver: Party, document: PartyDocument) -> FateFlowError | None:
        if document.party.role == "local":
            # Modules of this role read and write files of the site.
            return PartyRefused(f"only the owner of this site may run components as {document.party}")
        modules = {plan.module.lower(): plan.module for plan in document.tasks}
        tables = [
            dataset(table.namespace, table.name)
            for plan in document.tasks
            for table in outside_tables(plan, loadable_facts(self._catalog, plan.module))
        ]
        needs = {
            "role": [document.party.role],
            "command": list(_NEEDED),
            "component": list(modules),
            "dataset": list(dict.fromkeys(tables)),
        }
        lacks = self.grants.lacks(driver, needs)
        return not_granted(driver, lacks, modules) if lacks else None

    def _note(self, what: str, **facts: Any) -> None:
        self._trail.add(now_ms(), {"what": what, **facts})

"""Grants: what the parties of other sites may run here, granted and revoked by this site's owner."""

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
    """`text` when it is a party id or ``role:id`` with one of FATE's roles; raises BadRequest otherwise."""
    role, colon, party_id = text.partition(":")
    if not colon:
        role, party_id = "", text
    if (colon and role not in ROLES) or not (party_id.isascii() and party_id.isdecimal()) or party_id == OWN_PARTY_ID:
        raise BadRequest(
            f"{text!r} names no party",
            hint=f"write a party id such as 10000, or role:id such as guest:10000 (roles: {', '.join(ROLES)})",
        )
    return text


def covers(pattern: str, party: Party) -> bool:
    return pattern in patterns_for(party)


def patterns_for(party: Party) -> tuple[str, str]:
    """The patterns that cover a party, the more specific first."""
    return str(party), party.party_id


def party_of(pattern: str) -> Party:
    """A party that the pattern covers; of a bare id, its guest."""
    return Party.parse(pattern) if ":" in pattern else Party(ROLES[0], pattern)


ANY: Final = "*"
COMMANDS: Final = ("create", "run", "stop")
KINDS: Final = ("role", "command", "component", "dataset")
# FATE-Flow 1.11's numbers for what is missing; it has none for a command.
CODES: Final = {"role": 1, "component": 2, "dataset": 3}

_ALL_WORDS: Final = frozenset({ANY, "all"})
_SHORT: Final = {"role": ROLES, "command": COMMANDS}

Lists = Mapping[str, Sequence[str]]
Permits = Callable[[PartyDocument], FateFlowError | None]  # why a document may not run here, None if it may


class NotGranted(PartyRefused):
    """A peer may not run this here; the message names what is missing and how to allow it."""

    code, retcode = "not_granted", 108


class GrantRecord(msgspec.Struct, frozen=True):
    """What one pattern of source parties may do: ``guest:9999``, ``9999`` (any role), ``guest:*``, ``*``.

    Each list: None, it was never granted; ``["*"]``, everything. role: of this site's parties. component: module
    names in lower case. dataset: ``namespace/name``, or ``namespace/*``.
    """

    party: str
    role: list[str] | None = None
    command: list[str] | None = None
    component: list[str] | None = None
    dataset: list[str] | None = None


class Grants:
    """The grants of a site. required: whether a kind that was never granted allows nothing."""

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
        """Allows more to a pattern of parties. lists: by kind, as `checked_lists` gives them."""
        grant = self.get(party) or GrantRecord(party)
        changed = {kind: _joined(getattr(grant, kind) or [], values) for kind, values in lists.items()}
        return self._save(msgspec.structs.replace(grant, **changed))

    def revoke(self, party: str, lists: Lists) -> GrantRecord:
        """Takes back what was granted. Raises NotFound, Conflict when something of it was not."""
        grant = self._require(party)
        changed = {kind: _without(party, kind, getattr(grant, kind), values) for kind, values in lists.items()}
        return self._save(msgspec.structs.replace(grant, **changed))

    def forget(self, party: str) -> None:
        """Removes all lists of a pattern, as if nothing had ever been granted to it. Raises NotFound."""
        self._require(party)
        self._records.delete(party)

    def lacks(self, source: Party, needs: Lists) -> dict[str, list[str]]:
        """What of the needs is not allowed to the source, by kind; {} when all is."""
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
    """`party` when it is a pattern of source parties; raises BadRequest otherwise."""
    role, colon, party_id = party.partition(":")
    number = party_id if colon else party
    known = number == ANY or (number.isascii() and number.isdecimal() and number != OWN_PARTY_ID)
    if not known or (colon and role not in ROLES):
        raise BadRequest(
            f"{party!r} names no party of another site",
            hint=f"write guest:9999, 9999 for any role, guest:* or * (roles: {', '.join(ROLES)})",
        )
    return party


def checked_lists(given: Mapping[str, Sequence[str]], modules: Iterable[str]) -> dict[str, list[str]]:
    """Lists by kind in the form they are kept in; kinds without values are left out. modules: all known names.

    Raises BadRequest for unknown values, naming those that there are.
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
    """A table as grants have it; neither part can contain a slash."""
    return f"{namespace}/{name}"


def shown_dataset(text: str) -> str:
    """`namespace.name` where that can be read back in one way only."""
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
            f"{party} has every {kind}; a single one cannot be taken from that",
            hint=f"revoke --{kind} all, then grant those that shall stay",
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
            f"{text!r} names no table",
            hint="write namespace.name, namespace/name where a name has dots, or namespace/*",
        )
    return dataset(namespace, name)


logger = logging.getLogger(__name__)

_REMEMBERED: Final = 1_000  # denials that are not noted again when the peer asks again
_NEEDED: Final = ("create", "run")  # a job that may not run is not worth creating


class Trail(Protocol):
    """Where it is noted who did what, see `store.audit`."""

    def add(self, at: int, entry: Mapping[str, Any]) -> None: ...


class PeerPermissions:
    """Grants of a site and their use. plays: which parties are its own; these need no grant."""

    def __init__(self, grants: Grants, catalog: ModuleCatalog, trail: Trail, plays: Callable[[Party], bool]) -> None:
        self.grants = grants
        self._catalog = catalog
        self._trail = trail
        self._plays = plays
        self._noted: OrderedDict[tuple[str, str], str] = OrderedDict()

    def grant(self, party: str, lists: Mapping[str, Sequence[str]], *, by: str) -> GrantRecord:
        """Allows more to a pattern of parties. lists: by kind, as the user writes them. Raises BadRequest."""
        checked = checked_lists(lists, self._catalog.names())
        grant = self.grants.add(party, checked)
        self._note("grant", party=party, by=by, lists=checked)
        return grant

    def revoke(self, party: str, lists: Mapping[str, Sequence[str]], *, by: str) -> GrantRecord:
        """Takes back. Raises BadRequest, NotFound, Conflict when something of it was not granted."""
        checked = checked_lists(lists, self._catalog.names())
        grant = self.grants.revoke(party, checked)
        self._note("revoke", party=party, by=by, lists=checked)
        return grant

    def forget(self, party: str, *, by: str) -> None:
        """Removes all that was granted to a pattern, restrictions included. Raises NotFound."""
        self.grants.forget(party)
        self._note("forget_grants", party=party, by=by)

    def of(self, driver: Party) -> Permits | None:
        """How to ask whether this driver's job may run here; None for a party of this site."""
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
            return PartyRefused(f"nobody but its own owner runs something as {document.party} at this site")
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

"""Model versions: lookup by name, alias or prefix, and creation at all parties or none."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from fateflow_tui.core.errors import Conflict, FateFlowError, NotFound, PartyRefused, PartyUnreachable
from fateflow_tui.core.ids import Party, ids_matching
from fateflow_tui.core.ports import RecordCollection
from fateflow_tui.registry import Part, Registry
from fateflow_tui.registry.names import ModelNames
from fateflow_tui.runtime.models.messages import (
    DiscardVersion,
    MigrateChange,
    ModelAnswer,
    ModelMessage,
    PublishVersion,
    StageVersion,
    VersionOrder,
)


class ModelNotFound(NotFound):
    """No such model at this site; FATE-Flow answers 100."""

    code, retcode = "model_not_found", 100


class ModelLookup:
    """The registered versions of a site. tags: their names."""

    def __init__(self, registry: Registry, tags: ModelNames) -> None:
        self._registry = registry
        self.tags = tags

    def find(self, *, model_id: str = "", version: str = "", role: str = "", party_id: str = "") -> list[Part]:
        """Registered parts of this site, newest first."""
        return self._registry.find(model_id=model_id, version=version, role=role, party_id=party_id)

    def require(self, version: str) -> list[Part]:
        """Return this site's parts of a version, the initiator's first. Raises ModelNotFound."""
        parts = self.find(version=version)
        if not parts:
            raise ModelNotFound(
                f"there is no model version {version} at this site",
                hint="list the models: fateflow model list",
            )
        return sorted(parts, key=lambda part: part.party != part.pipeline.initiator)

    def part(self, model_id: str, version: str, *, role: str = "", party_id: str = "") -> Part:
        """Return the part of the named party; by default that of the initiator, or any part that is here."""
        version = self.resolve(version)
        parts = [
            part
            for part in self.find(model_id=model_id, version=version)
            if role in ("", part.party.role) and party_id in ("", part.party.party_id)
        ]
        if not parts:
            whose = f" of {role}:{party_id}" if role or party_id else ""
            raise ModelNotFound(
                f"there is no model {model_id} version {version}{whose} at this site",
                hint="list the models: fateflow model list",
            )
        return min(parts, key=lambda part: part.party != part.pipeline.initiator)

    def resolve(self, word: str) -> str:
        """Return the version for a word: a version, an alias `name@tag`, `@last`, `@2`, or a unique prefix or suffix.

        A word that matches none is returned unchanged, so that the lookup of the version reports that there is none.
        """
        if word.startswith("@"):
            return self._newest(word)
        if "@" in word:
            return self.tags.version_of(word)
        versions = list(dict.fromkeys(part.model_version for part in self.find()))
        if word in versions:
            return word
        fitting = ids_matching(word, versions) if word else []
        if len(fitting) > 1:
            raise Conflict(
                f"{word} stands for {len(fitting)} model versions", hint=f"the newest are {', '.join(fitting[:3])}"
            )
        return fitting[0] if fitting else word

    def buffers(self, owner: str, version: str) -> dict[str, str]:
        """Return a part's component models for serving programs: `component.alias:module` -> base64 of its JSON."""
        try:
            part = self._registry.part(owner, version)
        except NotFound as error:
            raise ModelNotFound(error.message, hint=error.hint) from error
        return {
            f"{file.component}.{file.alias}:{file.module}": base64.b64encode(part.content(file)).decode()
            for file in part.files
        }

    def _newest(self, word: str) -> str:
        versions = list(dict.fromkeys(part.model_version for part in self.find()))
        place = 1 if word == "@last" else int(word[1:]) if word[1:].isdecimal() else 0
        if not 1 <= place <= len(versions):
            raise ModelNotFound(
                f"{word} matches no model version; this site has {len(versions)}",
                hint="write @last, @1, @2 ..., or list the models: fateflow model list",
            )
        return versions[place - 1]


logger = logging.getLogger(__name__)

# Sends a message from a source party to another party.
Ask = Callable[[Party, Party, ModelMessage], Awaitable[ModelAnswer]]


class PartyAnswer(msgspec.Struct, frozen=True):
    """The outcome at one party, with FATE-Flow's codes."""

    retcode: int
    retmsg: str


class VersionResult(msgspec.Struct, frozen=True):
    """The outcome at every party, by `str(party)`. ok: the version exists at all of them."""

    model_id: str
    model_version: str
    answers: dict[str, PartyAnswer]

    @property
    def ok(self) -> bool:
        return all(answer.retcode == 0 for answer in self.answers.values())

    def failure(self) -> FateFlowError:
        """Why the version does not exist at all parties, as one error."""
        causes = "; ".join(f"{key}: {answer.retmsg}" for key, answer in self.answers.items() if answer.retcode)
        return PartyRefused(f"the model version is not at all parties: {causes}")


class Decision(msgspec.Struct):
    """A version that exists; the parties in `waiting` have not confirmed it yet."""

    source: Party
    order: VersionOrder
    parts: dict[str, str]
    waiting: list[Party]


class Versions:
    """Creates versions on behalf of this site's parties, with a two-phase commit over all parties."""

    def __init__(self, ask: Ask, decisions: RecordCollection) -> None:
        self._ask = ask
        self._decisions = decisions

    async def make(self, source: Party, order: VersionOrder, parties: Sequence[Party]) -> VersionResult:
        """Create a version at all parties, on behalf of `source`. Failures of parties are in the result, not raised."""
        staged = await self._ask_all(source, parties, StageVersion(order))
        failures = {party: outcome for party, outcome in staged.items() if isinstance(outcome, FateFlowError)}
        if failures:
            await self._ask_all(source, [party for party in parties if party not in failures], DiscardVersion(order))
            return _made(order, _refused(parties, failures))
        digests = {party: outcome.digest for party, outcome in staged.items() if isinstance(outcome, ModelAnswer)}
        parts = {_name_in(order, party): digest for party, digest in digests.items()}
        decision = Decision(source, order, parts, list(parties))
        self._save(decision)
        answers = await self._publish(decision)
        return _made(order, {str(party): _published_answer(party, outcome) for party, outcome in answers.items()})

    async def retry_decisions(self) -> None:
        """Retry the delivery of decided versions to the parties that have not confirmed them."""
        for record in self._decisions.all().values():
            await self._publish(msgspec.convert(record.record, Decision))

    async def _publish(self, decision: Decision) -> dict[Party, ModelAnswer | FateFlowError]:
        message = PublishVersion(decision.order, decision.parts)
        answers = await self._ask_all(decision.source, decision.waiting, message)
        decision.waiting = [party for party, outcome in answers.items() if isinstance(outcome, PartyUnreachable)]
        self._save(decision)
        return answers

    async def _ask_all(
        self, source: Party, parties: Sequence[Party], message: ModelMessage
    ) -> dict[Party, ModelAnswer | FateFlowError]:
        async def one(party: Party) -> ModelAnswer | FateFlowError:
            try:
                return await self._ask(source, party, message)
            except FateFlowError as error:
                return error
            except OSError as error:  # of this site's disk; errors of other sites arrive as PartyUnreachable
                return PartyUnreachable(f"the site of {party} failed: {error.strerror or type(error).__name__}")

        return dict(zip(parties, await asyncio.gather(*map(one, parties)), strict=True))

    def _save(self, decision: Decision) -> None:
        key = decision.order.new_version
        if decision.waiting:
            self._decisions.put(key, msgspec.to_builtins(decision))
        elif self._decisions.get(key) is not None:
            self._decisions.delete(key)


def _name_in(order: VersionOrder, party: Party) -> str:
    """The party's name in the new version."""
    return order.change.parties[str(party)] if isinstance(order.change, MigrateChange) else str(party)


def _made(order: VersionOrder, answers: dict[str, PartyAnswer]) -> VersionResult:
    return VersionResult(order.new_model_id, order.new_version, answers)


def _refused(parties: Sequence[Party], failures: dict[Party, FateFlowError]) -> dict[str, PartyAnswer]:
    because = "; ".join(f"{party}: {error.message}" for party, error in failures.items())
    answers: dict[str, PartyAnswer] = {}
    for party in parties:
        if error := failures.get(party):
            hint = f" ({error.hint})" if error.hint else ""
            answers[str(party)] = PartyAnswer(error.retcode or 100, f"{error.message}{hint}")
        else:
            answers[str(party)] = PartyAnswer(103, f"ready, but rolled back because of {because}")
    return answers


def _published_answer(party: Party, outcome: ModelAnswer | FateFlowError) -> PartyAnswer:
    if isinstance(outcome, ModelAnswer):
        return PartyAnswer(0, outcome.text)
    if isinstance(outcome, PartyUnreachable):
        text = f"all parties agreed, but {party} does not answer; retrying until it does: {outcome.message}"
        return PartyAnswer(outcome.retcode, text)
    return PartyAnswer(outcome.retcode or 100, outcome.message)


def plain_answers(answers: dict[str, PartyAnswer]) -> dict[str, Any]:
    """FATE-Flow's form: role -> party id -> retcode, and all of it under `detail`."""
    data: dict[str, Any] = {"detail": {}}
    for key, answer in answers.items():
        party = Party.parse(key)
        data.setdefault(party.role, {})[party.party_id] = answer.retcode
        data["detail"].setdefault(party.role, {})[party.party_id] = msgspec.to_builtins(answer)
    return data

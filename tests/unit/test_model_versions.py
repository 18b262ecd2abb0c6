"""Two-phase commit over parties: all or none, with later delivery to unreachable parties."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from fateflow_tui.core.errors import Conflict, FateFlowError, PartyUnreachable
from fateflow_tui.core.ids import Party
from fateflow_tui.runtime.models.messages import (
    DeployChange,
    DiscardVersion,
    MigrateChange,
    ModelAnswer,
    ModelMessage,
    PublishVersion,
    StageVersion,
    VersionOrder,
)
from fateflow_tui.runtime.models.versions import Versions
from fateflow_tui.store.memory import MemoryCollection

GUEST, HOST, ARBITER = (Party.parse(text) for text in ("guest:9999", "host:10000", "arbiter:10000"))
ALL = [GUEST, HOST, ARBITER]
ORDER = VersionOrder("m", "1", "m", "2", DeployChange({}, []), 5)


class Parties:
    """Parties that do as they are asked, and keep what they were asked. away: who does not answer, by message."""

    def __init__(
        self, fails: Callable[[Party, ModelMessage], FateFlowError | None] = lambda party, message: None
    ) -> None:
        self.fails = fails
        self.heard: list[tuple[str, Party]] = []
        self.published: dict[Party, dict[str, str]] = {}

    async def ask(self, source: Party, party: Party, message: ModelMessage) -> ModelAnswer:
        self.heard.append((type(message).__name__, party))
        if error := self.fails(party, message):
            raise error
        if isinstance(message, PublishVersion):
            self.published[party] = message.parts
        return ModelAnswer(digest=f"digest of {party}")

    def asked(self, kind: type) -> list[Party]:
        return [party for name, party in self.heard if name == kind.__name__]


def test_nothing_is_published_when_one_party_cannot() -> None:
    async def run() -> None:
        parties = Parties(lambda party, message: Conflict("disk full") if party == HOST else None)
        decisions = MemoryCollection("decisions")
        made = await Versions(parties.ask, decisions).make(GUEST, ORDER, ALL)
        assert not made.ok
        assert made.answers["host:10000"].retcode == 103
        assert "disk full" in made.answers["host:10000"].retmsg
        assert "because of host:10000: disk full" in made.answers["guest:9999"].retmsg
        assert parties.asked(DiscardVersion) == [GUEST, ARBITER]
        assert parties.published == {}
        assert decisions.all() == {}

    asyncio.run(run())


def test_all_parties_learn_the_same_digests() -> None:
    async def run() -> None:
        parties = Parties()
        decisions = MemoryCollection("decisions")
        made = await Versions(parties.ask, decisions).make(GUEST, ORDER, ALL)
        assert made.ok
        assert parties.asked(StageVersion) == parties.asked(PublishVersion) == ALL
        agreed = {str(party): f"digest of {party}" for party in ALL}
        assert parties.published == dict.fromkeys(ALL, agreed)
        assert decisions.all() == {}

    asyncio.run(run())


def test_the_parts_of_a_migrated_version_are_named_by_the_new_parties() -> None:
    async def run() -> None:
        parties = Parties()
        change = MigrateChange({"guest:9999": "guest:1", "host:10000": "host:2", "arbiter:10000": "arbiter:3"})
        await Versions(parties.ask, MemoryCollection("decisions")).make(
            GUEST, msgspec.structs.replace(ORDER, change=change), ALL
        )
        assert set(parties.published[HOST]) == {"guest:1", "host:2", "arbiter:3"}

    asyncio.run(run())


def test_delivery_to_an_unreachable_party_is_retried_even_after_a_restart() -> None:
    async def run() -> None:
        away = {HOST}

        def fails(party: Party, message: ModelMessage) -> FateFlowError | None:
            silent = party in away and isinstance(message, PublishVersion)
            return PartyUnreachable(f"{party} does not answer") if silent else None

        decisions = MemoryCollection("decisions")
        parties = Parties(fails)
        made = await Versions(parties.ask, decisions).make(GUEST, ORDER, ALL)
        assert not made.ok
        assert made.answers["host:10000"].retcode == PartyUnreachable.retcode
        assert "retrying" in made.answers["host:10000"].retmsg
        assert set(parties.published) == {GUEST, ARBITER}

        away.clear()
        await Versions(parties.ask, decisions).retry_decisions()
        assert parties.published[HOST] == parties.published[GUEST]
        assert decisions.all() == {}

    asyncio.run(run())

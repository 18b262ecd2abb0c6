"""Reading the rows of the models, data and parties screens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from fateflow_tui.sdk.types.models import ModelLine
from fateflow_tui.sdk.types.site import Grant, PeerState

if TYPE_CHECKING:
    from fateflow_tui.sdk.async_client import AsyncFateFlow
    from fateflow_tui.sdk.types.tables import TableLine

MAX_ROWS: Final = 1_000  # rows per screen


class ModelRow(ModelLine, frozen=True, kw_only=True):
    """A model version and the services bound to it."""

    services: list[str] = msgspec.field(default_factory=list)


class PartyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A party that this site knows, or a pattern with a grant.

    here: this site plays it. url: '' if unknown. peer: the last answer of its site. trouble: why it could not be
    reached; `hint`: what to do about it.
    """

    party: str
    url: str = ""
    note: str = ""
    trusted: bool = False
    fingerprint: str = ""
    here: bool = False
    grant: Grant | None = None
    peer: PeerState | None = None
    trouble: str = ""
    hint: str = ""

    @property
    def is_pattern(self) -> bool:
        """Whether it stands for several parties, which cannot be pinged as one."""
        return ":" not in self.party or "*" in self.party


async def models(flow: AsyncFateFlow) -> list[ModelRow]:
    """Read model versions, newest first. Raises FateFlowError."""
    lines, serving = await asyncio.gather(flow.models(MAX_ROWS), flow.serving())
    names: dict[str, list[str]] = {}
    for service in serving.services:
        names.setdefault(service.model_version, []).append(service.service_id)
    return [
        ModelRow(**msgspec.structs.asdict(line), services=list(dict.fromkeys(names.get(line.model_version, []))))
        for line in lines
    ]


async def tables(flow: AsyncFateFlow, *, outputs: bool) -> list[TableLine]:
    """Read tables, newest first, on request with the outputs of components. Raises FateFlowError."""
    return await flow.tables(limit=MAX_ROWS, outputs=outputs)


async def parties(flow: AsyncFateFlow) -> list[PartyRow]:
    """Read parties: this site's own, then those with an address, then patterns. Raises FateFlowError."""
    site, routes, grants = await asyncio.gather(flow.status(), flow.parties(), flow.permissions())
    granted = {grant.party: grant for grant in grants}
    own = [PartyRow(party=party, url=site.url, here=True) for party in site.parties]
    if site.standalone:
        own = [PartyRow(party="*", url=site.url, here=True, note="standalone: this site plays every party")]
    known = [
        PartyRow(
            party=route.party,
            url=route.url,
            note=route.note,
            trusted=route.trusted,
            fingerprint=route.fingerprint,
            grant=granted.pop(route.party, None),
        )
        for route in routes
    ]
    return [*own, *known, *(PartyRow(party=party, grant=grant) for party, grant in granted.items())]

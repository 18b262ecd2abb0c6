"""What an engine knows about its site, and its intervals."""

from __future__ import annotations

import msgspec

from fateflow_tui.core.ids import OWN_PARTY_ID, Party
from fateflow_tui.core.plan import Resources


class SiteFacts(msgspec.Struct, frozen=True):
    """The site that this engine decides for.

    capacity: shared by all parties that the site plays. plays: "guest:9999", or "9999" for a party id in any role;
    None for a standalone site, which plays every party. Party id 0 (`local:0`, for uploads) is always the own site.
    """

    name: str
    capacity: Resources
    plays: frozenset[str] | None = None

    def hosts(self, party: Party) -> bool:
        if self.plays is None or party.party_id == OWN_PARTY_ID:
            return True
        return str(party) in self.plays or party.party_id in self.plays


class Tunables(msgspec.Struct, frozen=True):
    """Times in milliseconds, and limits."""

    reserve_ttl: int = 30_000  # how long a reservation is kept until it is confirmed
    heartbeat: int = 5_000  # between directives without news
    resend_first: int = 300  # an unacknowledged message is resent after this,
    resend_max: int = 5_000  # then with doubled intervals up to this,
    resend_away: int = 30_000  # or up to this when the job has ended
    create_timeout: int = 15_000  # for all parties to accept a new job
    peer_silence: int = 20_000  # a party that is silent for this long is shown as lost,
    peer_lost_timeout: int = 120_000  # and the job fails after this
    relaunch_limit: int = 50  # new versions of a component because of site restarts
    ageing: int = 60_000  # a job that waits longer is no longer overtaken
    retry_first: int = 1_000  # between attempts to reserve: first this,
    retry_max: int = 10_000  # up to this
    stop_timeout: int = 10_000  # an unconfirmed kill is repeated after this

"""Authenticates calls from other sites and records those that were rejected. Knows no web framework."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import msgspec

import fateflow_tui
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import NotAuthentic
from fateflow_tui.core.ids import OWN_PARTY_ID, Party
from fateflow_tui.runtime.home.checks import DoctorCheck
from fateflow_tui.runtime.peers.keys import SiteKey
from fateflow_tui.runtime.peers.routes import Identity, Pong, RouteTable
from fateflow_tui.runtime.peers.signing import (
    RejectionReason,
    ReplayGuard,
    SignedCall,
    answer_headers,
    call_nonce,
    read_call,
    refusal,
)
from fateflow_tui.runtime.site_config import SiteConfig

logger = logging.getLogger(__name__)

_REMEMBERED: Final = 600_000  # ms
_CAPACITY: Final = 64  # whoever calls may call himself anything: neither memory nor log grows by that


class _Turned(msgspec.Struct):
    """The newest refusal of one caller for one reason. count: how often, since it was first remembered."""

    error: NotAuthentic
    at: int
    count: int = 1


class RejectedCalls:
    """What callers were refused for in the last ten minutes. Each is logged when it comes up, not each time."""

    def __init__(self) -> None:
        self._known: dict[tuple[Party, str], _Turned] = {}

    def note(self, source: Party, error: NotAuthentic, now: int) -> None:
        self._drop_old(now)
        key = (source, str((error.data or {}).get("reason", "")))
        if (known := self._known.get(key)) is not None:
            known.error, known.at, known.count = error, now, known.count + 1
        elif len(self._known) < _CAPACITY:
            self._known[key] = _Turned(error, now)
            logger.warning("a call was turned away: %s; %s", error.message, error.hint)

    def forget(self, source: Party) -> None:
        """It has been let in."""
        for key in [key for key in self._known if key[0] == source]:
            del self._known[key]

    def checks(self, now: int) -> list[DoctorCheck]:
        """For the doctor, one for each caller and reason."""
        self._drop_old(now)
        return [
            DoctorCheck(
                f"calls of {source}",
                False,
                f"{'one was' if one.count == 1 else f'{one.count} were'} turned away, the last "
                f"{max(now - one.at, 0) / 1000:.0f} s ago: {one.error.message}",
                one.error.hint,
            )
            for (source, _), one in self._known.items()
        ]

    def _drop_old(self, now: int) -> None:
        for key in [key for key, one in self._known.items() if now - one.at > _REMEMBERED]:
            del self._known[key]


class Caller(NamedTuple):
    """The party that a call was signed for, the party of this site that it is for, and the body that was signed."""

    source: Party
    destination: Party
    body_sha256: str

    def check_body(self, sha256: str) -> None:
        """Raises NotAuthentic when the body that came, of this hash (hex), is not the one that was signed."""
        if sha256 != self.body_sha256:
            raise refusal(
                RejectionReason.ALTERED, f"the body of the call of {self.source} is not the one that was signed"
            )

    def require(self, source: Party, destination: Party, message: str) -> None:
        """Raises NotAuthentic when a message speaks for, or to, another party than was signed."""
        if (source, destination) != (self.source, self.destination):
            raise refusal(
                RejectionReason.WRONG_SPEAKER,
                f"a {message} from {source} to {destination} came in a call from {self.source} to {self.destination}",
            )


class PeerAuthenticator:
    """Checks calls against the pinned keys of a site's route table.

    session: names this run of the site; calls must be signed for it, so a recorded call is worthless after a restart
    although the replay guard begins empty.
    """

    def __init__(self, config: SiteConfig, key: SiteKey, routes: RouteTable, clock: Callable[[], int] = now_ms) -> None:
        self._config = config
        self._key = key
        self._routes = routes
        self._clock = clock
        self._guard = ReplayGuard()
        self.rejected_calls = RejectedCalls()
        self.session = secrets.token_hex(8)

    def authenticate(self, method: str, path: str, headers: Mapping[str, str]) -> Caller:
        """Who calls whom. Raises NotAuthentic with `data["reason"]`, see `signing.Reason`.

        The body need not be there yet, so nobody unknown makes this site read one; it is for the caller of this method
        to hash it and call `Caller.check_body`. path: with its query, as received. headers: names in lower case.
        """
        call, signature = read_call(method, path, headers)
        try:
            self._admit(call, signature)
        except NotAuthentic as error:
            if (error.data or {}).get("reason") != RejectionReason.STALE_SESSION:  # it signs anew by itself
                self.rejected_calls.note(call.source, error, self._clock())
            raise
        self.rejected_calls.forget(call.source)
        return Caller(call.source, call.destination, call.body_sha256)

    def _admit(self, call: SignedCall, signature: bytes) -> None:
        # Party id 0 means another site at each site: a call to it would be good at all of them.
        if not self._config.plays(call.destination) or call.destination.party_id == OWN_PARTY_ID:
            raise refusal(
                RejectionReason.MISADDRESSED,
                f"{call.source} calls {call.destination}, which this site ({self._config.name}) does not play",
                hint=f"at the calling site, correct the address: fateflow party add {call.destination} URL",
            )
        public = self._pinned_key(call.source)
        now = self._clock()
        call.check(public, signature, now)
        if call.session != self.session:
            raise refusal(
                RejectionReason.STALE_SESSION,
                f"the call of {call.source} was signed for an earlier run of this site",
                hint="sign it again for the session in this answer",
                session=self.session,
            )
        if not self._guard.is_first(public, call.nonce, call.time, now):
            raise refusal(RejectionReason.REPLAYED, f"this call of {call.source} has come before")

    def identity(self) -> Identity:
        return Identity(
            name=self._config.name,
            parties=self._config.parties,
            public_key=self._key.public,
            version=fateflow_tui.__version__,
            time=self._clock(),
        )

    def pong(self) -> Pong:
        return Pong(self._config.name, fateflow_tui.__version__, self._clock())

    def sign_answer(self, call_headers: Mapping[str, str], status: int, body: bytes) -> dict[str, str]:
        """The headers that show the caller that the answer is this site's; none for a call without a nonce."""
        nonce = call_nonce(call_headers)
        return answer_headers(self._key, nonce, status, body) if nonce else {}

    def _pinned_key(self, source: Party) -> str:
        if self._config.plays(source):
            raise refusal(
                RejectionReason.UNKNOWN_SOURCE, f"{source} is played by this site; nobody else may speak for it"
            )
        route = self._routes.find(source)
        if route is None or route.public_key is None:
            lack = "there is no route to it" if route is None else "the key of its site is not trusted yet"
            verb = f"add {source} URL" if route is None else f"trust {route.party}"
            raise refusal(
                RejectionReason.UNKNOWN_SOURCE,
                f"{source} is not known to this site ({self._config.name}): {lack}",
                hint=f"at this site: fateflow party {verb}",
            )
        return route.public_key

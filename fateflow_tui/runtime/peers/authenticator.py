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
_CAPACITY: Final = 64  # callers choose their names freely, so neither memory nor log may grow with them


class _Turned(msgspec.Struct):
    """The newest rejection of one caller for one reason. count: rejections since the first one that is remembered."""

    error: NotAuthentic
    at: int
    count: int = 1


class RejectedCalls:
    """Calls that were rejected in the last ten minutes, by caller and reason. Each is logged once, not each time."""

    def __init__(self) -> None:
        self._known: dict[tuple[Party, str], _Turned] = {}

    def note(self, source: Party, error: NotAuthentic, now: int) -> None:
        self._drop_old(now)
        key = (source, str((error.data or {}).get("reason", "")))
        if (known := self._known.get(key)) is not None:
            known.error, known.at, known.count = error, now, known.count + 1
        elif len(self._known) < _CAPACITY:
            self._known[key] = _Turned(error, now)
            logger.warning("a call was rejected: %s; %s", error.message, error.hint)

    def forget(self, source: Party) -> None:
        """Drop the rejections of a caller whose call was accepted."""
        for key in [key for key in self._known if key[0] == source]:
            del self._known[key]

    def checks(self, now: int) -> list[DoctorCheck]:
        """One failed check for each caller and reason."""
        self._drop_old(now)
        return [
            DoctorCheck(
                f"calls of {source}",
                False,
                f"{'one was' if one.count == 1 else f'{one.count} were'} rejected, the last "
                f"{max(now - one.at, 0) / 1000:.0f} s ago: {one.error.message}",
                one.error.hint,
            )
            for (source, _), one in self._known.items()
        ]

    def _drop_old(self, now: int) -> None:
        for key in [key for key, one in self._known.items() if now - one.at > _REMEMBERED]:
            del self._known[key]


class Caller(NamedTuple):
    """An authenticated caller: the party that signed, the party of this site that is called, and the body's hash."""

    source: Party
    destination: Party
    body_sha256: str

    def check_body(self, sha256: str) -> None:
        """Raise NotAuthentic unless the received body, of this hash (hex), is the one that was signed."""
        if sha256 != self.body_sha256:
            raise refusal(
                RejectionReason.ALTERED, f"the body of the call of {self.source} is not the one that was signed"
            )

    def require(self, source: Party, destination: Party, message: str) -> None:
        """Raise NotAuthentic if a message names another source or destination than the signature."""
        if (source, destination) != (self.source, self.destination):
            raise refusal(
                RejectionReason.WRONG_SPEAKER,
                f"a {message} from {source} to {destination} came in a call from {self.source} to {self.destination}",
            )


class PeerAuthenticator:
    """Checks calls against the pinned keys of a site's route table.

    session: identifies this run of the site. Calls must be signed for it, so a recorded call is useless after a
    restart, when the replay guard starts empty.
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
        """Return the authenticated caller. Raises NotAuthentic with `data["reason"]`, see `signing.Reason`.

        Needs only the headers, so that unknown callers cannot make this site read a body; hash the body afterwards and
        call `Caller.check_body`. path: with its query, as received. headers: names in lower case.
        """
        call, signature = read_call(method, path, headers)
        try:
            self._admit(call, signature)
        except NotAuthentic as error:
            if (error.data or {}).get("reason") != RejectionReason.STALE_SESSION:  # the caller signs again by itself
                self.rejected_calls.note(call.source, error, self._clock())
            raise
        self.rejected_calls.forget(call.source)
        return Caller(call.source, call.destination, call.body_sha256)

    def _admit(self, call: SignedCall, signature: bytes) -> None:
        # Party id 0 is a different site everywhere: a call to it would be valid at all of them.
        if not self._config.plays(call.destination) or call.destination.party_id == OWN_PARTY_ID:
            raise refusal(
                RejectionReason.MISADDRESSED,
                f"{call.source} calls {call.destination}, which does not belong to this site ({self._config.name})",
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
            raise refusal(RejectionReason.REPLAYED, f"this call of {call.source} was already received")

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
        """Headers that prove that the answer comes from this site; {} for a call without a nonce."""
        nonce = call_nonce(call_headers)
        return answer_headers(self._key, nonce, status, body) if nonce else {}

    def _pinned_key(self, source: Party) -> str:
        if self._config.plays(source):
            raise refusal(
                RejectionReason.UNKNOWN_SOURCE,
                f"{source} is played by this site: other sites cannot call on its behalf",
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

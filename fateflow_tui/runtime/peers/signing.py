"""Signatures of calls between sites, and protection against replays."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import deque
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from fateflow_tui.core.errors import NotAuthentic
from fateflow_tui.core.ids import ROLES, Party
from fateflow_tui.runtime.peers.keys import SiteKey, fingerprint, holds

WINDOW: Final = 60_000  # ms by which the clocks of two sites may differ, including network latency
_HEADER = "fateflow-"
_SIGNATURE = "fateflow-signature"
_ANSWER_SIGNATURE = "fateflow-answer-signature"


class RejectionReason(StrEnum):
    """Why a call is not authentic; `data["reason"]` of NotAuthentic."""

    UNSIGNED = "unsigned"
    MISADDRESSED = "misaddressed"  # to a party of another site
    UNKNOWN_SOURCE = "unknown_source"  # from a party without a pinned key
    EXPIRED = "expired"
    ALTERED = "altered"  # the body is not the one that was signed
    WRONG_SIGNATURE = "wrong_signature"
    STALE_SESSION = "stale_session"  # signed for an earlier run of this site; data["session"] is the current one
    REPLAYED = "replayed"
    WRONG_SPEAKER = "wrong_speaker"  # the message names another source or destination than the signature


class SignedCall(msgspec.Struct, frozen=True):
    """What the signature of a call covers. path: with its query, as sent. time: ms since the epoch.

    session: identifies the receiver's run. Nonces are remembered for one run, so a call is valid for that run only.
    """

    method: str
    path: str
    body_sha256: str
    time: int
    nonce: str
    session: str
    source: Party
    destination: Party

    def text(self) -> bytes:
        """The signed bytes: a JSON array, which is different for every two different calls."""
        return msgspec.json.encode(["fateflow-call-1", *msgspec.structs.astuple(self)])

    def signed_by(self, key: SiteKey) -> dict[str, str]:
        """The headers to send."""
        return {
            _HEADER + "source": str(self.source),
            _HEADER + "destination": str(self.destination),
            _HEADER + "time": str(self.time),
            _HEADER + "nonce": self.nonce,
            _HEADER + "session": self.session,
            _HEADER + "body-sha256": self.body_sha256,
            _SIGNATURE: base64.b64encode(key.sign(self.text())).decode(),
        }

    def check(self, public: str, signature: bytes, now: int) -> None:
        """Raise NotAuthentic unless the call is recent and signed with the key of `public`."""
        difference = now - self.time
        if abs(difference) > WINDOW:
            behind = "behind" if difference > 0 else "ahead of"
            raise refusal(
                RejectionReason.EXPIRED,
                f"the call of {self.source} is dated {abs(difference) / 1000:.1f} s {behind} this site's clock; "
                f"{WINDOW // 1000} s are allowed",
                hint="synchronize the clocks of both sites",
                clock_difference_ms=difference,
            )
        if not holds(public, signature, self.text()):
            raise refusal(
                RejectionReason.WRONG_SIGNATURE,
                f"the call was not signed with the key that is pinned for {self.source} ({fingerprint(public)})",
                hint=f"if that site has a new key, compare fingerprints and run: fateflow party trust {self.source}",
            )


def read_call(method: str, path: str, headers: Mapping[str, str]) -> tuple[SignedCall, bytes]:
    """Read a call and its signature from the headers, without verifying them. Raises NotAuthentic (unsigned)."""
    try:
        call = SignedCall(
            method=method,
            path=path,
            body_sha256=headers[_HEADER + "body-sha256"],
            time=int(headers[_HEADER + "time"]),
            nonce=_short(headers[_HEADER + "nonce"]),
            session=headers[_HEADER + "session"],
            source=_party(headers[_HEADER + "source"]),
            destination=_party(headers[_HEADER + "destination"]),
        )
        return call, base64.b64decode(headers[_SIGNATURE], validate=True)
    except KeyError as missing:
        raise refusal(
            RejectionReason.UNSIGNED,
            f"{method} {path.partition('?')[0]} lacks the header {missing.args[0]}",
            hint="calls between sites must be signed; users call other paths",
        ) from missing
    except (ValueError, binascii.Error) as error:
        raise refusal(
            RejectionReason.UNSIGNED, f"{method} {path.partition('?')[0]} has malformed headers: {error}"
        ) from error


def _short(nonce: str) -> str:
    if len(nonce) > 64:
        raise ValueError("the nonce is longer than 64 characters")
    return nonce


def _party(text: str) -> Party:
    party = Party.parse(text)
    if party.role not in ROLES:
        raise ValueError(f"{text!r} does not have one of FATE's roles")
    return party


def answer_headers(key: SiteKey, nonce: str, status: int, body: bytes) -> dict[str, str]:
    """The signature of an answer to the call with this nonce."""
    return {_ANSWER_SIGNATURE: base64.b64encode(key.sign(_answer_text(nonce, status, body))).decode()}


def is_answer_of(public: str, nonce: str, status: int, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether this answer to the call with this nonce is signed with the key of `public`."""
    try:
        signature = base64.b64decode(headers.get(_ANSWER_SIGNATURE, ""), validate=True)
    except (ValueError, binascii.Error):
        return False
    return holds(public, signature, _answer_text(nonce, status, body))


def _answer_text(nonce: str, status: int, body: bytes) -> bytes:
    return msgspec.json.encode(["fateflow-answer-1", nonce, status, hashlib.sha256(body).hexdigest()])


def call_nonce(headers: Mapping[str, str]) -> str:
    """The nonce that the answer must be signed with; "" if the call has none."""
    return headers.get(_HEADER + "nonce", "")


def refusal(reason: RejectionReason, message: str, *, hint: str = "", **data: Any) -> NotAuthentic:
    return NotAuthentic(message, hint=hint, data={"reason": reason.value, **data})


class _Signer:
    """The remembered calls of one key. floor: calls of this time or earlier are rejected: they may be forgotten."""

    __slots__ = ("arrivals", "floor", "nonces")

    def __init__(self) -> None:
        self.arrivals: deque[tuple[int, str]] = deque()
        self.nonces: set[str] = set()
        self.floor = 0

    def forget_oldest(self) -> None:
        time, nonce = self.arrivals.popleft()
        self.nonces.discard(nonce)
        self.floor = max(self.floor, time)


class ReplayGuard:
    """Bounded memory of nonces, separate for each signing key, so that a busy peer affects only itself.

    A nonce is kept until its call would be rejected as expired. When a signer exceeds its capacity earlier, its oldest
    nonces are dropped, and calls as old as those are rejected: a flood can make late calls fail, but never let a replay
    succeed.
    """

    def __init__(self, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self._signers: dict[str, _Signer] = {}

    def is_first(self, public: str, nonce: str, time: int, now: int) -> bool:
        """Whether this call, already known to be authentic and recent, is new; if so, it is remembered."""
        signer = self._signers.setdefault(public, _Signer())
        while signer.arrivals and signer.arrivals[0][0] + WINDOW < now:
            signer.forget_oldest()
        if nonce in signer.nonces or time <= signer.floor:
            return False
        if len(signer.arrivals) >= self._capacity:
            signer.forget_oldest()
        signer.arrivals.append((time, nonce))
        signer.nonces.add(nonce)
        return True

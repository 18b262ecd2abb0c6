"""Remembers which calls have been answered, so that none is obeyed twice."""

from __future__ import annotations

from collections import deque

from fateflow_tui.runtime.signing import WINDOW


class _Signer:
    """The remembered calls of one key. floor: calls dated so or earlier may have been forgotten; none is accepted."""

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
    """Bounded memory of nonces, apart for each signing key, so that one busy peer costs only itself.

    A nonce is kept until its call would be refused as expired. When a signer fills its share earlier, its oldest
    nonces go, and with them the right to send calls as old as those: a flood makes late calls fail, never a replay
    succeed.
    """

    def __init__(self, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self._signers: dict[str, _Signer] = {}

    def is_first(self, public: str, nonce: str, time: int, now: int) -> bool:
        """Whether this call, already found authentic and recent, comes for the first time; remembers it if so."""
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

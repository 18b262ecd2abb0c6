"""The address of a site, and the host names under which it may be called."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_WILDCARDS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 (compared with, not bound to)


@dataclass(frozen=True, slots=True)
class Address:
    """host, port: what the site listens on. token: required on any address but loopback. secure: TLS is used. names:
    further host names under which the site may be called.
    """

    host: str = "127.0.0.1"
    port: int = 9380
    token: str = ""
    secure: bool = False
    names: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The URL for clients on this machine."""
        host = "127.0.0.1" if self.is_wildcard else self.host
        host = f"[{host}]" if ":" in host else host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}"

    @property
    def is_wildcard(self) -> bool:
        return self.host in _WILDCARDS

    @property
    def is_loopback(self) -> bool:
        if self.host in _LOOPBACK_NAMES:
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def covers(self, host: str) -> bool:
        """Whether a Host header may have this value. Names can resolve to any machine, addresses cannot."""
        if host in _LOOPBACK_NAMES or host == self.host.lower() or host in {name.lower() for name in self.names}:
            return True
        return self.is_wildcard and _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True

"""Whether a site can listen where it is told to, and whether its name leads to it."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from fateflow_tui.runtime.check import Check
from fateflow_tui.runtime.site_config import SiteConfig

_USUAL_PORT: Final = 9380


def network_checks(config: SiteConfig, url: str = "") -> Iterator[Check]:
    """url: where the site answers now, '' for one that does not run."""
    yield _bind(config)
    yield Check("port", True, f"it answers at {url}") if url else _port(config)
    yield _advertised(config)


def _bind(config: SiteConfig) -> Check:
    fix = "set host in site.toml to an address of this machine, or 0.0.0.0 for all of them"
    try:
        family, _, _, _, address = socket.getaddrinfo(
            config.host or None, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.bind(address)
    except OSError as error:
        return Check("bind address", False, f"{config.host!r} is no address of this machine: {error.strerror}", fix)
    if is_loopback(config.host):
        text = f"{config.host}: users and peers on this machine only"
        if config.standalone:
            return Check("bind address", True, f"{config.host}: users on this machine only")
        return Check("bind address", True, text, fix)
    lack = "" if config.tls.certificate else ", without TLS: tokens and rows are readable on the way"
    return Check("bind address", True, f"{config.host or 'all addresses'}{lack}", "set [tls] in site.toml")


def _port(config: SiteConfig) -> Check:
    """Whether somebody else has the port. A scheduler without a fixed one takes the next that is free."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((config.host, config.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return Check("port", False, f"{config.port} cannot be had: {error.strerror}", "set port in site.toml")
            text = f"{config.port} is taken by another program"
            if config.port == _USUAL_PORT:
                return Check("port", True, f"{text}; the next free one is taken instead")
            return Check("port", False, text, f"end that program (ss -ltnp | grep {config.port}), or set another port")
    return Check("port", True, f"{config.port} is free" if config.port else "any free one")


def _advertised(config: SiteConfig) -> Check:
    if not config.advertised:
        text = (
            "no address for peers is set" if not config.standalone else "a standalone site needs no address for peers"
        )
        return Check("address for peers", True, text, "set advertised in site.toml if peers see another address")
    parts = urlsplit(config.advertised)
    name = parts.hostname or ""
    fix = "correct advertised in site.toml, or the name in DNS or /etc/hosts"
    try:
        found = socket.getaddrinfo(name, parts.port or None, type=socket.SOCK_STREAM)
    except OSError as error:
        return Check(
            "address for peers", False, f"{name!r} of {config.advertised} has no address: {error.strerror}", fix
        )
    addresses = sorted({str(entry[4][0]) for entry in found})
    if all(map(is_loopback, addresses)) and not is_loopback(name):
        return Check("address for peers", False, f"{name} leads to {addresses[0]}, which is each machine's own", fix)
    return Check("address for peers", True, f"{config.advertised} leads to {', '.join(addresses[:3])}")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

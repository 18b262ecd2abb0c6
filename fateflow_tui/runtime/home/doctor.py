"""The doctor: checks a running or stopped site, its network and its peers."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import resource
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from fateflow_tui import __version__
from fateflow_tui.artifacts.home import Home
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.ids import Party
from fateflow_tui.runtime.home.checks import DoctorCheck, home_checks, scheduler_check
from fateflow_tui.runtime.peers.client import Peers
from fateflow_tui.runtime.peers.grants import party_of
from fateflow_tui.runtime.peers.routes import PeerRoute, PingResult, Reachability, RouteTable
from fateflow_tui.runtime.site_config import SiteConfig

_USUAL_PORT: Final = 9380


def network_checks(config: SiteConfig, url: str = "") -> Iterator[DoctorCheck]:
    """url: where the site answers now, '' for one that does not run."""
    yield _bind(config)
    yield DoctorCheck("port", True, f"it answers at {url}") if url else _port(config)
    yield _advertised(config)


def _bind(config: SiteConfig) -> DoctorCheck:
    fix = "set host in site.toml to an address of this machine, or 0.0.0.0 for all of them"
    try:
        family, _, _, _, address = socket.getaddrinfo(
            config.host or None, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.bind(address)
    except OSError as error:
        return DoctorCheck(
            "bind address", False, f"{config.host!r} is no address of this machine: {error.strerror}", fix
        )
    if is_loopback(config.host):
        text = f"{config.host}: users and peers on this machine only"
        if config.standalone:
            return DoctorCheck("bind address", True, f"{config.host}: users on this machine only")
        return DoctorCheck("bind address", True, text, fix)
    lack = "" if config.tls.certificate else ", without TLS: tokens and rows are readable on the way"
    return DoctorCheck("bind address", True, f"{config.host or 'all addresses'}{lack}", "set [tls] in site.toml")


def _port(config: SiteConfig) -> DoctorCheck:
    """Whether somebody else has the port. A scheduler without a fixed one takes the next that is free."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((config.host, config.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return DoctorCheck(
                    "port", False, f"{config.port} cannot be had: {error.strerror}", "set port in site.toml"
                )
            text = f"{config.port} is taken by another program"
            if config.port == _USUAL_PORT:
                return DoctorCheck("port", True, f"{text}; the next free one is taken instead")
            return DoctorCheck(
                "port", False, text, f"end that program (ss -ltnp | grep {config.port}), or set another port"
            )
    return DoctorCheck("port", True, f"{config.port} is free" if config.port else "any free one")


def _advertised(config: SiteConfig) -> DoctorCheck:
    if not config.advertised:
        text = (
            "no address for peers is set" if not config.standalone else "a standalone site needs no address for peers"
        )
        return DoctorCheck("address for peers", True, text, "set advertised in site.toml if peers see another address")
    parts = urlsplit(config.advertised)
    name = parts.hostname or ""
    fix = "correct advertised in site.toml, or the name in DNS or /etc/hosts"
    try:
        found = socket.getaddrinfo(name, parts.port or None, type=socket.SOCK_STREAM)
    except OSError as error:
        return DoctorCheck(
            "address for peers", False, f"{name!r} of {config.advertised} has no address: {error.strerror}", fix
        )
    addresses = sorted({str(entry[4][0]) for entry in found})
    if all(map(is_loopback, addresses)) and not is_loopback(name):
        return DoctorCheck(
            "address for peers", False, f"{name} leads to {addresses[0]}, which is each machine's own", fix
        )
    return DoctorCheck("address for peers", True, f"{config.advertised} leads to {', '.join(addresses[:3])}")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_SKEW: Final = 5_000  # ms; calls are refused when clocks are minutes apart, and times of two sites mislead before


async def peer_checks(peers: Peers, routes: RouteTable, standalone: bool) -> list[DoctorCheck]:
    """One check or more for each party that is known, all asked at once."""
    known = routes.list()
    if standalone:
        return [DoctorCheck("peers", True, "a standalone site plays all parties itself")]
    if not known:
        return [DoctorCheck("peers", True, "no party of another site is known", "fateflow party add guest:10000 URL")]
    found = await asyncio.gather(*(_of_route(peers, route) for route in known))
    return [check for checks in found for check in checks]


async def answer_reach(peers: Peers, asker: Party, asked: Party) -> Reachability:
    """What this site says when a peer asks whether it can be reached from here."""
    try:
        state = await peers.ping(asker, asked)
    except FateFlowError as error:
        return Reachability(False, error.message, error.hint)
    return Reachability(True, f"in {state.rtt:.0f} ms", "")


async def _of_route(peers: Peers, route: PeerRoute) -> list[DoctorCheck]:
    name, party = f"peer {route.party}", party_of(route.party)
    if route.public_key is None:
        text = f"its site at {route.url} is not trusted, so that nothing is exchanged"
        return [DoctorCheck(name, False, text, f"compare its fingerprint, then: fateflow party trust {route.party}")]
    try:
        state = await peers.ping(party)
    except FateFlowError as error:
        return [
            DoctorCheck(
                name, False, error.message, error.hint or "see that its site runs and that no firewall is between"
            )
        ]
    return [
        DoctorCheck(name, True, f"{state.name} at {state.url} answers in {state.rtt:.0f} ms"),
        await _way_back(peers, party, name),
        _clock(state, name),
        _version(state, name),
    ]


async def _way_back(peers: Peers, party: Party, name: str) -> DoctorCheck:
    try:
        reach = await peers.ask_reach(party)
    except FateFlowError as error:
        text = f"whether it reaches this site cannot be known: {error.message}"
        return DoctorCheck(f"{name} back", True, text)
    if reach.ok:
        return DoctorCheck(f"{name} back", True, f"it reaches this site {reach.text}")
    fix = f"at its site: {reach.hint}" if reach.hint else "at its site, correct this site's address: fateflow party add"
    return DoctorCheck(f"{name} back", False, f"it does not reach this site: {reach.text}", fix)


def _clock(state: PingResult, name: str) -> DoctorCheck:
    way = "ahead of" if state.clock_skew > 0 else "behind"
    text = f"its clock is {abs(state.clock_skew) / 1000:.1f} s {way} this one"
    return DoctorCheck(f"{name} clock", abs(state.clock_skew) <= _SKEW, text, "set both clocks by NTP")


def _version(state: PingResult, name: str) -> DoctorCheck:
    if state.version == __version__:
        return DoctorCheck(f"{name} version", True, state.version)
    text = f"it runs {state.version}, this site {__version__}"
    return DoctorCheck(f"{name} version", False, text, "run the same version at both sites")


_FEW_FILES: Final = 1_024


def checks(home: Home, config: SiteConfig, broken: Mapping[str, str], url: str = "") -> Iterator[DoctorCheck]:
    """Of the running site that calls it. broken: modules and drop-in files that could not be loaded, and why. url:
    where it answers.
    """
    yield scheduler_check(home, os.getpid())
    yield from network_checks(config, url)
    yield _file_limit()
    yield from home_checks(home)
    yield _cores(config)
    yield _memory(config)
    yield _modules(broken)


def checks_of_stopped(root: Path) -> Iterator[DoctorCheck]:
    """Of a home on which no scheduler answers; changes nothing there."""
    home = Home(root)
    if not root.is_dir():
        yield DoctorCheck("home", True, f"{root} does not exist; the first start makes it", "fateflow server start")
        return
    yield scheduler_check(home)
    config = SiteConfig()
    try:
        config = SiteConfig.load(home.configuration)
        yield DoctorCheck("configuration", True, f"{home.configuration} can be read")
    except FileNotFoundError:
        yield DoctorCheck("configuration", True, "none yet; the first start writes one")
    except FateFlowError as error:
        yield DoctorCheck("configuration", False, error.message, error.hint or f"mend {home.configuration}")
    yield from network_checks(config)
    yield _file_limit()
    yield from home_checks(home)
    yield _cores(config)
    yield _memory(config)
    yield _modules(_broken(home))
    if not config.standalone:
        yield DoctorCheck(
            "peers", True, "whether they can be reached is known when the scheduler runs", "fateflow server start"
        )


def _file_limit() -> DoctorCheck:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    fix = f"raise it: ulimit -n {_FEW_FILES * 4}"
    return DoctorCheck("open files", soft >= _FEW_FILES, f"a process may open {soft} files", fix)


def _cores(config: SiteConfig) -> DoctorCheck:
    cores = os.cpu_count() or 1
    text = f"jobs may take {config.capacity.cores} cores in all, the machine has {cores}"
    return DoctorCheck("cores", True, text)


def _memory(config: SiteConfig) -> DoctorCheck:
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    wanted = config.capacity.memory
    if not wanted:
        return DoctorCheck("memory", True, f"the memory of jobs is not counted, the machine has {machine} MiB")
    text = f"jobs may take {wanted} MiB in all, the machine has {machine} MiB"
    return DoctorCheck("memory", wanted <= machine, text, "set capacity.memory in site.toml to less")


def _modules(broken: Mapping[str, str]) -> DoctorCheck:
    if not broken:
        return DoctorCheck("modules", True, "all that is installed or dropped in can be loaded")
    texts = "; ".join(f"{name}: {why}" for name, why in sorted(broken.items()))
    return DoctorCheck("modules", False, f"cannot be loaded: {texts}", "mend or remove them, then restart the site")


def _broken(home: Home) -> dict[str, str]:
    from fateflow_tui.components.catalog import load_catalog

    catalog = load_catalog(home.components)
    for name in catalog.names():
        with contextlib.suppress(FateFlowError):
            catalog.facts(name)
    return dict(catalog.broken)

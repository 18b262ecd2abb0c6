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
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from fateflow_tui import __version__
from fateflow_tui.artifacts.home import Home
from fateflow_tui.components.catalog import Catalog, load_catalog
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.ids import Party
from fateflow_tui.runtime.home.checks import DoctorCheck, home_checks, scheduler_check
from fateflow_tui.runtime.peers.authenticator import RejectedCalls
from fateflow_tui.runtime.peers.client import Peers
from fateflow_tui.runtime.peers.grants import party_of
from fateflow_tui.runtime.peers.routes import PeerRoute, PingResult, Reachability, RouteTable
from fateflow_tui.runtime.site_config import SiteConfig
from fateflow_tui.runtime.workers.workers import Workers

_DEFAULT_PORT: Final = 9380


def network_checks(config: SiteConfig, url: str = "") -> Iterator[DoctorCheck]:
    """Check the addresses of a site. url: where the site answers now, '' if it is not running."""
    yield _bind(config)
    yield DoctorCheck("port", True, f"answering at {url}") if url else _port(config)
    yield _advertised(config)


def _bind(config: SiteConfig) -> DoctorCheck:
    hint = "set host in site.toml to an address of this machine, or 0.0.0.0 for all of them"
    try:
        family, _, _, _, address = socket.getaddrinfo(
            config.host or None, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.bind(address)
    except OSError as error:
        return DoctorCheck(
            "bind address", False, f"{config.host!r} is not an address of this machine: {error.strerror}", hint
        )
    if is_loopback(config.host):
        text = f"{config.host}: only users and peers on this machine can connect"
        if config.standalone:
            return DoctorCheck("bind address", True, f"{config.host}: only users on this machine can connect")
        return DoctorCheck("bind address", True, text, hint)
    lack = "" if config.tls.certificate else ", without TLS: tokens and rows are sent unencrypted"
    return DoctorCheck("bind address", True, f"{config.host or 'all addresses'}{lack}", "set [tls] in site.toml")


def _port(config: SiteConfig) -> DoctorCheck:
    """Check that the port is free. With the default port, the scheduler can take the next free one instead."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((config.host, config.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return DoctorCheck(
                    "port", False, f"cannot listen on port {config.port}: {error.strerror}", "set port in site.toml"
                )
            text = f"port {config.port} is in use by another program"
            if config.port == _DEFAULT_PORT:
                return DoctorCheck("port", True, f"{text}; the next free port is used instead")
            return DoctorCheck(
                "port",
                False,
                text,
                f"stop that program (ss -ltnp | grep {config.port}), or set another port in site.toml",
            )
    return DoctorCheck("port", True, f"port {config.port} is free" if config.port else "any free port")


def _advertised(config: SiteConfig) -> DoctorCheck:
    if not config.advertised:
        text = (
            "no address for peers is set" if not config.standalone else "a standalone site needs no address for peers"
        )
        return DoctorCheck("address for peers", True, text, "if peers see another address, set advertised in site.toml")
    parts = urlsplit(config.advertised)
    name = parts.hostname or ""
    hint = "correct advertised in site.toml, or the name in DNS or /etc/hosts"
    try:
        found = socket.getaddrinfo(name, parts.port or None, type=socket.SOCK_STREAM)
    except OSError as error:
        return DoctorCheck(
            "address for peers", False, f"{name!r} in {config.advertised} does not resolve: {error.strerror}", hint
        )
    addresses = sorted({str(entry[4][0]) for entry in found})
    if all(map(is_loopback, addresses)) and not is_loopback(name):
        return DoctorCheck("address for peers", False, f"{name} resolves to {addresses[0]}, a loopback address", hint)
    return DoctorCheck("address for peers", True, f"{config.advertised} resolves to {', '.join(addresses[:3])}")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_MAX_SKEW: Final = 5_000  # ms; calls are rejected from one minute on, but times are misleading before that


async def peer_checks(peers: Peers, routes: RouteTable, standalone: bool) -> list[DoctorCheck]:
    """Check the connection to each known party and back, all at once."""
    known = routes.list()
    if standalone:
        return [DoctorCheck("peers", True, "a standalone site plays all parties itself")]
    if not known:
        return [DoctorCheck("peers", True, "no parties of other sites are known", "fateflow party add guest:10000 URL")]
    found = await asyncio.gather(*(_of_route(peers, route) for route in known))
    return [check for checks in found for check in checks]


async def _of_route(peers: Peers, route: PeerRoute) -> list[DoctorCheck]:
    name, party = f"peer {route.party}", party_of(route.party)
    if route.public_key is None:
        text = f"the key of its site at {route.url} is not trusted yet, so no data is exchanged"
        return [
            DoctorCheck(name, False, text, f"compare its fingerprint, then run: fateflow party trust {route.party}")
        ]
    try:
        state = await peers.ping(party)
    except FateFlowError as error:
        return [
            DoctorCheck(
                name,
                False,
                error.message,
                error.hint or "check that its site is running and that no firewall blocks the connection",
            )
        ]
    return [
        DoctorCheck(name, True, f"{state.name} at {state.url} answered in {state.rtt:.0f} ms"),
        await _way_back(peers, party, name),
        _clock(state, name),
        _version(state, name),
    ]


async def _way_back(peers: Peers, party: Party, name: str) -> DoctorCheck:
    try:
        reach = await peers.ask_reach(party)
    except FateFlowError as error:
        text = f"cannot determine whether it can reach this site: {error.message}"
        return DoctorCheck(f"{name} back", True, text)
    if reach.ok:
        return DoctorCheck(f"{name} back", True, f"it can reach this site {reach.text}")
    hint = f"at its site: {reach.hint}" if reach.hint else "at its site, correct the address: fateflow party add"
    return DoctorCheck(f"{name} back", False, f"it cannot reach this site: {reach.text}", hint)


def _clock(state: PingResult, name: str) -> DoctorCheck:
    way = "ahead of" if state.clock_skew > 0 else "behind"
    text = f"its clock is {abs(state.clock_skew) / 1000:.1f} s {way} this one"
    return DoctorCheck(f"{name} clock", abs(state.clock_skew) <= _MAX_SKEW, text, "synchronize both clocks with NTP")


def _version(state: PingResult, name: str) -> DoctorCheck:
    if state.version == __version__:
        return DoctorCheck(f"{name} version", True, state.version)
    text = f"it runs {state.version}, but this site runs {__version__}"
    return DoctorCheck(f"{name} version", False, text, "run the same version at both sites")


_MIN_FILES: Final = 1_024


class Doctor:
    """The checks of a running site, and its answer when a peer asks to be reached."""

    def __init__(
        self,
        home: Home,
        config: SiteConfig,
        catalog: Catalog,
        workers: Workers,
        peers: Peers,
        routes: RouteTable,
        rejected_calls: RejectedCalls,
    ) -> None:
        self._home = home
        self._config = config
        self._catalog = catalog
        self._workers = workers
        self._peers = peers
        self._routes = routes
        self._rejected_calls = rejected_calls

    async def run(self, url: str = "") -> list[dict[str, Any]]:
        """Check this site and the connections to its peers: name, ok, text and hint of each. url: where it answers."""
        broken = self.broken_modules()
        own = await asyncio.to_thread(lambda: list(checks(self._home, self._config, broken, url)))
        peers = await peer_checks(self._peers, self._routes, self._config.standalone)
        rejected = self._rejected_calls.checks(now_ms())
        return [msgspec.to_builtins(check) for check in (*own, self._engine(), *peers, *rejected)]

    def broken_modules(self) -> dict[str, str]:
        """Load all modules; return those and the drop-in files that cannot be loaded, with the reasons."""
        return _broken(self._catalog)

    async def reach(self, asker: Party, asked: Party) -> Reachability:
        """Tell a peer whether it can be reached from here."""
        try:
            state = await self._peers.ping(asker, asked)
        except FateFlowError as error:
            return Reachability(False, error.message, error.hint)
        return Reachability(True, f"in {state.rtt:.0f} ms", "")

    def _engine(self) -> DoctorCheck:
        pid = self._workers.zygote_pid
        if pid:
            return DoctorCheck("engine", True, f"local: process {pid} starts the workers")
        text = "local: the process that starts workers has died"
        return DoctorCheck("engine", False, text, "see logs/fate_flow/workers.log; the next task restarts it")


def checks(home: Home, config: SiteConfig, broken: Mapping[str, str], url: str = "") -> Iterator[DoctorCheck]:
    """Check the running site from inside. broken: modules and drop-in files that cannot be loaded, and why. url: where
    the site answers.
    """
    yield scheduler_check(home, os.getpid())
    yield from network_checks(config, url)
    yield _file_limit()
    yield from home_checks(home)
    yield _cores(config)
    yield _memory(config)
    yield _modules(broken)


def checks_of_stopped(root: Path) -> Iterator[DoctorCheck]:
    """Check a home for which no scheduler answers, without changing anything."""
    home = Home(root)
    if not root.is_dir():
        yield DoctorCheck("home", True, f"{root} does not exist; the first start creates it", "fateflow server start")
        return
    yield scheduler_check(home)
    config = SiteConfig()
    try:
        config = SiteConfig.load(home.configuration)
        yield DoctorCheck("configuration", True, f"{home.configuration} is valid")
    except FileNotFoundError:
        yield DoctorCheck("configuration", True, "there is none yet; the first start writes it")
    except FateFlowError as error:
        yield DoctorCheck("configuration", False, error.message, error.hint or f"correct {home.configuration}")
    yield from network_checks(config)
    yield _file_limit()
    yield from home_checks(home)
    yield _cores(config)
    yield _memory(config)
    yield _modules(_broken(load_catalog(home.components)))
    if not config.standalone:
        yield DoctorCheck(
            "peers", True, "connections are checked only while the scheduler is running", "fateflow server start"
        )


def _file_limit() -> DoctorCheck:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    hint = f"raise the limit: ulimit -n {_MIN_FILES * 4}"
    return DoctorCheck("open files", soft >= _MIN_FILES, f"a process may open {soft} files", hint)


def _cores(config: SiteConfig) -> DoctorCheck:
    cores = os.cpu_count() or 1
    text = f"jobs may use {config.capacity.cores} cores in total; the machine has {cores}"
    return DoctorCheck("cores", True, text)


def _memory(config: SiteConfig) -> DoctorCheck:
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    wanted = config.capacity.memory
    if not wanted:
        return DoctorCheck("memory", True, f"memory of jobs is not limited; the machine has {machine} MiB")
    text = f"jobs may use {wanted} MiB in total; the machine has {machine} MiB"
    return DoctorCheck("memory", wanted <= machine, text, "lower capacity.memory in site.toml")


def _modules(broken: Mapping[str, str]) -> DoctorCheck:
    if not broken:
        return DoctorCheck("modules", True, "all modules can be loaded")
    texts = "; ".join(f"{name}: {why}" for name, why in sorted(broken.items()))
    return DoctorCheck("modules", False, f"cannot be loaded: {texts}", "fix or remove them, then restart the site")


def _broken(catalog: Catalog) -> dict[str, str]:
    for name in catalog.names():
        with contextlib.suppress(FateFlowError):
            catalog.facts(name)
    return dict(catalog.broken)

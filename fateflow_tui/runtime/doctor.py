"""Whether a site and its surroundings are as it needs them; also for a site that does not run."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from fateflow_tui.artifacts.home import Home
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.runtime.check import Check
from fateflow_tui.runtime.home_checks import home_checks, scheduler_check
from fateflow_tui.runtime.network_checks import network_checks
from fateflow_tui.runtime.site_config import SiteConfig

__all__ = ["Check", "checks", "checks_of_stopped"]

_FEW_FILES: Final = 1_024


def checks(home: Home, config: SiteConfig, broken: Mapping[str, str], url: str = "") -> Iterator[Check]:
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


def checks_of_stopped(root: Path) -> Iterator[Check]:
    """Of a home on which no scheduler answers; changes nothing there."""
    home = Home(root)
    if not root.is_dir():
        yield Check("home", True, f"{root} does not exist; the first start makes it", "fateflow server start")
        return
    yield scheduler_check(home)
    config = SiteConfig()
    try:
        config = SiteConfig.load(home.configuration)
        yield Check("configuration", True, f"{home.configuration} can be read")
    except FileNotFoundError:
        yield Check("configuration", True, "none yet; the first start writes one")
    except FateFlowError as error:
        yield Check("configuration", False, error.message, error.hint or f"mend {home.configuration}")
    yield from network_checks(config)
    yield _file_limit()
    yield from home_checks(home)
    yield _cores(config)
    yield _memory(config)
    yield _modules(_broken(home))
    if not config.standalone:
        yield Check(
            "peers", True, "whether they can be reached is known when the scheduler runs", "fateflow server start"
        )


def _file_limit() -> Check:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    fix = f"raise it: ulimit -n {_FEW_FILES * 4}"
    return Check("open files", soft >= _FEW_FILES, f"a process may open {soft} files", fix)


def _cores(config: SiteConfig) -> Check:
    cores = os.cpu_count() or 1
    text = f"jobs may take {config.capacity.cores} cores in all, the machine has {cores}"
    return Check("cores", True, text)


def _memory(config: SiteConfig) -> Check:
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    wanted = config.capacity.memory
    if not wanted:
        return Check("memory", True, f"the memory of jobs is not counted, the machine has {machine} MiB")
    text = f"jobs may take {wanted} MiB in all, the machine has {machine} MiB"
    return Check("memory", wanted <= machine, text, "set capacity.memory in site.toml to less")


def _modules(broken: Mapping[str, str]) -> Check:
    if not broken:
        return Check("modules", True, "all that is installed or dropped in can be loaded")
    texts = "; ".join(f"{name}: {why}" for name, why in sorted(broken.items()))
    return Check("modules", False, f"cannot be loaded: {texts}", "mend or remove them, then restart the site")


def _broken(home: Home) -> dict[str, str]:
    from fateflow_tui.components.catalog import load_catalog

    catalog = load_catalog(home.components)
    for name in catalog.names():
        with contextlib.suppress(FateFlowError):
            catalog.facts(name)
    return dict(catalog.broken)

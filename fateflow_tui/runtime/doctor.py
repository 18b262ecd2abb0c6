"""Whether a site's surroundings are as it needs them."""

from __future__ import annotations

import os
import resource
import shutil
import stat
from collections.abc import Iterator, Mapping

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.runtime.site_config import SiteConfig
from store.damage import damaged_files

_LITTLE_SPACE = 1 << 30  # bytes
_FEW_FILES = 1_024


class Check(msgspec.Struct, frozen=True):
    """One check: whether it holds, what was found, and what to do if it does not hold."""

    name: str
    ok: bool
    text: str
    fix: str = ""


def checks(home: Home, config: SiteConfig, broken: Mapping[str, str]) -> Iterator[Check]:
    """broken: modules and drop-in files that could not be loaded, and why."""
    yield _disk(home)
    yield _file_limit()
    yield _damage(home)
    yield _keys(home)
    yield _capacity(config)
    yield _modules(broken)


def _disk(home: Home) -> Check:
    free = shutil.disk_usage(home.root).free
    return Check("disk", free >= _LITTLE_SPACE, f"{free / (1 << 30):.1f} GiB free below {home.root}", "free some space")


def _file_limit() -> Check:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Check(
        "open files", soft >= _FEW_FILES, f"this process may open {soft} files", f"raise it: ulimit -n {_FEW_FILES * 4}"
    )


def _damage(home: Home) -> Check:
    damaged = damaged_files(home.root)
    if not damaged:
        return Check("state files", True, "none is damaged")
    names = ", ".join(str(path) for path in damaged)
    return Check("state files", False, f"set aside as damaged: {names}", "look at them, then delete them")


def _keys(home: Home) -> Check:
    exposed = [
        path.name
        for path in home.keys.glob("*.pem")
        if stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    if exposed:
        return Check("keys", False, f"others may read {', '.join(exposed)}", f"chmod 600 {home.keys}/*.pem")
    return Check("keys", True, "readable by their owner only")


def _capacity(config: SiteConfig) -> Check:
    cores = os.cpu_count() or 1
    text = f"jobs may take {config.capacity.cores} cores in all, the machine has {cores}"
    return Check("cores", True, text)


def _modules(broken: Mapping[str, str]) -> Check:
    if not broken:
        return Check("modules", True, "all that is installed or dropped in can be loaded")
    texts = "; ".join(f"{name}: {why}" for name, why in sorted(broken.items()))
    return Check("modules", False, f"cannot be loaded: {texts}", "mend or remove them, then restart the site")

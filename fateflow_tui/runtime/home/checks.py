"""Whether a home is sound: its disk, its files, its locks."""

from __future__ import annotations

import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.registry import Registry
from fateflow_tui.store.storage import damaged_files


class DoctorCheck(msgspec.Struct, frozen=True):
    """One check: whether it holds, what was found, and what to do if it does not hold."""

    name: str
    ok: bool
    text: str
    hint: str = msgspec.field(name="fix", default="")


_LITTLE_SPACE: Final = 1 << 30  # bytes
_FEW_NODES: Final = 10_000
_SHOWN: Final = 3  # names in one line
_NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "9p", "beegfs", "gpfs", "davfs"}
    | {"fuse.glusterfs", "fuse.sshfs", "fuse.s3fs", "fuse.rclone"}
)


def home_checks(home: Home) -> Iterator[DoctorCheck]:
    """Of a home that exists."""
    yield _disk(home)
    yield _file_system(home)
    yield _state_files(home)
    yield _keys(home)
    yield _tables(home)
    yield _models(home)
    yield _clock(home)


def scheduler_check(home: Home, own_pid: int = 0) -> DoctorCheck:
    """Who works on the home, and whether what a dead process left is in the way. own_pid: of the site that asks."""
    run, owner = _run_file(home), _lock_owner(home)
    if own_pid:
        return DoctorCheck("scheduler", True, f"runs as process {own_pid}")
    if owner:
        pid = str(run.get("pid")) if run else ""
        said = f"process {owner} works on {home.root}"
        if pid == owner:
            text = f"{said}, but does not answer at {run.get('url')}"
        else:
            text = f"{said}, and has not said yet where it answers"
        fix = f"wait a moment; if it hangs: kill -9 {owner}, then: fateflow server start (its jobs go on)"
        return DoctorCheck("scheduler", False, text, fix)
    if run:
        text = f"none runs; process {run.get('pid')} left {home.run_file.name} behind when it died"
        return DoctorCheck("scheduler", True, f"{text}, which the next start replaces", "fateflow server start")
    return DoctorCheck("scheduler", True, "none runs; it is started when it is needed", "fateflow server start")


def _disk(home: Home) -> DoctorCheck:
    try:
        free, nodes = shutil.disk_usage(home.root).free, os.statvfs(home.root).f_favail
    except OSError as error:
        return DoctorCheck(
            "disk", False, f"{home.root} cannot be looked at: {error.strerror}", "choose another home: --home"
        )
    writable = os.access(home.root, os.W_OK | os.X_OK)
    text = f"{free / (1 << 30):.1f} GiB free below {home.root}"
    if not writable:
        return DoctorCheck(
            "disk", False, f"{home.root} cannot be written", f"give it to the site's user: chown {home.root}"
        )
    # File systems that make inodes as they need them say 0.
    if 0 < nodes < _FEW_NODES:
        return DoctorCheck(
            "disk", False, f"{text}, but room for {nodes} files only", "fateflow gc --dry-run --keep-jobs 90d"
        )
    fix = "free some space; fateflow gc --dry-run --keep-jobs 90d shows what the site could do without"
    return DoctorCheck("disk", free >= _LITTLE_SPACE, text, fix)


def _file_system(home: Home) -> DoctorCheck:
    kind, place = mounted_as(home.root.absolute(), _mounts())
    if kind in _NETWORK:
        text = f"{home.root} lies on a network file system ({kind} at {place}), whose locks and saves may be lost"
        return DoctorCheck("file system", False, text, "move the home to a local disk: --home, or $FATEFLOW_HOME")
    return DoctorCheck("file system", True, f"{kind} at {place}" if kind else "the system does not tell which")


def mounted_as(path: Path, mounts: str) -> tuple[str, str]:
    """Type and mount point of the file system that a path lies on, from the text of /proc/mounts; '' where unknown."""
    found = ("", "")
    for line in mounts.splitlines():
        words = line.split()
        if len(words) < 3:
            continue
        place = words[1].replace("\\040", " ")
        if path.is_relative_to(place) and len(place) >= len(found[1]):
            found = (words[2], place)
    return found


def _mounts() -> str:
    try:
        return Path("/proc/mounts").read_text(errors="replace")
    except OSError:
        return ""


def _state_files(home: Home) -> DoctorCheck:
    damaged = damaged_files(home.root)
    if not damaged:
        return DoctorCheck("state files", True, "none is damaged")
    text = f"set aside as damaged: {_named([str(path) for path in damaged])}"
    return DoctorCheck("state files", False, text, "look at them, then delete them; what they held is lost here")


def _keys(home: Home) -> DoctorCheck:
    secret = [*home.keys.glob("*.pem"), *([home.run_file] if home.run_file.exists() else [])]
    exposed = [path for path in secret if stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO)]
    if exposed:
        names = " ".join(str(path) for path in exposed)
        return DoctorCheck(
            "keys", False, f"others may read {_named([path.name for path in exposed])}", f"chmod 600 {names}"
        )
    return DoctorCheck("keys", True, "readable by their owner only")


def _tables(home: Home) -> DoctorCheck:
    tables, flaws, count = Tables(home.tables), [], 0
    for namespace, name in tables.names():
        count += 1
        try:
            meta = tables.meta(namespace, name)
        except FateFlowError:
            flaws.append(f"{namespace}.{name}")
            continue
        lost = [file for file in meta.files if not (home.table(namespace, name) / file).exists()] if meta else []
        if lost:
            flaws.append(f"{namespace}.{name}")
    if flaws:
        fix = "upload or bind them anew: fateflow data upload --drop, fateflow table bind --drop"
        return DoctorCheck("tables", False, f"facts or rows are missing of {_named(flaws)}", fix)
    return DoctorCheck("tables", True, f"all {count} have their rows" if count else "there are none")


def _models(home: Home) -> DoctorCheck:
    damaged = Registry(home.models).damaged()
    if damaged:
        names = [f"{one.party_model_id} {one.version}" for one in damaged]
        fix = "import an archive of them, or restore them: fateflow model import --force, fateflow model restore"
        return DoctorCheck("models", False, f"cannot be read: {_named(names)}", fix)
    return DoctorCheck("models", True, "all registered parts can be read")


def _clock(home: Home) -> DoctorCheck:
    """Jobs are named after the time they were made at, so that a clock that went back shows."""
    tomorrow = datetime.fromtimestamp(time.time()) + timedelta(days=1)
    days = [path.name for path in (home.database / "jobs").glob("[0-9]" * 8)]
    ahead = [day for day in days if day > f"{tomorrow:%Y%m%d}"]
    if ahead:
        text = f"this machine says {datetime.now():%Y-%m-%d %H:%M}, and there are jobs of {max(ahead)}"
        return DoctorCheck("clock", False, text, "set the clock, best by NTP: timedatectl set-ntp true")
    return DoctorCheck("clock", True, f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S %z}")


def _run_file(home: Home) -> dict[str, Any]:
    try:
        return msgspec.json.decode(home.run_file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError):
        return {}


def _lock_owner(home: Home) -> str:
    """The process that holds the home's lock; '' when nobody does. Only looks: to try the lock could be in the way of a
    scheduler that starts just now.
    """
    path = home.root / "scheduler.lock"
    try:
        owner, inode = path.read_text(errors="replace").strip(), path.stat().st_ino
    except OSError:
        return ""
    try:
        held = re.search(rf"FLOCK .*:{inode} ", Path("/proc/locks").read_text()) is not None
    except OSError:  # not Linux
        held = owner.isdecimal() and _is_alive(int(owner))
    return (owner or "unknown") if held else ""


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more

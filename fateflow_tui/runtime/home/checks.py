"""Checks of a home: its disk, its files and its lock."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.run_file import lock_owner
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.registry import Registry
from fateflow_tui.store.storage import damaged_files


class DoctorCheck(msgspec.Struct, frozen=True):
    """One check: whether it passed, what was found, and what to do if it failed.

    fix: the hint under its earlier name, for scripts that read the JSON.
    """

    name: str
    ok: bool
    text: str
    hint: str = ""
    fix: str = ""

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "fix", self.hint)


_MIN_SPACE: Final = 1 << 30  # bytes
_MIN_NODES: Final = 10_000
_SHOWN: Final = 3  # names in one line
_NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "9p", "beegfs", "gpfs", "davfs"}
    | {"fuse.glusterfs", "fuse.sshfs", "fuse.s3fs", "fuse.rclone"}
)


def home_checks(home: Home) -> Iterator[DoctorCheck]:
    """Check a home that exists."""
    yield _disk(home)
    yield _file_system(home)
    yield _state_files(home)
    yield _keys(home)
    yield _tables(home)
    yield _models(home)
    yield _clock(home)


def scheduler_check(home: Home, own_pid: int = 0) -> DoctorCheck:
    """Check which scheduler uses the home, and what a dead one left behind. own_pid: of the site that asks."""
    run, owner = _run_file(home), lock_owner(home.root)
    if own_pid:
        return DoctorCheck("scheduler", True, f"running as process {own_pid}")
    if owner:
        pid = str(run.get("pid")) if run else ""
        holder = f"process {owner} uses {home.root}"
        if pid == owner:
            text = f"{holder}, but does not answer at {run.get('url')}"
        else:
            text = f"{holder}, but is not ready to answer yet"
        hint = f"wait a moment; if it hangs: kill -9 {owner}, then: fateflow server start (its jobs resume)"
        return DoctorCheck("scheduler", False, text, hint)
    if run:
        text = (
            f"not running; process {run.get('pid')} died and left {home.run_file.name}, which the next start replaces"
        )
        return DoctorCheck("scheduler", True, text, "fateflow server start")
    return DoctorCheck("scheduler", True, "not running; it is started when it is needed", "fateflow server start")


def _disk(home: Home) -> DoctorCheck:
    try:
        free, nodes = shutil.disk_usage(home.root).free, os.statvfs(home.root).f_favail
    except OSError as error:
        return DoctorCheck(
            "disk", False, f"cannot inspect {home.root}: {error.strerror}", "choose another home: --home"
        )
    writable = os.access(home.root, os.W_OK | os.X_OK)
    text = f"{free / (1 << 30):.1f} GiB free below {home.root}"
    if not writable:
        return DoctorCheck(
            "disk", False, f"{home.root} is not writable", f"make the site's user its owner: chown USER {home.root}"
        )
    # File systems that create inodes on demand report 0.
    if 0 < nodes < _MIN_NODES:
        return DoctorCheck(
            "disk", False, f"{text}, but only {nodes} free inodes", "fateflow gc --dry-run --keep-jobs 90d"
        )
    hint = "free some space; fateflow gc --dry-run --keep-jobs 90d shows what can be deleted"
    return DoctorCheck("disk", free >= _MIN_SPACE, text, hint)


def _file_system(home: Home) -> DoctorCheck:
    kind, place = mounted_as(home.root.absolute(), _mounts())
    if kind in _NETWORK:
        text = f"{home.root} is on a network file system ({kind} at {place}), where locks and writes are not reliable"
        return DoctorCheck("file system", False, text, "move the home to a local disk: --home or $FATEFLOW_HOME")
    return DoctorCheck("file system", True, f"{kind} at {place}" if kind else "unknown")


def mounted_as(path: Path, mounts: str) -> tuple[str, str]:
    """The type and mount point of the file system of a path, from the text of /proc/mounts; '' where unknown."""
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
        return DoctorCheck("state files", True, "none are damaged")
    text = f"damaged and set aside: {_named([str(path) for path in damaged])}"
    return DoctorCheck(
        "state files", False, text, "inspect them, then delete them; their contents are lost at this site"
    )


def _keys(home: Home) -> DoctorCheck:
    secret = [*home.keys.glob("*.pem"), *([home.run_file] if home.run_file.exists() else [])]
    exposed = [path for path in secret if stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO)]
    if exposed:
        names = " ".join(str(path) for path in exposed)
        return DoctorCheck(
            "keys", False, f"readable by other users: {_named([path.name for path in exposed])}", f"chmod 600 {names}"
        )
    return DoctorCheck("keys", True, "readable only by their owner")


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
        hint = "upload or bind them again: fateflow data upload --drop, fateflow table bind --drop"
        return DoctorCheck("tables", False, f"metadata or rows are missing: {_named(flaws)}", hint)
    return DoctorCheck("tables", True, f"all {count} are complete" if count else "there are none")


def _models(home: Home) -> DoctorCheck:
    damaged = Registry(home.models).damaged()
    if damaged:
        names = [f"{one.party_model_id} {one.version}" for one in damaged]
        hint = "import or restore them: fateflow model import --force, fateflow model restore"
        return DoctorCheck("models", False, f"cannot be read: {_named(names)}", hint)
    return DoctorCheck("models", True, "all registered parts are readable")


def _clock(home: Home) -> DoctorCheck:
    """Compare the clock with the newest job: job ids contain their creation time."""
    tomorrow = datetime.fromtimestamp(time.time()) + timedelta(days=1)
    days = [path.name for path in (home.database / "jobs").glob("[0-9]" * 8)]
    ahead = [day for day in days if day > f"{tomorrow:%Y%m%d}"]
    if ahead:
        text = f"the clock of this machine says {datetime.now():%Y-%m-%d %H:%M}, but there are jobs of {max(ahead)}"
        return DoctorCheck("clock", False, text, "synchronize the clock: timedatectl set-ntp true")
    return DoctorCheck("clock", True, f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S %z}")


def _run_file(home: Home) -> dict[str, Any]:
    try:
        return msgspec.json.decode(home.run_file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError):
        return {}


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more

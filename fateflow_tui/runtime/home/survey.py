"""What a home contains and how large it is, by job. Reads only directories and table metadata."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.registry.parts import MANIFEST_FILE
from fateflow_tui.registry.registry import STAGED

_OUTPUTS: Final = "output_data_"  # prefix of the namespace of task outputs
_ABANDONED: Final = 86_400  # seconds after which data without a job is not in use any more


class Survey(msgspec.Struct, frozen=True):
    """Sizes by kind and output tables, by job. models: directories of unregistered models, by version. loose: what
    belongs to no job.
    """

    sizes: dict[str, dict[str, int]]
    tables: dict[str, dict[Table, int]]
    models: dict[str, list[Path]]
    loose: list[GarbageItem]


def survey(home: Home, tables: Tables) -> Survey:
    sizes: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for kind, root in (("logs", home.root / "logs"), ("metrics", home.root / "metrics"), ("files", home.root / "jobs")):
        for path in _below(root):
            if path != home.site_logs and path.is_dir():
                sizes[path.name][kind] = size_of(path)
    for path in (home.database / "jobs").glob("*/*.json"):
        sizes[path.stem]["record"] = path.stat().st_size
    models: defaultdict[str, list[Path]] = defaultdict(list)
    for path in _remains(home.models):
        models[path.name].append(path)
        sizes[path.name]["model"] = sizes[path.name].get("model", 0) + size_of(path)
    return Survey(dict(sizes), _output_tables(home, tables), dict(models), list(_loose(home)))


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a directory; files that vanish meanwhile do not count."""
    if not path.is_dir():
        return path.stat().st_size if path.exists() else 0
    total = 0
    for directory, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(f"{directory}/{name}").st_size
            except OSError:
                continue
    return total


def _output_tables(home: Home, tables: Tables) -> dict[str, dict[Table, int]]:
    """The output tables of tasks; never tables that were uploaded, bound or written for users."""
    found: defaultdict[str, dict[Table, int]] = defaultdict(dict)
    for namespace, name in tables.names():
        if not namespace.startswith(_OUTPUTS):
            continue
        try:
            meta = tables.meta(namespace, name)
        except FateFlowError:
            continue  # a damaged table is kept for inspection
        job_id = meta.origin.get("job_id", "") if meta is not None else ""
        if meta is not None and not meta.external and namespace.startswith(f"{_OUTPUTS}{job_id}_"):
            found[job_id][(namespace, name)] = size_of(home.table(namespace, name))
    return dict(found)


def _remains(models: Path) -> Iterator[Path]:
    """Directories of model versions that are not registered."""
    for owner in _below(models):
        for version in _below(owner) if owner.is_dir() else ():
            if version.is_dir() and not (version / MANIFEST_FILE).exists():
                yield version


def _loose(home: Home) -> Iterator[GarbageItem]:
    """Abandoned staged model parts and uploads, and archives of migrated models."""
    limit = time.time() - _ABANDONED
    for kind, root in (("staged", home.models / STAGED), ("upload", home.uploads), ("archive", home.migrated)):
        for path in sorted(root.iterdir()) if root.is_dir() else ():
            written = path.lstat().st_mtime
            if kind == "archive" or written < limit:
                why = "the model was migrated to another site" if kind == "archive" else "it was not used for a day"
                yield GarbageItem(
                    kind=kind, name=path.name, size=size_of(path), at=round(written * 1000), why=why, paths=(path,)
                )


def _below(root: Path) -> list[Path]:
    try:
        return [path for path in sorted(root.iterdir()) if not path.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []


Table = tuple[str, str]  # namespace, name


class GarbageItem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be deleted. kind: job, logs, metrics, table, model, staged, upload or archive. size: bytes.
    at: when its job ended, or the file was written; ms.
    """

    kind: str
    name: str
    size: int
    at: int
    why: str
    job_id: str = ""
    paths: tuple[Path, ...] = ()
    tables: tuple[Table, ...] = ()

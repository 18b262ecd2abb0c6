"""What lies in a home and how large it is, by job; reads directories and the facts of tables only."""

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

_OUTPUTS: Final = "output_data_"  # begins the namespace of what a task has written
_ABANDONED: Final = 86_400  # seconds after which nobody works any more on what belongs to no job


class Survey(msgspec.Struct, frozen=True):
    """By job: sizes by kind, and output tables. models: directories of models that are not registered, by version.
    loose: what belongs to no job.
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
    """Bytes of a file, or of all files below a directory; what vanishes meanwhile does not count."""
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
    """What tasks have written under names of their own; never what was uploaded, bound or written for users."""
    found: defaultdict[str, dict[Table, int]] = defaultdict(dict)
    for namespace, name in tables.names():
        if not namespace.startswith(_OUTPUTS):
            continue
        try:
            meta = tables.meta(namespace, name)
        except FateFlowError:
            continue  # a damaged table is for a person to look at
        job_id = meta.origin.get("job_id", "") if meta is not None else ""
        if meta is not None and not meta.external and namespace.startswith(f"{_OUTPUTS}{job_id}_"):
            found[job_id][(namespace, name)] = size_of(home.table(namespace, name))
    return dict(found)


def _remains(models: Path) -> Iterator[Path]:
    """Directories of model versions that were never registered, or are not yet."""
    for owner in _below(models):
        for version in _below(owner) if owner.is_dir() else ():
            if version.is_dir() and not (version / MANIFEST_FILE).exists():
                yield version


def _loose(home: Home) -> Iterator[GarbageItem]:
    """Parts of models that nobody came for, uploads that nobody reads, archives of what lives elsewhere now."""
    limit = time.time() - _ABANDONED
    for kind, root in (("staged", home.models / STAGED), ("upload", home.uploads), ("archive", home.migrated)):
        for path in sorted(root.iterdir()) if root.is_dir() else ():
            written = path.lstat().st_mtime
            if kind == "archive" or written < limit:
                why = "it lives at another site now" if kind == "archive" else "nobody has come for it for a day"
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
    """Something that can go. kind: job, logs, metrics, table, model, staged, upload or archive. at: when its job ended,
    or the file was written; ms. size: bytes.
    """

    kind: str
    name: str
    size: int
    at: int
    why: str
    job_id: str = ""
    paths: tuple[Path, ...] = ()
    tables: tuple[Table, ...] = ()

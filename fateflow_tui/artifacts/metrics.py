"""Metrics of one task run: an append-only file of JSON lines that can be read while it grows."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from fateflow_tui.artifacts.table import plain
from fateflow_tui.core.files import write_file

Key = float | int | str
# namespace -> series -> {"data": [[key, value], ...] sorted by key, "meta": {"name": ..., "metric_type": ...}}
Series = dict[str, dict[str, dict[str, Any]]]


class MetricsWriter:
    """Appends to one run's file, one write call per line, so that a reader never waits and a crash tears at most the
    last line. The first line creates the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._counts: Counter[tuple[str, str]] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def append(
        self,
        namespace: str,
        name: str,
        points: Iterable[tuple[Key, Any]] = (),
        meta: Mapping[str, Any] | None = None,
    ) -> list[list[Any]]:
        """Add points to a series, set keys of its meta, or both, and return the points as they were written: numbers
        that JSON cannot express become strings.
        """
        rows = [[plain(key), plain(value)] for key, value in points]
        if rows or meta is None:
            self._line({"ns": namespace, "name": name, "points": rows})
        if meta is not None:
            self._line({"ns": namespace, "name": name, "meta": plain(dict(meta))})
        self._counts[namespace, name] += len(rows)
        return rows

    def count(self, namespace: str, name: str) -> int:
        """Points that were added to a series by this writer."""
        return self._counts[namespace, name]

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _line(self, record: dict[str, Any]) -> None:
        if self._descriptor is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        os.write(self._descriptor, msgspec.json.encode(record) + b"\n")


def read(path: Path) -> Series:
    """All series of a run, in the order of their first line; {} if nothing was written. The keys of a series sort as
    numbers if they are numbers, as text otherwise; equal keys keep their order.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return {}
    found: Series = {}
    for line in lines[:-1]:  # what follows the last newline is empty, or torn
        try:
            record = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError:
            continue  # torn by a crash, then appended to
        series = found.setdefault(record["ns"], {}).setdefault(
            record["name"], {"data": [], "meta": {"name": record["name"], "metric_type": ""}}
        )
        series["data"].extend(record.get("points", ()))
        series["meta"].update(record.get("meta", {}))
    for names in found.values():
        for series in names.values():
            series["data"].sort(key=_order)
    return found


def delete(path: Path) -> bool:
    """Delete a run's metrics; return False if there were none."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def _order(point: Sequence[Any]) -> tuple[bool, Any]:
    key = point[0]
    return (True, key) if isinstance(key, str) else (False, key)


def prune(path: Path, namespace: str = "", name: str = "") -> int:
    """Delete the series of this namespace and name, "" for any, and return their number. Only for a run that has
    ended: points appended meanwhile would be lost.
    """

    def matches(space: str, series: str) -> bool:
        return namespace in ("", space) and name in ("", series)

    found = read(path)
    doomed = sum(matches(space, series) for space, names in found.items() for series in names)
    if doomed == sum(len(names) for names in found.values()):
        delete(path)
    elif doomed:
        kept: list[bytes] = []
        for line in path.read_bytes().split(b"\n")[:-1]:
            try:
                record = msgspec.json.decode(line, type=dict[str, str | list[object] | dict[str, object]])
            except msgspec.DecodeError:
                continue  # torn by a crash
            if not matches(str(record["ns"]), str(record["name"])):
                kept.append(line + b"\n")
        write_file(path, b"".join(kept))
    return doomed

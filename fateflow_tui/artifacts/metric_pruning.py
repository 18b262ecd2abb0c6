"""Taking single series out of a run's metrics."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fateflow_tui.artifacts import metrics
from fateflow_tui.artifacts.durable import write_file


def prune(path: Path, namespace: str = "", name: str = "") -> int:
    """Forgets the series of this namespace and name, "" for any; returns how many there were. Only for a run that has
    ended: what is appended meanwhile would be lost.
    """

    def matches(space: str, series: str) -> bool:
        return namespace in ("", space) and name in ("", series)

    found = metrics.read(path)
    doomed = sum(matches(space, series) for space, names in found.items() for series in names)
    if doomed == sum(len(names) for names in found.values()):
        metrics.delete(path)
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

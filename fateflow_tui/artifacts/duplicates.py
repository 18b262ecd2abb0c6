"""Rows whose id occurs more than once: found without keeping all ids in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

Keep = Literal["first", "last"]


class IdHashes:
    """Collects 8 bytes for each id; equal ids have equal hashes, and rarely different ones have too."""

    def __init__(self) -> None:
        self._parts: list[np.ndarray[Any, np.dtype[np.uint64]]] = []

    def add(self, ids: pl.Series) -> None:
        self._parts.append(ids.hash().to_numpy())

    def repeated(self) -> pl.Series:
        """The hashes that occurred more than once. Sorting them in place needs less than any table of them."""
        import numpy as np
        import polars as pl

        hashes = np.concatenate(self._parts) if self._parts else np.empty(0, np.uint64)
        self._parts = [hashes]
        hashes.sort()
        later = hashes[1:]
        return pl.Series(np.unique(later[later == hashes[:-1]]), dtype=pl.UInt64)


def rows_to_leave_out(ids: Iterable[pl.Series], repeated: pl.Series, keep: Keep) -> pl.Series:
    """Row numbers, from 0 over all parts of `ids`, of the rows that give way to the kept row of their id."""
    import polars as pl

    suspects: list[pl.DataFrame] = []
    start = 0
    for part in ids:
        numbered = pl.DataFrame(
            {"row": range(start, start + part.len()), "id": part}, schema_overrides={"row": pl.Int64}
        )
        suspects.append(numbered.filter(part.hash().is_in(repeated)))
        start += part.len()
    rows = pl.concat(suspects)
    kept = rows.unique("id", keep=keep)["row"]
    return rows["row"].filter(~rows["row"].is_in(kept))

"""The demo job: its documents, and the tables that they read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec


class ExampleTable(msgspec.Struct, frozen=True):
    """A table of the demo, and the file that it is made of."""

    file: Path
    namespace: str
    name: str

    @property
    def title(self) -> str:
        return f"{self.namespace}.{self.name}"


class Examples(msgspec.Struct, frozen=True):
    """Where the demo's documents and tables lie."""

    dsl: Path
    conf: Path
    tables: tuple[ExampleTable, ...]

    def missing(self, known: Iterable[tuple[str, str]]) -> list[ExampleTable]:
        """Of its tables those that are not among the known ones, which are (namespace, name)."""
        there = set(known)
        return [table for table in self.tables if (table.namespace, table.name) not in there]


def examples_in(folder: Path) -> Examples | None:
    """The demo as `fateflow demo` has it; None where its files are not."""
    tables = tuple(
        ExampleTable(folder / "data" / f"{party}.csv", "demo", f"breast_{party}") for party in ("guest", "host")
    )
    found = Examples(folder / "hetero_lr_dsl.json", folder / "hetero_lr_conf.json", tables)
    files = (found.dsl, found.conf, *(table.file for table in tables))
    return found if all(file.is_file() for file in files) else None

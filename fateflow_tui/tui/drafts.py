"""Job documents in files and the demo job: telling DSL from conf, finding pairs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec


class ExampleTable(msgspec.Struct, frozen=True):
    """A table of the demo and its source file."""

    file: Path
    namespace: str
    name: str

    @property
    def title(self) -> str:
        return f"{self.namespace}.{self.name}"


class Examples(msgspec.Struct, frozen=True):
    """The files of the demo job."""

    dsl: Path
    conf: Path
    tables: tuple[ExampleTable, ...]

    def missing(self, known: Iterable[tuple[str, str]]) -> list[ExampleTable]:
        """Return the tables of the demo that are not among the known ones, given as (namespace, name)."""
        there = set(known)
        return [table for table in self.tables if (table.namespace, table.name) not in there]


def examples_in(folder: Path) -> Examples | None:
    """Find the demo job that `fateflow demo` runs; None if its files are missing."""
    tables = tuple(
        ExampleTable(folder / "data" / f"{party}.csv", "demo", f"breast_{party}") for party in ("guest", "host")
    )
    found = Examples(folder / "hetero_lr_dsl.json", folder / "hetero_lr_conf.json", tables)
    files = (found.dsl, found.conf, *(table.file for table in tables))
    return found if all(file.is_file() for file in files) else None


DSL: Final = "dsl"
CONF: Final = "conf"
_PEEKED: Final = 64_000  # bytes of a file that are read to tell what it is
_CONF_MEMBERS: Final = re.compile(rb'"(initiator|role|job_parameters|component_parameters|dsl_version)"\s*:')
_DSL_MEMBERS: Final = re.compile(rb'"components"\s*:')


def kind_of(path: Path) -> str:
    """Tell whether a file is a `dsl` or a `conf` ('' for neither): by its name, then by its content."""
    words = re.split(r"[^a-z]+", path.stem.lower())
    for kind in (DSL, CONF):
        if kind in words:
            return kind
    try:
        with path.open("rb") as file:
            start = file.read(_PEEKED)
    except OSError:
        return ""
    if _CONF_MEMBERS.search(start):
        return CONF
    return DSL if _DSL_MEMBERS.search(start) else ""


def partner_of(path: Path, kind: str) -> Path | None:
    """Find the matching document beside it: `x_conf.json` for `x_dsl.json`, or the only one of its kind."""
    other = CONF if kind == DSL else DSL
    twin = path.with_name(path.name.replace(kind, other))
    if twin != path and twin.is_file():
        return twin
    try:
        fitting = [one for one in path.parent.glob("*.json") if one != path and kind_of(one) == other]
    except OSError:
        return None
    return fitting[0] if len(fitting) == 1 else None


def source_of(document: Any) -> str:
    """Return the text of a document in a file; '' for other documents, whose problems have no lines."""
    if not isinstance(document, Path):
        return ""
    try:
        return document.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""

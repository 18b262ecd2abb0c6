"""Reading a delimited text file in blocks of bounded size. Quotes have no meaning: every delimiter separates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    import polars as pl

BLOCK = 32 * 1024 * 1024  # bytes
_BOM = b"\xef\xbb\xbf"
_VALUE = "value"


class Layout(msgspec.Struct, frozen=True):
    """Where the columns are. names: the id first; without a header line two, the id and everything after it.

    start: where the rows begin, in bytes.
    """

    names: list[str]
    start: int
    head: bool
    delimiter: str


class Rows(msgspec.Struct, frozen=True):
    """A block's rows as text columns. malformed: lines that were left out. read: bytes of the file so far."""

    frame: pl.DataFrame
    malformed: int
    read: int


def layout(path: Path, head: bool, delimiter: str) -> Layout:
    """Looks at the first line. Raises ComponentFailed for an empty file and for a header that cannot be one."""
    with path.open("rb") as file:
        line = file.readline(BLOCK)
    bom = len(_BOM) if line.startswith(_BOM) else 0
    if not line[bom:].strip():
        raise ComponentFailed(
            f"{path.name} is empty" if not line else f"the first line of {path.name} is empty",
            hint="the file must have a line for each row, with the id in front",
        )
    if not head:
        return Layout(["sid", _VALUE], bom, head, delimiter)
    names = [name.strip() for name in _decoded(line[bom:], path).rstrip("\r\n").split(delimiter)]
    if "" in names or len(set(names)) < len(names):
        wrong = "has a column without a name" if "" in names else "names a column twice"
        raise ComponentFailed(
            f"the header line of {path.name} {wrong}", hint="correct it, or upload with head 0 if it is no header"
        )
    return Layout(names, len(line), head, delimiter)


def blocks(path: Path, where: Layout, size: int = BLOCK) -> Iterator[Rows]:
    """All rows, at most about `size` bytes at a time. A line with too few or too many fields is left out, counted;
    an empty line is not a row.
    """
    with path.open("rb") as file:
        file.seek(where.start)
        while block := file.read(size):
            # The rest of the last line.
            block += file.readline()
            frame, malformed = _parse(block, where, path)
            yield Rows(frame, malformed, file.tell())


def _parse(block: bytes, where: Layout, path: Path) -> tuple[pl.DataFrame, int]:
    if where.head and len(where.delimiter.encode()) == 1:
        regular = _parse_regular(block, where, path)
        if regular is not None:
            return regular, 0
    return _parse_lines(block, where, path)


def _parse_regular(block: bytes, where: Layout, path: Path) -> pl.DataFrame | None:
    """The fast way, for a block in which every line has all fields; None if one has not."""
    import polars as pl

    _decoded(block, path)
    try:
        frame = pl.read_csv(
            block,
            has_header=False,
            schema=dict.fromkeys(where.names, pl.String),
            separator=where.delimiter,
            quote_char=None,
        )
    except pl.exceptions.PolarsError:  # a line with too many fields
        return None
    # No line has more fields than there are names, so an equal total means that none has fewer.
    if block.count(where.delimiter.encode()) != frame.height * (len(where.names) - 1):
        return None
    return frame.fill_null("")


def _parse_lines(block: bytes, where: Layout, path: Path) -> tuple[pl.DataFrame, int]:
    import polars as pl

    text = _decoded(block, path)
    lines = pl.Series("line", [text], dtype=pl.String).str.split("\n").explode().str.strip_chars_end("\r")
    lines = lines.filter(lines != "")
    if not where.head:
        fields = lines.str.splitn(where.delimiter, 2).struct.rename_fields(where.names).struct.unnest()
        return fields.fill_null(""), 0
    complete = lines.str.count_matches(where.delimiter, literal=True) == len(where.names) - 1
    good = lines.filter(complete)
    if len(where.names) == 1:
        return good.rename(where.names[0]).to_frame(), lines.len() - good.len()
    split = good.str.split_exact(where.delimiter, len(where.names) - 1)
    return split.struct.rename_fields(where.names).struct.unnest(), lines.len() - good.len()


def _decoded(data: bytes, path: Path) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ComponentFailed(
            f"{path.name} is not UTF-8 text: {error.reason}", hint="convert it, for instance with `iconv -t UTF-8`"
        ) from error

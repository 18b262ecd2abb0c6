"""Reading a delimited text file in blocks of bounded size.

Where fields are columns, one that begins with a double quote may hold the delimiter and ends, on the same line, with
another; an inner one is doubled. Where a line is an id and all the rest, quotes have no meaning.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    import polars as pl

BLOCK = 8 << 20  # bytes
_BOM = b"\xef\xbb\xbf"
_ID = "sid"
_VALUE = "value"
_QUOTE = '"'
_STARTS = {  # the first bytes of files that are not UTF-8 text: what they are, and how to convert them
    b"\x1f\x8b": ("is compressed", "unpack it, for instance with `gunzip`"),
    b"PK\x03\x04": ("is an archive or a workbook", "unpack it, or save it as CSV"),
    b"\xff\xfe": ("is UTF-16 text", "convert it, for instance with `iconv -f UTF-16 -t UTF-8`"),
    b"\xfe\xff": ("is UTF-16 text", "convert it, for instance with `iconv -f UTF-16 -t UTF-8`"),
}
_OTHERS = (",", ";", "\t", "|")  # other possible separators


class DelimitedLayout(msgspec.Struct, frozen=True):
    """Where the columns are. names: of the columns in order. start: of the rows, in bytes.

    wide: each field of a line is a column. Otherwise a line is its first field and all the rest (two names), or one
    value (one name), for formats whose rows differ in length. title: the file's name in messages.
    """

    names: list[str]
    start: int
    wide: bool
    delimiter: str
    title: str


class Block(msgspec.Struct, frozen=True):
    """A block's rows as text columns. malformed: lines that were omitted. read: bytes of the file so far."""

    frame: pl.DataFrame
    malformed: int
    read: int


def layout(
    path: Path, head: bool, delimiter: str, names: Sequence[str] = (), *, whole: bool = False, title: str = ""
) -> DelimitedLayout:
    """Read the first line. names: of the columns of a file without a header line, if known. whole:
    without names, a line is one value. title: the file's name in messages, by default its own. Raises ComponentFailed
    for an empty file and an invalid header.
    """
    title = title or path.name
    with path.open("rb") as file:
        line = file.readline(BLOCK)
    _check_text(line, title)
    bom = len(_BOM) if line.startswith(_BOM) else 0
    if not line[bom:].strip():
        raise ComponentFailed(
            f"{title} is empty" if not line else f"the first line of {title} is empty",
            hint="the file must have a line for each row that begins with the id",
        )
    if not head and not names:
        return DelimitedLayout([_VALUE] if whole else [_ID, _VALUE], bom, False, delimiter, title)
    fields = [name.strip() for name in _fields(_decoded(line[bom:], title).rstrip("\r\n"), delimiter)]
    if not head:
        if len(fields) != len(names):
            raise ComponentFailed(
                f"the first line of {title} has {len(fields)} fields, but {len(names)} columns are named",
                hint=f"are the fields separated by {delimiter!r}?",
            )
        return DelimitedLayout(list(names), bom, True, delimiter, title)
    _check_header(fields, delimiter, title)
    return DelimitedLayout(fields, len(line), True, delimiter, title)


def _check_text(line: bytes, title: str) -> None:
    """Raise ComponentFailed if the first line shows that the file is not UTF-8 text."""
    for start, (what, hint) in _STARTS.items():
        if line.startswith(start):
            raise ComponentFailed(f"{title} {what}", hint=hint)
    if b"\r" in line.rstrip() and not line.endswith(b"\n"):
        raise ComponentFailed(
            f"the lines of {title} end with a carriage return alone",
            hint="convert it, for instance with `tr '\\r' '\\n'`",
        )


def _check_header(fields: list[str], delimiter: str, title: str) -> None:
    wrong = ""
    if "" in fields:
        wrong = "has a column without a name"
    elif len(set(fields)) < len(fields):
        wrong = "names a column twice"
    elif any(delimiter in field for field in fields):
        wrong = f"names a column with the delimiter {delimiter!r} in it"
    if wrong:
        raise ComponentFailed(
            f"the header line of {title} {wrong}", hint="correct it, or set head to 0 if there is none"
        )
    other = next((sign for sign in _OTHERS if sign in fields[0]), None) if len(fields) == 1 else None
    if other is not None:
        raise ComponentFailed(
            f"the header line of {title} has no {delimiter!r}, but {other!r}",
            hint=f"set id_delimiter to {other!r} if that separates the fields",
        )


def _fields(line: str, delimiter: str) -> list[str]:
    if _QUOTE not in line or len(delimiter) > 1:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error:  # a literal quote, as in `6" pipe`, or one that is not closed
        return line.split(delimiter)


def blocks(path: Path, where: DelimitedLayout, size: int = BLOCK) -> Iterator[Block]:
    """All rows, at most about `size` bytes at a time. A line with too few or too many fields is omitted and counted;
    an empty line is not a row.
    """
    with path.open("rb") as file:
        file.seek(where.start)
        while block := file.read(size):
            # The rest of the last line.
            block += file.readline()
            frame, malformed = _parse(block, where)
            yield Block(frame, malformed, file.tell())


def _parse(block: bytes, where: DelimitedLayout) -> tuple[pl.DataFrame, int]:
    if where.wide and len(where.delimiter.encode()) == 1 and _QUOTE.encode() not in block:
        regular = _parse_regular(block, where)
        if regular is not None:
            return regular, 0
    return _parse_lines(block, where)


def _parse_regular(block: bytes, where: DelimitedLayout) -> pl.DataFrame | None:
    """The fast path for a block in which every line has all fields; None if one has not."""
    import polars as pl

    try:
        frame = pl.read_csv(
            block,
            has_header=False,
            schema=dict.fromkeys(where.names, pl.String),
            separator=where.delimiter,
            quote_char=None,
        )
    except pl.exceptions.PolarsError:  # a line with too many fields, or not UTF-8
        return None
    if len(where.names) == 1:  # only an empty line has no field at all
        return frame.drop_nulls()
    # No line has more fields than there are names, so an equal total means that none has fewer.
    if block.count(where.delimiter.encode()) != frame.height * (len(where.names) - 1):
        return None
    return frame.fill_null("")


def _parse_lines(block: bytes, where: DelimitedLayout) -> tuple[pl.DataFrame, int]:
    import polars as pl

    text = _decoded(block, where.title)
    lines = pl.Series("line", [text], dtype=pl.String).str.split("\n").explode().str.strip_chars_end("\r")
    lines = lines.filter(lines != "")
    if not where.wide and len(where.names) == 1:
        return lines.rename(where.names[0]).to_frame(), 0
    if not where.wide:
        fields = lines.str.splitn(where.delimiter, 2).struct.rename_fields(where.names).struct.unnest()
        return fields.fill_null(""), 0
    if _QUOTE in text:
        rows = [_fields(line, where.delimiter) for line in lines]
        good_rows = [row for row in rows if len(row) == len(where.names)]
        frame = pl.DataFrame(good_rows, schema=dict.fromkeys(where.names, pl.String), orient="row")
        return frame, len(rows) - len(good_rows)
    complete = lines.str.count_matches(where.delimiter, literal=True) == len(where.names) - 1
    good = lines.filter(complete)
    if len(where.names) == 1:
        return good.rename(where.names[0]).to_frame(), lines.len() - good.len()
    split = good.str.split_exact(where.delimiter, len(where.names) - 1)
    return split.struct.rename_fields(where.names).struct.unnest(), lines.len() - good.len()


def _decoded(data: bytes, title: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ComponentFailed(
            f"{title} is not UTF-8 text: {error.reason}",
            hint="convert it, for instance with `iconv -f LATIN1 -t UTF-8`",
        ) from error

"""Reading tables and files for clients, in a separate process (see `process`)."""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from fateflow_tui.artifacts.binding import BindRequest, Found, inspect
from fateflow_tui.artifacts.table import Table
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.server.tables.process import ask

PREVIEW_ROWS: Final = 100
_READ_ROWS: Final = f"{__name__}:write_rows"
_INSPECT: Final = f"{__name__}:write_inspection"


class RowsRequest(msgspec.Struct, frozen=True):
    """tables: (output name, namespace, table name). limit: rows of each, -1 for all. head: with a header line."""

    root: str
    tables: list[tuple[str, str, str]]
    archive: bool = False
    limit: int = PREVIEW_ROWS
    head: bool = True


async def previews(root: Path, tables: Sequence[tuple[str, str, str]], limit: int = PREVIEW_ROWS) -> dict[str, Any]:
    """Return {"rows": [[row, ...], ...], "header": [...], "total": [...], "names": [...]}, one entry per table."""
    with tempfile.TemporaryFile() as output:
        await ask(_READ_ROWS, msgspec.json.encode(RowsRequest(str(root), list(tables), limit=limit)), output)
        return msgspec.json.decode(output.read(), type=dict[str, Any])


async def table_archive(root: Path, tables: Sequence[tuple[str, str, str]], *, limit: int, head: bool) -> IO[bytes]:
    """Return a tar.gz of `<output>.csv` and `<output>.meta` for each table that has rows; empty when none has."""
    output = tempfile.TemporaryFile()  # noqa: SIM115 (closed by the answer)
    question = RowsRequest(str(root), list(tables), archive=True, limit=limit, head=head)
    try:
        await ask(_READ_ROWS, msgspec.json.encode(question), output)
    except BaseException:
        output.close()
        raise
    return output


async def inspect_file(request: BindRequest) -> Found:
    """Inspect a file before a table is bound to it. Raises BadRequest or ComponentFailed if it cannot be a table."""
    with tempfile.TemporaryFile() as output:
        await ask(_INSPECT, msgspec.json.encode(request), output)
        return msgspec.json.decode(output.read(), type=Found)


def write_inspection(question: bytes, output: IO[bytes]) -> None:
    """Answer `inspect_file`; runs in the other process."""
    output.write(msgspec.json.encode(inspect(msgspec.json.decode(question, type=BindRequest))))


def write_rows(question: bytes, output: IO[bytes]) -> None:
    """Answer `previews` and `table_archive`; runs in the other process."""
    request = msgspec.json.decode(question, type=RowsRequest)
    tables = Tables(Path(request.root))
    opened = [(name, tables.open(namespace, table)) for name, namespace, table in request.tables]
    if request.archive:
        _write_archive(opened, request, output)
    else:
        output.write(msgspec.json.encode(_previews(opened, request.limit)))


def _previews(tables: list[tuple[str, Table]], limit: int) -> dict[str, Any]:
    from fateflow_tui.artifacts.table import preview

    shown = [preview(table, limit) for _, table in tables]
    return {
        "rows": [one.rows for one in shown],
        "header": [one.header for one in shown],
        "total": [one.total for one in shown],
        "names": [output for output, _ in tables],
    }


def _write_archive(tables: list[tuple[str, Table]], request: RowsRequest, output: IO[bytes]) -> None:
    filled = [(name, table) for name, table in tables if table.meta.count]
    if not filled:
        return
    with gzip.GzipFile(fileobj=output, mode="wb", compresslevel=3) as packed, tarfile.open(None, "w|", packed) as tar:
        for name, table in filled:
            header = header_of(table)
            with tempfile.TemporaryFile() as csv:
                if request.head:
                    csv.write(f"{','.join(header)}\n".encode())
                for line in csv_lines(table, request.limit):
                    csv.write(f"{line}\n".encode())
                _add(tar, f"{name}.csv", csv)
            meta = io.BytesIO(msgspec.json.encode({"header": header}))
            _add(tar, f"{name}.meta", meta)


def header_of(table: Table) -> list[str]:
    """Return one name per cell of a row, the id first, then the label."""
    columns = columns_of(table)
    return ["sid", *columns[1:]] if table.meta.kind == "raw" else columns


def columns_of(table: Table) -> list[str]:
    meta = table.meta
    if not meta.label:
        return meta.columns
    return [meta.sid, meta.label, *(name for name in meta.header if name != meta.label)]


def csv_lines(table: Table, limit: int) -> Iterator[str]:
    columns = columns_of(table)
    detail = columns.index("predict_detail") if "predict_detail" in columns else -1
    left = limit if limit >= 0 else table.meta.count
    for batch in table.batches(10_000):
        for row in batch.head(left).select(columns).iter_rows():
            cells = [_cell(value) for value in row]
            if detail >= 0:
                # Clients expect this cell as a quoted string with single quotes inside.
                cells[detail] = f'"{msgspec.json.decode(row[detail]) if row[detail] else {}}"'
            yield ",".join(cells)
        left -= batch.height
        if left <= 0:
            return


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    if any(sign in text for sign in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _add(tar: tarfile.TarFile, name: str, content: IO[bytes]) -> None:
    info = tarfile.TarInfo(name)
    info.size = content.seek(0, io.SEEK_END)
    content.seek(0)
    tar.addfile(info, content)

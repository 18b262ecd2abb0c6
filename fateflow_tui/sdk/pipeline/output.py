"""Output tables of a component as data frames."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec

from fateflow_tui.core.document.problems import nearest
from fateflow_tui.core.errors import BadRequest, NotFound

if TYPE_CHECKING:
    import polars as pl


class OutputData:
    """The output tables of a component at one party, as CSV. In data frames the id column is text."""

    def __init__(self, texts: Mapping[str, bytes], headers: Mapping[str, list[str]]) -> None:
        self._texts, self._headers = dict(texts), dict(headers)

    @classmethod
    def read(cls, archive: Path) -> Self:
        """Read a file that `flow.tracking.output_archive` has written."""
        texts: dict[str, bytes] = {}
        headers: dict[str, list[str]] = {}
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                name, _, kind = member.name.rpartition(".")
                content = tar.extractfile(member)
                if content is None:
                    continue
                if kind == "csv":
                    texts[name] = content.read()
                elif kind == "meta":
                    headers[name] = msgspec.json.decode(content.read())["header"]
        return cls(texts, headers)

    @property
    def names(self) -> list[str]:
        """The names of the outputs that have rows."""
        return list(self._texts)

    def header(self, name: str = "") -> list[str]:
        """The columns of an output, the id first. name: optional when there is only one output."""
        return self._headers[self._named(name)]

    def to_csv(self, name: str = "") -> str:
        """An output as CSV that begins with the column names. name: optional when there is only one output."""
        return self._texts[self._named(name)].decode()

    def to_polars(self, name: str = "") -> pl.DataFrame:
        """An output as a Polars data frame. name: optional when there is only one output."""
        import polars as pl

        ids = {self.header(name)[0]: pl.String}
        return pl.read_csv(io.BytesIO(self._texts[self._named(name)]), schema_overrides=ids, infer_schema_length=None)

    def to_pandas(self, name: str = "") -> Any:
        """An output as a pandas data frame. Raises BadRequest when pandas is not installed."""
        try:
            import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]
        except ImportError:
            raise BadRequest(
                "pandas is not installed", hint="install it with: pip install pandas; or use to_polars()"
            ) from None
        return pd.read_csv(io.BytesIO(self._texts[self._named(name)]), dtype={self.header(name)[0]: str})

    def _named(self, name: str) -> str:
        if not name and len(self._texts) == 1:
            return next(iter(self._texts))
        if name in self._texts:
            return name
        have = ", ".join(self._texts)
        if not name:
            raise BadRequest(f"the component has several outputs: {have}", hint="pass the name of one")
        close = nearest(name, self._texts)
        raise NotFound(f"no output {name!r}", hint=f"did you mean {close}?" if close else f"the outputs are: {have}")

    def __repr__(self) -> str:
        return f"<OutputData: {', '.join(self._texts)}>"

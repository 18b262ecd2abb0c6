"""Sparse and tag input: each row lists the features that it has, as svmlight's index:value or as tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fateflow_tui.components.data_io import columns, replacement
from fateflow_tui.components.data_io.fitted import Fitted
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    import polars as pl

    from fateflow_tui.artifacts.tables import Table
    from fateflow_tui.components.data_io.parameters import DataIOParam

_TAG_LABEL = "label"  # FATE's name for it in the tag format, whatever `label_name` says


def fit(table: Table, parameters: DataIOParam) -> tuple[Fitted, pl.DataFrame]:
    """Learns which features there are; returns the instances too: id, label if any, features."""
    ids, label, entries = _read(table, parameters)
    header = _header(entries, parameters)
    if not header:
        raise ComponentFailed(
            f"no row of table {table.meta.namespace}/{table.meta.name} has a feature",
            hint=f"is `delimitor` right? rows are split by {parameters.delimitor!r}",
        )
    features = _spread(entries, header, ids.height)
    missing = None
    if parameters.missing_fill and parameters.tag_with_value:
        missing = replacement.fit(features, parameters.missing_fill_method, parameters.default_value, None)
        features = replacement.apply(features, missing)
    name = label.name if label is not None else parameters.label_name
    return Fitted(header, ids.columns[0], name, missing), _instances(ids, label, features, parameters)


def transform(table: Table, fitted: Fitted, parameters: DataIOParam) -> pl.DataFrame:
    """Instances of new rows. Features that were not there when the model was fitted are left out."""
    ids, label, entries = _read(table, parameters)
    features = _spread(entries, fitted.header, ids.height)
    if fitted.missing is not None:
        features = replacement.apply(features, fitted.missing)
    return _instances(ids, label, features, parameters)


def _read(table: Table, parameters: DataIOParam) -> tuple[pl.DataFrame, pl.Series | None, pl.DataFrame]:
    """The ids, the labels, and the entries: row number, feature, value (all but the row number are texts)."""
    import polars as pl

    svmlight = parameters.input_format == "sparse"
    rows = columns.rows_as_text(table)
    fields = rows["value"].str.strip_chars(" ").str.split(parameters.delimitor)
    label = None
    if svmlight or parameters.with_label:
        name = parameters.label_name if svmlight else _TAG_LABEL
        label = columns.labels(fields.list.first().fill_null("").rename(name), parameters.label_type)
        fields = fields.list.slice(1)
    entries = pl.DataFrame({"row": range(rows.height), "feature": fields}, schema_overrides={"row": pl.Int64})
    entries = entries.explode("feature").filter(pl.col("feature").fill_null("") != "")
    if not svmlight and not parameters.tag_with_value:
        return rows.select(table.meta.sid), label, entries.with_columns(value=pl.lit("1"))
    colon = ":" if svmlight else parameters.tag_value_delimitor
    pairs = entries["feature"].str.split(colon)
    bad = int((pairs.list.len() != 2).sum())
    if bad:
        raise ComponentFailed(
            f"{bad} of {pairs.len()} entries of table {table.meta.namespace}/{table.meta.name} are not written "
            f"feature{colon}value",
            hint="set tag_with_value false for tags without values, or correct delimitor and tag_value_delimitor",
        )
    entries = entries.with_columns(feature=pairs.list.get(0).str.strip_chars(" "), value=pairs.list.get(1))
    return rows.select(table.meta.sid), label, entries


def _header(entries: pl.DataFrame, parameters: DataIOParam) -> list[str]:
    import polars as pl

    if parameters.input_format == "tag":
        return entries["feature"].unique().sort().to_list()
    indices = entries["feature"].cast(pl.Int64, strict=False)
    if indices.is_null().any() or (indices < 0).any():
        raise ComponentFailed("the features of sparse input are numbered from 0, some here are not whole numbers")
    return [str(index) for index in range(int(indices.max()) + 1)] if indices.len() else []  # type: ignore[arg-type]


def _spread(entries: pl.DataFrame, header: list[str], rows: int) -> pl.DataFrame:
    """One text column per feature; "" where a row does not list it. A feature listed twice: the last one counts."""
    import polars as pl

    everything = pl.DataFrame({"row": range(rows)}, schema={"row": pl.Int64})
    known = entries.filter(pl.col("feature").is_in(header)).unique(["row", "feature"], keep="last", maintain_order=True)
    parts = {name: part for (name,), part in known.partition_by("feature", as_dict=True).items()}
    spread = []
    for name in header:
        part = parts.get(name)
        if part is None:
            spread.append(pl.Series(name, [""] * rows, dtype=pl.String))
            continue
        spread.append(
            everything.join(part, on="row", how="left", maintain_order="left")["value"].fill_null("").rename(name)
        )
    return pl.DataFrame(spread)


def _instances(
    ids: pl.DataFrame, label: pl.Series | None, features: pl.DataFrame, parameters: DataIOParam
) -> pl.DataFrame:
    import polars as pl

    # A feature that a row does not list is 0.
    listed = features.with_columns(pl.all().replace("", "0"))
    types = dict.fromkeys(features.columns, parameters.data_type)
    parts = [ids, *([label.to_frame()] if label is not None else []), columns.typed(listed, types, None)]
    return pl.concat(parts, how="horizontal")

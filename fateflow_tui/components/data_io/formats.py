"""Input formats: dense rows with one column per feature, and sparse or tag rows that list their features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fateflow_tui.components.data_io import columns
from fateflow_tui.components.data_io.fitted import FittedFormat
from fateflow_tui.components.parameter_problems import near_miss
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    import polars as pl

    from fateflow_tui.artifacts.table import Table
    from fateflow_tui.components.data_io.parameters import DataIOParam


def fit_dense(table: Table, parameters: DataIOParam) -> tuple[FittedFormat, pl.DataFrame]:
    """Fit the format; return it and the table's instances: id, label if any, features."""
    texts = _texts(table, parameters)
    sid, *header = texts.columns
    label = parameters.label_name if parameters.with_label else ""
    if label and label not in header:
        meant = near_miss(label, header)
        raise ComponentFailed(
            f"table {table.meta.namespace}/{table.meta.name} has no column {label!r} for the label",
            hint=f"did you mean label_name {meant!r}?" if meant else f"its columns are {', '.join(header)}",
        )
    names = [name for name in header if name != label]
    features = texts.select(names)
    missing = outlier = None
    if parameters.missing_fill:
        missing = columns.fit(
            features, parameters.missing_fill_method, parameters.default_value, parameters.missing_impute
        )
        features = columns.apply(features, missing)
    if parameters.outlier_replace:
        outlier = columns.fit(
            features,
            parameters.outlier_replace_method,
            parameters.outlier_replace_value,
            parameters.outlier_impute,
        )
        features = columns.apply(features, outlier)
    fitted = FittedFormat(names, sid, parameters.label_name, missing, outlier)
    return fitted, _instances(texts, features, label, parameters)


def transform_dense(table: Table, fitted: FittedFormat, parameters: DataIOParam) -> pl.DataFrame:
    """Return the instances of new rows, with the fitted columns and the label if there is one."""
    texts = _texts(table, parameters)
    absent = [name for name in fitted.header if name not in texts.columns[1:]]
    if absent:
        raise ComponentFailed(
            f"table {table.meta.namespace}/{table.meta.name} lacks {len(absent)} columns that the model was fitted on: "
            + ", ".join(absent[:10])
        )
    label = parameters.label_name if parameters.with_label and parameters.label_name in texts.columns else ""
    features = texts.select(fitted.header)
    for rule in (fitted.missing, fitted.outlier):
        if rule is not None:
            features = columns.apply(features, rule)
    return _instances(texts, features, label, parameters)


def _texts(table: Table, parameters: DataIOParam) -> pl.DataFrame:
    if not table.meta.have_head:
        raise ComponentFailed(
            f"table {table.meta.namespace}/{table.meta.name} was uploaded without a header line, which the dense "
            "format needs",
            hint="upload it with head set to 1, or set input_format to sparse or tag",
        )
    return columns.texts(table, parameters.delimitor)


def _instances(texts: pl.DataFrame, features: pl.DataFrame, label: str, parameters: DataIOParam) -> pl.DataFrame:
    import polars as pl

    special = parameters.exclusive_data_type or {}
    types = {name: special.get(name, parameters.data_type) for name in features.columns}
    words = None if parameters.missing_impute is None else [str(word) for word in parameters.missing_impute]
    parts = [texts.select(texts.columns[0])]
    if label:
        parts.append(columns.labels(texts[label], parameters.label_type).to_frame())
    if features.columns:
        parts.append(columns.typed(features, types, words))
    return pl.concat(parts, how="horizontal")


_TAG_LABEL = "label"  # FATE's fixed label name in the tag format; `label_name` is ignored


def fit_listed(table: Table, parameters: DataIOParam) -> tuple[FittedFormat, pl.DataFrame]:
    """Fit the list of features; return it and the table's instances: id, label if any, features."""
    ids, label, entries = _read(table, parameters)
    header = _header(entries, parameters)
    if not header:
        raise ComponentFailed(
            f"no row of table {table.meta.namespace}/{table.meta.name} has a feature",
            hint=f"check `delimitor`: rows are split by {parameters.delimitor!r}",
        )
    features = _spread(entries, header, ids.height)
    missing = None
    if parameters.missing_fill and parameters.tag_with_value:
        missing = columns.fit(features, parameters.missing_fill_method, parameters.default_value, None)
        features = columns.apply(features, missing)
    name = label.name if label is not None else parameters.label_name
    return FittedFormat(header, ids.columns[0], name, missing), _listed_instances(ids, label, features, parameters)


def transform_listed(table: Table, fitted: FittedFormat, parameters: DataIOParam) -> pl.DataFrame:
    """Return the instances of new rows. Features that the model was not fitted on are dropped."""
    ids, label, entries = _read(table, parameters)
    features = _spread(entries, fitted.header, ids.height)
    if fitted.missing is not None:
        features = columns.apply(features, fitted.missing)
    return _listed_instances(ids, label, features, parameters)


def _read(table: Table, parameters: DataIOParam) -> tuple[pl.DataFrame, pl.Series | None, pl.DataFrame]:
    """Return the ids, the labels, and the entries: row number, feature and value, the last two as text."""
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
            hint="set tag_with_value to false for tags without values, or correct delimitor and tag_value_delimitor",
        )
    entries = entries.with_columns(feature=pairs.list.get(0).str.strip_chars(" "), value=pairs.list.get(1))
    return rows.select(table.meta.sid), label, entries


def _header(entries: pl.DataFrame, parameters: DataIOParam) -> list[str]:
    import polars as pl

    if parameters.input_format == "tag":
        return entries["feature"].unique().sort().to_list()
    indices = entries["feature"].cast(pl.Int64, strict=False)
    if indices.is_null().any() or (indices < 0).any():
        raise ComponentFailed("the features of sparse input must be integers from 0, but some are not")
    return [str(index) for index in range(int(indices.max()) + 1)] if indices.len() else []  # type: ignore[arg-type]


def _spread(entries: pl.DataFrame, header: list[str], rows: int) -> pl.DataFrame:
    """Return one text column per feature, "" where a row does not list it. Of repeated features the last one wins."""
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


def _listed_instances(
    ids: pl.DataFrame, label: pl.Series | None, features: pl.DataFrame, parameters: DataIOParam
) -> pl.DataFrame:
    import polars as pl

    # A feature that a row does not list is 0.
    listed = features.with_columns(pl.all().replace("", "0"))
    types = dict.fromkeys(features.columns, parameters.data_type)
    parts = [ids, *([label.to_frame()] if label is not None else []), columns.typed(listed, types, None)]
    return pl.concat(parts, how="horizontal")

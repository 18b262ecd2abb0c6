"""Dense input: one column per feature, named by the table's header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fateflow_tui.components.data_io import columns, replacement
from fateflow_tui.components.data_io.fitted import Fitted
from fateflow_tui.components.parameter_problems import near_miss
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    import polars as pl

    from fateflow_tui.artifacts.tables import Table
    from fateflow_tui.components.data_io.parameters import DataIOParam


def fit(table: Table, parameters: DataIOParam) -> tuple[Fitted, pl.DataFrame]:
    """Learns from the table; returns its instances too: id, label if any, features."""
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
        missing = replacement.fit(
            features, parameters.missing_fill_method, parameters.default_value, parameters.missing_impute
        )
        features = replacement.apply(features, missing)
    if parameters.outlier_replace:
        outlier = replacement.fit(
            features,
            parameters.outlier_replace_method,
            parameters.outlier_replace_value,
            parameters.outlier_impute,
        )
        features = replacement.apply(features, outlier)
    fitted = Fitted(names, sid, parameters.label_name, missing, outlier)
    return fitted, _instances(texts, features, label, parameters)


def transform(table: Table, fitted: Fitted, parameters: DataIOParam) -> pl.DataFrame:
    """Instances of new rows, columns as they were fitted. The label is taken along where there is one."""
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
            features = replacement.apply(features, rule)
    return _instances(texts, features, label, parameters)


def _texts(table: Table, parameters: DataIOParam) -> pl.DataFrame:
    if not table.meta.have_head:
        raise ComponentFailed(
            f"table {table.meta.namespace}/{table.meta.name} was uploaded without a header line, which the dense "
            "format needs",
            hint="upload it with head 1, or set input_format to sparse or tag",
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

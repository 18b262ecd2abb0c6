"""Parameters of DataIO and DataTransform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from fateflow_tui.components.contract import AnyCase, NumberType, StrictParameters

if TYPE_CHECKING:
    pass


FillMethod = Annotated[Literal["min", "max", "mean", "designated"], AnyCase]


class DataIOParam(StrictParameters):
    """How to parse the text.

    input_format: dense (a column per feature), sparse (svmlight: label, then index:value) or tag (a list of tags, or of
    tag:value with `tag_with_value`). delimitor: separates the fields of a row. data_type: of all features except those
    in `exclusive_data_type` (column -> type). missing_fill: replace missing values by `missing_fill_method` (default:
    0;
    designated: `default_value`, one value or one per column). missing_impute: the texts that count as missing.
    outlier_replace and its parameters: the same for the values listed in `outlier_impute`. output_format: accepted;
    tables always hold dense rows.
    """

    input_format: Annotated[Literal["dense", "sparse", "tag"], AnyCase] = "dense"
    delimitor: Annotated[str, Field(min_length=1)] = ","
    data_type: NumberType = "float64"
    exclusive_data_type: dict[str, NumberType] | None = None
    tag_with_value: bool = False
    tag_value_delimitor: Annotated[str, Field(min_length=1)] = ":"
    missing_fill: bool = False
    default_value: Any = 0
    missing_fill_method: FillMethod | None = None
    missing_impute: list[Any] | None = None
    outlier_replace: bool = False
    outlier_replace_method: FillMethod | None = None
    outlier_impute: list[Any] | None = None
    outlier_replace_value: Any = 0
    with_label: bool = False
    label_name: str = "y"
    label_type: NumberType = "int"
    output_format: Annotated[Literal["dense", "sparse"], AnyCase] = "dense"
    need_run: bool = True


class DataTransformParam(DataIOParam):
    """The same parameters under the module's newer name."""

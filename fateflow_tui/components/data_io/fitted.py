"""The fitted state of DataIO, and its conversion to and from FATE's `Param` and `Meta` messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from fateflow_tui.components.data_io.columns import Replacement

if TYPE_CHECKING:
    from fateflow_tui.components.contract import Model
    from fateflow_tui.components.data_io.parameters import DataIOParam


class FittedFormat(msgspec.Struct, frozen=True):
    """header: the feature columns in order. label_name: "" without a label. missing, outlier: None if not used."""

    header: list[str]
    sid_name: str
    label_name: str
    missing: Replacement | None = None
    outlier: Replacement | None = None


def to_model(fitted: FittedFormat, parameters: DataIOParam) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the model's parameters and meta."""
    missing, outlier = fitted.missing, fitted.outlier
    stored = {
        "header": fitted.header,
        "sidName": fitted.sid_name,
        "labelName": fitted.label_name,
        "imputerParam": {
            "missingReplaceValue": missing.values if missing else {},
            "missingValueRatio": missing.ratios if missing else {},
        },
        "outlierParam": {
            "outlierReplaceValue": outlier.values if outlier else {},
            "outlierValueRatio": outlier.ratios if outlier else {},
        },
    }
    meta = {
        "inputFormat": parameters.input_format,
        "delimitor": parameters.delimitor,
        "dataType": parameters.data_type,
        "exclusiveDataType": parameters.exclusive_data_type or {},
        "tagWithValue": parameters.tag_with_value,
        "tagValueDelimitor": parameters.tag_value_delimitor,
        "withLabel": parameters.with_label,
        "labelName": parameters.label_name,
        "labelType": parameters.label_type,
        "outputFormat": parameters.output_format,
        "needRun": parameters.need_run,
        "imputerMeta": {
            "isImputer": missing is not None,
            "missingValue": missing.words if missing else [],
            "strategy": missing.method if missing else "",
        },
        "outlierMeta": {
            "isOutlier": outlier is not None,
            "outlierValue": outlier.words if outlier else [],
            "strategy": outlier.method if outlier else "",
        },
    }
    return stored, meta


def from_model(model: Model, current: DataIOParam) -> tuple[FittedFormat, DataIOParam]:
    """Return the fitted state and the parameters that it was fitted with, which override the current ones."""
    stored, meta = model.parameters, model.meta
    imputer, outlier = meta["imputerMeta"], meta["outlierMeta"]
    missing_values = stored["imputerParam"]
    outlier_values = stored["outlierParam"]
    fitted = FittedFormat(
        header=stored["header"],
        sid_name=stored["sidName"],
        label_name=stored["labelName"],
        missing=Replacement(
            imputer["missingValue"],
            imputer["strategy"],
            missing_values["missingReplaceValue"],
            missing_values["missingValueRatio"],
        )
        if imputer["isImputer"]
        else None,
        outlier=Replacement(
            outlier["outlierValue"],
            outlier["strategy"],
            outlier_values["outlierReplaceValue"],
            outlier_values["outlierValueRatio"],
        )
        if outlier["isOutlier"]
        else None,
    )
    parameters = current.model_copy(
        update={
            "input_format": meta["inputFormat"],
            "delimitor": meta["delimitor"],
            "data_type": meta["dataType"],
            "exclusive_data_type": meta["exclusiveDataType"] or None,
            "tag_with_value": meta["tagWithValue"],
            "tag_value_delimitor": meta["tagValueDelimitor"],
            "with_label": meta["withLabel"],
            "label_name": meta["labelName"],
            "label_type": meta["labelType"],
            "output_format": meta["outputFormat"],
        }
    )
    return fitted, parameters

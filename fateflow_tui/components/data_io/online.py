"""DataIO for a single row, with the same results as for a table (see `formats`, `columns`)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from fateflow_tui.components.data_io.columns import NOT_A_NUMBER, Replacement, finite
from fateflow_tui.components.data_io.fitted import from_model
from fateflow_tui.components.data_io.parameters import DataIOParam
from fateflow_tui.components.online import Row, Transform, missing_features
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    from fateflow_tui.components.contract import Model
    from fateflow_tui.components.data_io.fitted import FittedFormat

# The numbers that Polars parses and the whitespace that it strips; Python accepts more of both.
_FLOAT: Final = re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf|infinity|nan)", re.IGNORECASE)
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_MIN_INT, _MAX_INT = -(2**63), 2**63 - 1
_SPACES: Final = "".join(char for char in map(chr, range(0x3001)) if char.isspace() and char not in "\x1c\x1d\x1e\x1f")
_EXACT: Final = 2.0**53  # integral floats below this are written without a fraction

Texts = dict[str, str]


def transform(model: Model) -> Transform:
    """Return the step of a fitted DataIO."""
    fitted, parameters = from_model(model, DataIOParam())
    dense = parameters.input_format == "dense"
    read = _dense if dense else _listed
    special = (parameters.exclusive_data_type or {}) if dense else {}
    kinds = [(name, special.get(name, parameters.data_type)) for name in fitted.header]
    rules = [_Rule(rule) for rule in (fitted.missing, fitted.outlier) if rule is not None]
    empty = frozenset(fitted.missing.words if fitted.missing else NOT_A_NUMBER)
    absent = "" if dense else "0"  # a feature that a row does not list is 0

    def step(row: Row) -> Row:
        texts = read(row, fitted, parameters)
        values: dict[str, Any] = {}
        for name, kind in kinds:
            text = texts[name]
            for rule in rules:
                text = rule(name, text)
            values[name] = _typed(name, text or absent, kind, empty)
        return Row(values)

    return step


class _Rule:
    """A fitted replacement; see `columns.apply`."""

    def __init__(self, rule: Replacement) -> None:
        self._words = frozenset(rule.words)
        self._numbers = frozenset(number for number in map(finite, rule.words) if number is not None)
        self._values = rule.values

    def __call__(self, name: str, text: str) -> str:
        hit = text in self._words or (bool(self._numbers) and _number(text) in self._numbers)
        return self._values[name] if hit else text


def _dense(row: Row, fitted: FittedFormat, parameters: DataIOParam) -> Texts:
    values = row.values
    if row.delimiter and row.delimiter != parameters.delimitor:
        values = _split(row, parameters.delimitor)
    absent = [name for name in fitted.header if name not in values]
    if absent:
        raise missing_features(absent)
    return {name: _text(name, values[name]) for name in fitted.header}


def _split(row: Row, delimitor: str) -> Mapping[str, str]:
    """Split a stored row by the model's delimiter if it was uploaded with another one."""
    names = row.delimiter.join(row.values).split(delimitor)
    fields = _stored(row).split(delimitor)
    if len(fields) != len(names):
        raise ComponentFailed(f"split by {delimitor!r}, the row has {len(fields)} fields, not {len(names)}")
    return dict(zip(names, fields, strict=True))


def _listed(row: Row, fitted: FittedFormat, parameters: DataIOParam) -> Texts:
    listed = _entries(row, parameters) if row.delimiter else _named(row, parameters)
    return {name: listed.get(name, "") for name in fitted.header}


def _named(row: Row, parameters: DataIOParam) -> Texts:
    """Return features given by name. Those that the model does not know are dropped, as for a table."""
    if parameters.input_format == "tag" and not parameters.tag_with_value:
        return dict.fromkeys(row.values, "1")
    return {name: _text(name, value) for name, value in row.values.items()}


def _entries(row: Row, parameters: DataIOParam) -> Texts:
    svmlight = parameters.input_format == "sparse"
    entries = _stored(row).strip(" ").split(parameters.delimitor)
    if svmlight or parameters.with_label:
        entries = entries[1:]
    entries = [entry for entry in entries if entry]
    if not svmlight and not parameters.tag_with_value:
        return dict.fromkeys(entries, "1")
    colon = ":" if svmlight else parameters.tag_value_delimitor
    pairs = [entry.split(colon) for entry in entries]
    if any(len(pair) != 2 for pair in pairs):
        raise ComponentFailed(f"entries of the row are not written feature{colon}value")
    return {name.strip(" "): value for name, value in pairs}


def _stored(row: Row) -> str:
    return row.delimiter.join("" if value is None else str(value) for value in row.values.values())


def _text(name: str, value: Any) -> str:
    """Return a value as an upload would have stored it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ComponentFailed(f"the value of {name} is neither a number nor a string")
    whole = isinstance(value, float) and value.is_integer() and abs(value) < _EXACT
    return str(int(value)) if whole else repr(value)


def _typed(name: str, text: str, kind: str, empty: frozenset[str]) -> float | int | str:
    if kind == "str":
        return text
    decimal = kind in ("float", "float64")
    stripped = text.strip(_SPACES)
    number = _number(stripped) if decimal else _integer(stripped)
    if number is not None:
        return number
    if text not in empty:
        raise ComponentFailed(f"the value of {name} cannot be read as {kind}")
    if not decimal:
        raise ComponentFailed(f"{name}, of type {kind}, has no value")
    return math.nan


def _number(text: str) -> float | None:
    return float(text) if _FLOAT.fullmatch(text) else None


def _integer(text: str) -> int | None:
    # Longer ones are out of range anyway, and Python limits the number of digits that it parses.
    if not _INTEGER.fullmatch(text) or len(text.lstrip("+-").lstrip("0")) > 19:
        return None
    number = int(text)
    return number if _MIN_INT <= number <= _MAX_INT else None

"""Values as JSON carries them."""

from __future__ import annotations

import math
from typing import Any


def plain(value: Any) -> Any:
    """A number or text as JSON can carry it, also inside lists and dicts; NumPy's numbers become Python's."""
    if isinstance(value, float):  # also NumPy's float64
        if math.isfinite(value):
            return float(value)
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)

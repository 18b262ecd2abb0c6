"""How components may be named: characters in both versions, prefix and number in version 1."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from fateflow_tui.core.document.json_text import Path
from fateflow_tui.core.document.problems import Problems
from fateflow_tui.core.document.values import shown

if TYPE_CHECKING:
    from fateflow_tui.core.document.dsl import Component

RESERVED: Final = ("args", "pipeline")  # they mean something else in references

_LEGAL: Final = re.compile(r"[\w-]{1,128}")  # a name also becomes the name of a folder
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


def check_names(components: Mapping[str, Component], version: int, problems: Problems, *, numbered: bool) -> None:
    """numbered: names must be prefix_index, the indices of a prefix 0 to n-1, a prefix of one module only."""
    for name in components:
        if name in RESERVED:
            message = f"no component may be named {name}: in references the word means something else"
            problems.error("NamingFormatError", ("components", name), message)
        elif not _LEGAL.fullmatch(name):
            message = (
                f"component name {shown(name)}: 1 to 128 letters, digits, `_` and `-` are allowed"
                if version == 2 or "_" in name
                else f"component name {shown(name)}: dsl_version 1 wants prefix_index, as in hetero_lr_0"
            )
            problems.error("NamingFormatError", ("components", name), message)
    if numbered:
        _check_numbers(components, problems)


def _check_numbers(components: Mapping[str, Component], problems: Problems) -> None:
    indices: dict[str, list[int]] = {}
    modules: dict[str, str] = {}
    for name, component in components.items():
        path: Path = ("components", name)
        prefix, underscore, index = name.rpartition("_")
        if not underscore:
            message = f"component name {name}: dsl_version 1 wants prefix_index, as in hetero_lr_0"
            problems.error("NamingError", path, message, suggestion=f"{name}_0")
        elif not _NUMBER.fullmatch(index):
            message = f"component name {name}: dsl_version 1 wants a number after the last `_`"
            problems.error("NamingIndexError", path, message)
        else:
            indices.setdefault(prefix, []).append(int(index))
            first = modules.setdefault(prefix, component.module)
            if component.module and first and component.module != first:
                message = (
                    f"the names {prefix}_<n> belong to module {first}, but {name} is of module "
                    f"{component.module}; in dsl_version 1 a prefix has one module"
                )
                problems.error("ComponentMultiMappingError", (*path, "module"), message)
    for prefix, found in indices.items():
        if sorted(found) != list(range(len(found))):
            written = ", ".join(str(index) for index in sorted(found)[:20])
            message = f"the components {prefix}_<n> must be numbered 0 to {len(found) - 1}, not {written}"
            problems.error("NamingIndexError", ("components", f"{prefix}_{max(found)}"), message)

"""All modules by name: built-in ones, those of installed packages, and files in the site's components folder."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fateflow_tui.components.known_modules import NOT_BUILT, PARAMETER_NAMES
from fateflow_tui.components.parameter_problems import near_miss, nested_model, problems, unknown_names
from fateflow_tui.core.errors import ComponentFailed, NotBuilt, NotFound
from fateflow_tui.core.ports import ModuleFacts, ParameterProblem

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from types import ModuleType

    from fateflow_tui.components.contract import Module

GROUP = "fateflow.components"

_CLASS: Final = re.compile(r"^class (\w+)\(|^    name = \"(\w+)\"$", re.MULTILINE)


def built_in_modules() -> dict[str, str]:
    """Return the location of each built-in module, as "python.module:Class" by name.

    Modules are found by the line `name = "..."` of their class in `<file>.py` or `<folder>/module.py` beside this file.
    Reading these lines is much faster than importing all files.
    """
    found: dict[str, str] = {}
    here = Path(__file__).parent
    for path in sorted([*here.glob("*.py"), *here.glob("*/module.py")]):
        module = ".".join([__package__, *path.relative_to(here).with_suffix("").parts])
        owner = ""
        for class_name, name in _CLASS.findall(path.read_text("utf-8")):
            if class_name:
                owner = class_name
            else:
                found[name] = f"{module}:{owner}"
    return found


BUILT_IN: Final = built_in_modules()


def load_catalog(folder: Path | None = None) -> Catalog:
    """Return the catalog of this installation. folder: the drop-in files, usually `<home>/components`.

    A module is imported when it is first used.
    """
    return Catalog(folder)


class Catalog:
    """Implements `core.ports.ModuleCatalog`.

    A name is looked up in the built-in modules, then the entry points, then the drop-in files. The first match wins,
    so a file cannot replace a built-in module. broken: errors of modules that could not be loaded, by name.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._loaded: dict[str, type[Module[Any]]] = {}
        self.broken: dict[str, str] = {}

    def names(self) -> list[str]:
        """Return all names in alphabetical order, including FATE modules that are not supported."""
        return sorted({*BUILT_IN, *self._entry_points, *self._dropped_in, *NOT_BUILT})

    def facts(self, module: str) -> ModuleFacts | None:
        """Return the facts about a module. Raises ComponentFailed if it exists but cannot be loaded."""
        found = self._find(module)
        if found is None and module in self.broken:
            raise self._broken(module)
        return found.facts() if found else NOT_BUILT.get(module)

    def module(self, name: str) -> type[Module[Any]]:
        """Return the module's class. Raises NotBuilt for a module that only FATE has, NotFound for an unknown one."""
        found = self._find(name)
        if found is not None:
            return found
        if name in self.broken:
            raise self._broken(name)
        if name in NOT_BUILT:
            raise NotBuilt(
                f"module {name} exists in FATE but is not supported by this version",
                hint="list the modules: fateflow component list; add one as a package or a file in <home>/components",
            )
        meant = near_miss(name, self.names())
        raise NotFound(
            f"there is no module {name}",
            hint=f"did you mean {meant}?" if meant else "list the modules: fateflow component list",
        )

    def defaults(self, module: str) -> dict[str, Any]:
        found = self._find(module)
        return found.parameter_type().model_dump() if found else {}

    def is_nested(self, module: str, path: tuple[str, ...]) -> bool:
        found = self._find(module)
        return found is not None and bool(path) and nested_model(found.parameter_type, path) is not None

    def check(self, module: str, parameters: Mapping[str, Any]) -> list[ParameterProblem]:
        found = self._find(module)
        if found is not None:
            return problems(found.parameter_type, parameters)
        if module in PARAMETER_NAMES:
            return unknown_names(parameters, PARAMETER_NAMES[module])
        return []

    def _broken(self, name: str) -> ComponentFailed:
        return ComponentFailed(
            f"module {name} cannot be loaded: {self.broken[name]}", hint="fix or uninstall the package that provides it"
        )

    def _find(self, name: str) -> type[Module[Any]] | None:
        if name not in self._loaded and name not in self.broken:
            try:
                found = self._load(name)
            except Exception as error:  # an imported file may raise anything
                self.broken[name] = f"{type(error).__name__}: {error}"
            else:
                if found is not None:
                    self._loaded[name] = found
        return self._loaded.get(name)

    def _load(self, name: str) -> type[Module[Any]] | None:
        if name in BUILT_IN:
            package, _, attribute = BUILT_IN[name].partition(":")
            return _as_module(getattr(import_module(package), attribute))
        if name in self._entry_points:
            return _as_module(self._entry_points[name].load())
        return self._dropped_in.get(name)

    @cached_property
    def _entry_points(self) -> dict[str, EntryPoint]:
        from importlib.metadata import entry_points

        return {point.name: point for point in entry_points(group=GROUP) if point.name not in BUILT_IN}

    @cached_property
    def _dropped_in(self) -> dict[str, type[Module[Any]]]:
        """Return the modules of all files in the folder. Their names are known only after all files are imported."""
        found: dict[str, type[Module[Any]]] = {}
        if self._folder is None or not self._folder.is_dir():
            return found
        for path in sorted(self._folder.glob("*.py")):
            try:
                modules = _modules_in(_import_file(path))
            except Exception as error:  # see _find
                self.broken[path.name] = f"{type(error).__name__}: {error}"
                continue
            for module in modules:
                if module.name in BUILT_IN or module.name in self._entry_points or module.name in found:
                    self.broken[path.name] = f"a module {module.name} exists already"
                else:
                    found[module.name] = module
        return found


def _import_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"fateflow_dropped_in_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _modules_in(file: ModuleType) -> list[type[Module[Any]]]:
    from fateflow_tui.components.contract import Module

    return [
        value
        for value in vars(file).values()
        if isinstance(value, type) and issubclass(value, Module) and value.__module__ == file.__name__
    ]


def _as_module(value: object) -> type[Module[Any]]:
    from fateflow_tui.components.contract import Module

    if not (isinstance(value, type) and issubclass(value, Module)):
        raise TypeError(f"{value!r} is not a subclass of Module")
    return value

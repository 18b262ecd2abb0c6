"""Rules of the source tree that the import contracts cannot express."""

from __future__ import annotations

import re
from pathlib import Path

import grimp
import networkx as nx

ROOT = Path(__file__).parents[2]
ROOMS = ("fateflow_tui", "commands", "store")


def sources() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def test_no_module_imports_itself_through_others() -> None:
    """A package's face imports its parts and may be imported by them, so faces do not count."""
    graph = grimp.build_graph("fateflow_tui", exclude_type_checking_imports=True, cache_dir=None)
    faces = {name for name in graph.modules if graph.find_children(name)}
    imports = nx.DiGraph(
        (importer, imported)
        for importer in graph.modules - faces
        for imported in graph.find_modules_directly_imported_by(importer) - faces
    )
    assert [sorted(ring) for ring in nx.strongly_connected_components(imports) if len(ring) > 1] == []


def test_the_linked_folders_are_only_imported_below_the_package() -> None:
    """`commands` and `store` as top-level names would collide with a user's own modules."""
    direct = re.compile(r"^\s*(from|import) (commands|store)\b", re.MULTILINE)
    assert [
        str(path) for path in [*sources(), *(ROOT / "tests").rglob("*.py")] if direct.search(path.read_text())
    ] == []


def test_no_module_is_too_long_to_be_one_subject() -> None:
    assert [str(path) for path in sources() if path.read_text().count("\n") > 500] == []


def test_the_contributing_guide_names_files_that_exist() -> None:
    guide = (ROOT / ".github" / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"`([\w/]+/[\w/]+\.py)`", guide))
    places = (ROOT, ROOT / "fateflow_tui")
    assert len(named) > 20
    assert sorted(path for path in named if not any((place / path).is_file() for place in places)) == []

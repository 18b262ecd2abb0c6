"""What the product needs to know about a module stands in its facts: only components may ask for a module's name."""

from __future__ import annotations

import ast
from pathlib import Path

import fateflow_tui
from fateflow_tui.components.catalog import load_catalog
from fateflow_tui.core.ports import ModuleFacts

PRODUCT = Path(fateflow_tui.__file__).parent
# The 1.x wire answers some questions about Upload alone.
EXEMPT = ("components", "server/fate")


def test_no_package_compares_a_module_with_a_name() -> None:
    names = set(load_catalog().names())
    found = []
    for path in sorted([*PRODUCT.rglob("*.py"), *PRODUCT.glob("commands/**/*.py"), *PRODUCT.glob("store/**/*.py")]):
        where = path.relative_to(PRODUCT)
        if where.as_posix().startswith(EXEMPT):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare | ast.MatchValue):
                named = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)} & names
                found += [f"{where}:{node.lineno} {name}" for name in named]
    assert found == []


def test_the_facts_say_which_tables_and_files_a_module_names() -> None:
    catalog = load_catalog()

    def facts(name: str) -> ModuleFacts:
        found = catalog.facts(name)
        assert found is not None
        return found

    table = {"namespace": "n", "name": "t"}
    assert facts("Reader").source_table({"table": table}) == facts("Reader").table_read({"table": table}) == ("n", "t")
    assert facts("Reader").source_table({"table": None}) is None
    assert facts("Download").table_read(table) == facts("Upload").table_written(table) == ("n", "t")
    assert facts("Writer").table_read({"namespace": "n", "table_name": "t"}) == ("n", "t")
    assert facts("Writer").table_written({"output_namespace": "", "output_table_name": ""}) is None
    assert facts("HeteroLR").table_read(table) is None
    assert {name for name in catalog.names() if facts(name).separate_arbiter} == {
        "HeteroLR",
        "HeteroLinR",
        "HeteroPoisson",
    }
    assert {name for name in catalog.names() if facts(name).evaluates} == {"Evaluation"}
    assert {name for name in catalog.names() if facts(name).built and facts(name).has_metrics} == {
        "Evaluation",
        "HeteroLR",
        "Intersection",
    }
    assert {name for name in catalog.names() if facts(name).file} == {"Download", "Upload", "Writer"}

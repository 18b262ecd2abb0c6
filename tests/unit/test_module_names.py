"""What the product needs to know about a module stands in its facts: only components may ask for a module's name."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import fateflow_tui
from fateflow_tui.components.catalog import load_catalog
from fateflow_tui.core.ports import ModuleFacts
from fateflow_tui.core.status import Status
from fateflow_tui.sdk.types.jobs import ComponentView, JobView
from fateflow_tui.server.job_views import with_module_facts

PRODUCT = Path(fateflow_tui.__file__).parent
# The 1.x wire answers some questions about Upload alone; models of some modules are renamed without the catalog.
EXEMPT = ("components", "server/fate", "registry/migrate.py")


def test_no_package_compares_or_lists_the_names_of_modules() -> None:
    names = set(load_catalog().names())
    found = []
    for path in sorted([*PRODUCT.rglob("*.py"), *PRODUCT.glob("commands/**/*.py"), *PRODUCT.glob("store/**/*.py")]):
        where = path.relative_to(PRODUCT)
        if where.as_posix().startswith(EXEMPT):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            parts: Iterable[ast.AST] = ()
            if isinstance(node, ast.Compare | ast.MatchValue):
                parts = ast.walk(node)
            elif isinstance(node, ast.Tuple | ast.List | ast.Set):
                parts = node.elts
            named = {part.value for part in parts if isinstance(part, ast.Constant)} & names
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


def test_a_job_shows_which_components_have_metrics() -> None:
    names = ("Reader", "HeteroLR", "Evaluation", "Unheard")
    components = [ComponentView(name=name, module=name, status=Status.SUCCESS) for name in names]
    view = JobView(job_id="1", status=Status.SUCCESS, components=components)
    shown = with_module_facts(view, load_catalog()).components
    assert [(one.has_metrics, one.evaluates) for one in shown] == [
        (False, False),
        (True, False),
        (True, True),
        (True, False),
    ]

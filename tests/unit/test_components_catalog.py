"""The catalog: what modules there are, and what it says of their parameters."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fateflow_tui import components
from fateflow_tui.components.catalog import BUILT_IN, load_catalog
from fateflow_tui.components.known_modules import NOT_BUILT
from fateflow_tui.core.errors import ComponentFailed, NotBuilt, NotFound
from tests.unit.document_catalog import ROLES

CATALOG = load_catalog()
WITH_RECORDED_PARAMETERS = {
    "DataIO": ("dataio_0", {"with_label": True}),
    "Evaluation": ("evaluation_0", {}),
    "Intersection": ("intersection_0", {}),
    "Reader": ("reader_0", {"table": {"name": "breast_hetero_guest", "namespace": "experiment"}}),
}


def test_every_module_of_fate_is_known_with_its_roles() -> None:
    fate = ROLES.keys() - {"Sleep"}
    assert len(fate) == 43
    assert fate <= set(CATALOG.names())
    facts = {name: CATALOG.facts(name) for name in fate}
    assert all(facts.values())
    roles = {name: fact.roles for name, fact in facts.items() if fact is not None}
    assert roles["HeteroLR"] == roles["Evaluation"] == {"guest", "host", "arbiter"}
    assert roles["Reader"] == roles["Union"] == {"guest", "host"}
    assert roles["ColumnExpand"] == {"guest"}
    assert roles["HomoNNExperiment"] == {"arbiter", "host"}
    assert roles["Upload"] == roles["ModelStore"] == {"local"}
    assert sum(role == {"guest", "host"} for role in roles.values()) == 27
    assert {name for name, fact in facts.items() if fact is not None and not fact.deployed} == {
        "Evaluation",
        "FederatedSample",
        "PSI",
    }


def test_sleep_runs_at_every_role() -> None:
    facts = CATALOG.facts("Sleep")
    assert facts is not None
    assert facts.roles == {"guest", "host", "arbiter", "local"}


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_module_can_be_loaded_and_accepts_its_defaults(name: str) -> None:
    module = CATALOG.module(name)
    assert module.name == name
    needed = {"table": {"name": "t", "namespace": "n"}} if name == "Reader" else {}
    assert CATALOG.check(name, CATALOG.defaults(name) | needed) == []


@pytest.mark.parametrize("name", WITH_RECORDED_PARAMETERS)
def test_defaults_are_those_that_fate_reports(name: str, shared: Path) -> None:
    component, given = WITH_RECORDED_PARAMETERS[name]
    answer = json.loads((shared / f"fate/wire/tracking_component_parameters_{component}.json").read_text())["data"]
    facts = CATALOG.facts(name)
    assert facts is not None
    assert answer == {"module": name, facts.parameter_class: CATALOG.defaults(name) | given}


def test_a_module_that_only_fate_has_is_not_built() -> None:
    facts = CATALOG.facts("HeteroSecureBoost")
    assert facts is not None
    assert not facts.built
    assert CATALOG.defaults("HeteroSecureBoost") == {}
    assert CATALOG.check("HeteroSecureBoost", {"anything": 1}) == []
    with pytest.raises(NotBuilt, match="HeteroSecureBoost"):
        CATALOG.module("HeteroSecureBoost")


def test_an_unknown_module_is_not_found_and_the_near_miss_is_named() -> None:
    assert CATALOG.facts("HeteroLRR") is None
    with pytest.raises(NotFound) as refused:
        CATALOG.module("heterolr")
    assert "HeteroLR" in refused.value.hint


def test_names_of_homo_lr_are_checked_though_it_is_not_built() -> None:
    (problem,) = CATALOG.check("HomoLR", {"max_iter": 3, "eps": 1e-5})
    assert problem.path == ("eps",)
    assert problem.unknown


def test_all_problems_are_reported_with_paths_and_suggestions() -> None:
    found = CATALOG.check(
        "Intersection",
        {
            "intersect_method": "rsaa",
            "sync_intersect_id": True,
            "join_role": 3,
            "rsa_params": {"hash_methd": "sha256", "key_length": 512, "random_base_fraction": "half"},
        },
    )
    by_path = {problem.path: problem for problem in found}
    assert set(by_path) == {
        ("intersect_method",),
        ("sync_intersect_id",),
        ("join_role",),
        ("rsa_params", "hash_methd"),
        ("rsa_params", "key_length"),
        ("rsa_params", "random_base_fraction"),
    }
    assert by_path["intersect_method",].suggestion == "rsa"
    assert not by_path["intersect_method",].unknown
    assert by_path["sync_intersect_id",].suggestion == "sync_intersect_ids"
    assert by_path["sync_intersect_id",].unknown
    assert by_path["rsa_params", "hash_methd"].suggestion == "hash_method"
    assert "512" in by_path["rsa_params", "key_length"].message


@pytest.mark.parametrize(
    ("module", "parameters"),
    [
        ("Intersection", {"intersect_method": "RSA", "join_role": "Host"}),
        ("DataIO", {"input_format": "Dense", "label_type": "INT", "exclusive_data_type": {"id": "str"}}),
        ("Evaluation", {"eval_type": "Binary", "metrics": ["AUC", "acc"], "pos_label": "yes"}),
        ("Evaluation", {"eval_type": "regression", "metrics": ["rmse", "mae"]}),
        ("Sleep", {"seconds": 1}),
        ("SecureAddExample", {"seed": 1, "partition": 4}),
    ],
)
def test_what_fate_accepts_is_accepted(module: str, parameters: dict[str, object]) -> None:
    assert CATALOG.check(module, parameters) == []


@pytest.mark.parametrize(
    ("module", "parameters"),
    [
        ("DataIO", {"with_label": 1}),
        ("DataIO", {"with_label": "true"}),
        ("DataIO", {"missing_fill_method": "median-ish"}),
        ("DataIO", {"label_idx": 0}),
        ("Evaluation", {"metrics": ["rmse"]}),
        ("Evaluation", {"metrics": "auc"}),
        ("Sleep", {"seconds": -1}),
        ("Upload", {"partition": 1024}),
        ("Upload", {"head": 2}),
        ("Reader", {"table": None}),
        ("Reader", {"table": {"name": "t"}}),
        ("SecureAddExample", {"data_num": 0}),
        ("SecureAddExample", {"data_num": "10"}),
    ],
)
def test_what_fate_refuses_is_refused(module: str, parameters: dict[str, object]) -> None:
    (problem,) = CATALOG.check(module, parameters)
    assert problem.message


@pytest.mark.parametrize(
    ("module", "parameters", "path", "message"),
    [
        ("Reader", {"table": {"name": "t"}}, ("table", "namespace"), "is missing"),
        ("DataIO", {"with_label": "true"}, ("with_label",), "should be a boolean, not 'true'"),
        ("Intersection", {"rsa_params": 3}, ("rsa_params",), "should be an object, not 3"),
        (
            "Evaluation",
            {"pos_label": [1]},
            ("pos_label",),
            "should be an integer, or should be a number, or should be a string, not [1]",
        ),
    ],
)
def test_problems_use_json_type_names(
    module: str, parameters: dict[str, object], path: tuple[str, ...], message: str
) -> None:
    (problem,) = CATALOG.check(module, parameters)
    assert (problem.path, problem.message) == (path, message)


def test_nested_objects_are_distinguished_from_values() -> None:
    assert CATALOG.is_nested("Intersection", ("rsa_params",))
    assert CATALOG.is_nested("HeteroLR", ("init_param",))
    assert not CATALOG.is_nested("Intersection", ("rsa_params", "salt"))
    assert not CATALOG.is_nested("Intersection", ())
    assert not CATALOG.is_nested("DataIO", ("exclusive_data_type",))
    assert not CATALOG.is_nested("Reader", ("table",))
    assert not CATALOG.is_nested("HeteroSecureBoost", ("tree_param",))


def test_files_in_the_folder_add_modules_and_a_broken_one_spoils_nothing(tmp_path: Path) -> None:
    (tmp_path / "doubling.py").write_text(
        "from fateflow_tui.components.contract import Module, Parameters\n"
        "class DoublingParam(Parameters):\n"
        "    factor: int = 2\n"
        "class Doubling(Module[DoublingParam]):\n"
        "    name = 'Doubling'\n"
        "    parameter_class = 'DoublingParam'\n"
        "    parameter_type = DoublingParam\n"
        "class Impostor(Doubling):\n"
        "    name = 'Reader'\n"
    )
    (tmp_path / "broken.py").write_text("import no_such_package\n")
    catalog = load_catalog(tmp_path)
    assert "Doubling" in catalog.names()
    assert catalog.defaults("Doubling") == {"factor": 2}
    assert catalog.module("Doubling").__name__ == "Doubling"
    assert catalog.module("Reader").__module__ == "fateflow_tui.components.reader"
    assert "no_such_package" in catalog.broken["broken.py"]
    assert "Reader" in catalog.broken["doubling.py"]


def test_a_module_that_cannot_be_loaded_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILT_IN, "Sleep", "no_such_package.sleep:Sleep")
    catalog = load_catalog(tmp_path)
    with pytest.raises(ComponentFailed, match="no_such_package"):
        catalog.module("Sleep")


def test_built_in_modules_are_found_by_their_classes_alone(request: pytest.FixtureRequest) -> None:
    import tomllib

    project = tomllib.loads((request.config.rootpath / "pyproject.toml").read_text())
    assert "fateflow.components" not in project["project"].get("entry-points", {})
    folder = Path(components.__file__).parent
    classes = [line for path in folder.rglob("*.py") for line in path.read_text().splitlines() if "(Module[" in line]
    derived = {"DataTransform"}  # from DataIO
    assert len(BUILT_IN.keys() - derived) == len([line for line in classes if line.startswith("class ")])
    assert not BUILT_IN.keys() & NOT_BUILT.keys()


def test_neither_the_catalog_nor_any_module_imports_the_heavy_packages() -> None:
    script = (
        "import sys\n"
        "from fateflow_tui.components.catalog import load_catalog\n"
        "assert 'pydantic' not in sys.modules\n"
        "catalog = load_catalog()\n"
        f"for name in {list(BUILT_IN)!r}: catalog.module(name)\n"
        "heavy = {'numpy', 'polars', 'sklearn', 'gmpy2', 'cryptography', 'scipy'} & sys.modules.keys()\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)

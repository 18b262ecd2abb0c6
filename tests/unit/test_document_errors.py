"""Every way in which a job document can be wrong is refused with a code of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fateflow_tui.core.document import Problem, check_job, examine_job, lint_job
from fateflow_tui.core.errors import BadDocument, DamagedFile
from tests.unit.document_catalog import FateCatalog
from tests.unit.document_jobs import conf_1, conf_2, dsl_1, dsl_2

JSON = dict[str, Any]
Change = Callable[[JSON, JSON], object]


def problems_of(dsl: object, conf: object, catalog: FateCatalog | None = None) -> list[Problem]:
    return examine_job(dsl, conf, catalog or FateCatalog())[1]


def errors_after(change: Change, version: int = 2) -> list[tuple[str, str, str]]:
    """(code, document, path) of the errors that a change to a valid job makes."""
    dsl, conf = (dsl_2(), conf_2()) if version == 2 else (dsl_1(), conf_1())
    change(dsl["components"], conf)
    found = problems_of(dsl, conf)
    return [(problem.code, problem.document, problem.path) for problem in found if problem.is_error]


def component(name: str, **changes: Any) -> Change:
    return lambda components, conf: components[name].update(changes)


def conf_change(*path: str, to: Any) -> Change:
    def change(components: JSON, conf: JSON) -> None:
        holder: Any = conf
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = to

    return change


def conf_without(*path: str) -> Change:
    def change(components: JSON, conf: JSON) -> None:
        holder: Any = conf
        for key in path[:-1]:
            holder = holder[key]
        del holder[path[-1]]

    return change


def rename(old: str, new: str) -> Change:
    """Renames a component that nobody reads."""
    return lambda components, conf: components.update({new: components.pop(old)})


def test_the_jobs_that_are_changed_here_are_valid():
    assert problems_of(dsl_2(), conf_2()) == []
    assert problems_of(dsl_1(), conf_1()) == []


@pytest.mark.parametrize(
    ("change", "code", "document", "path"),
    [
        pytest.param(component("dataio_0", module=None), "ModuleFieldNotExistError", "dsl", "", id="3"),
        pytest.param(component("dataio_0", module=7), "ModuleFieldNotExistError", "dsl", "", id="3 number"),
        pytest.param(rename("evaluation_0", "evaluation 0"), "NamingFormatError", "dsl", '["evaluation 0"]', id="7"),
        pytest.param(rename("evaluation_0", "a.b"), "NamingFormatError", "dsl", '["a.b"]', id="7 dot"),
        pytest.param(rename("evaluation_0", ""), "NamingFormatError", "dsl", '[""]', id="7 empty"),
        pytest.param(rename("evaluation_0", "pipeline"), "NamingFormatError", "dsl", ".pipeline", id="7 reserved"),
        pytest.param(component("evaluation_0", input=[1]), "ComponentInputTypeError", "dsl", ".input", id="8"),
        pytest.param(component("evaluation_0", output="a"), "ComponentOutputTypeError", "dsl", ".output", id="9"),
        pytest.param(
            component("evaluation_0", output={"data": "x"}),
            "ComponentOutputKeyTypeError",
            "dsl",
            ".output.data",
            id="10",
        ),
        pytest.param(
            component("evaluation_0", output={"model": [1]}),
            "ComponentOutputKeyTypeError",
            "dsl",
            ".output.model[0]",
            id="10 port",
        ),
        pytest.param(
            component("evaluation_0", input={"model": "hetero_lr_0.model"}),
            "ComponentInputModelValueTypeError",
            "dsl",
            ".input.model",
            id="11",
        ),
        pytest.param(
            component("evaluation_0", input={"isometric_model": {}}),
            "ComponentInputModelValueTypeError",
            "dsl",
            ".input.isometric_model",
            id="11 isometric",
        ),
        pytest.param(
            component("evaluation_0", input={"model": ["hetero_lr_1.model"]}),
            "ModelInputComponentNotExistError",
            "dsl",
            ".input.model[0]",
            id="12",
        ),
        pytest.param(
            component("evaluation_0", input={"model": ["pipeline.hetero_lr_0.model"]}),
            "ModelInputComponentNotExistError",
            "dsl",
            ".input.model[0]",
            id="12 pipeline",
        ),
        pytest.param(
            component("evaluation_0", input={"isometric_model": ["intersection_0.model"]}),
            "ModelInputNameNotExistError",
            "dsl",
            ".input.isometric_model[0]",
            id="13",
        ),
        pytest.param(
            component("evaluation_0", input={"model": ["hetero_lr_0.modle"]}),
            "ModelInputPortNotExistError",
            "dsl",
            ".input.model[0]",
            id="14",
        ),
        pytest.param(
            component("evaluation_0", input={"data": ["hetero_lr_0.data"]}),
            "ComponentInputDataTypeError",
            "dsl",
            ".input.data",
            id="15",
        ),
        pytest.param(
            component("evaluation_0", input={"data": {"data": "hetero_lr_0.data"}}),
            "ComponentInputDataValueTypeError",
            "dsl",
            ".input.data.data",
            id="16",
        ),
        pytest.param(
            component("evaluation_0", input={"data": {"data": ["ghost_0.data"]}}),
            "DataInputComponentNotExistError",
            "dsl",
            ".input.data.data[0]",
            id="17",
        ),
        pytest.param(
            component("evaluation_0", input={"data": {"data": ["hetero_lr_0.ghost"]}}),
            "DataInputNameNotExistError",
            "dsl",
            ".input.data.data[0]",
            id="18",
        ),
        pytest.param(
            component("evaluation_0", input={"data": {"data": ["hetero_lr_0"]}}),
            "DataInputNameNotExistError",
            "dsl",
            ".input.data.data[0]",
            id="18 no dot",
        ),
        pytest.param(
            component("evaluation_0", input={"data": {"data": ["args.train_data"]}}),
            "DataNotExistInSubmitConfError",
            "dsl",
            ".input.data.data[0]",
            id="args in version 2",
        ),
        pytest.param(
            component("evaluation_0", input={"data": {"data": ["evaluation_0.data"]}}),
            "LoopError",
            "dsl",
            ".input",
            id="19",
        ),
        pytest.param(component("evaluation_0", module="Evaluatoin"), "ModuleNotExistError", "dsl", ".module", id="20"),
        pytest.param(
            component("evaluation_0", output={"data": ["data", "data"]}),
            "DuplicatePortError",
            "dsl",
            ".output.data[1]",
            id="duplicate port",
        ),
        pytest.param(
            component("evaluation_0", output={"model": ["../model"]}),
            "PortFormatError",
            "dsl",
            ".output.model[0]",
            id="port",
        ),
        pytest.param(
            component("evaluation_0", module="Upload"), "NoPartyForModuleError", "dsl", ".module", id="no party"
        ),
        pytest.param(
            conf_change("component_parameters", "common", "hetero_lr_0", "penlaty", to="L1"),
            "RedundantParameterError",
            "conf",
            "$.component_parameters.common.hetero_lr_0.penlaty",
            id="23",
        ),
        pytest.param(
            conf_change("component_parameters", "common", "hetero_lr_0", "init_param", "methd", to="zeros"),
            "RedundantParameterError",
            "conf",
            "$.component_parameters.common.hetero_lr_0.init_param.methd",
            id="23 nested",
        ),
        pytest.param(
            conf_change("component_parameters", "role", "host", "1", "hetero_lr_0", "penalty", to="L9"),
            "ParameterCheckError",
            "conf",
            '$.component_parameters.role.host["1"].hetero_lr_0.penalty',
            id="24",
        ),
        pytest.param(
            conf_change("component_parameters", "role", "host", "1|2", to={"hetero_lr_0": {"alpha": 1}}),
            "PartyIndexError",
            "conf",
            '$.component_parameters.role.host["1|2"]',
            id="27",
        ),
        pytest.param(
            conf_change("component_parameters", "role", "hots", to={"0": {"hetero_lr_0": {"alpha": 1}}}),
            "RoleNotExistError",
            "conf",
            "$.component_parameters.role.hots",
            id="28",
        ),
        pytest.param(
            conf_without("component_parameters", "role", "guest", "0", "reader_0"),
            "ReaderTableNotExistError",
            "dsl",
            "$.components.reader_0",
            id="29",
        ),
        pytest.param(
            conf_change("component_parameters", "role", "guest", "0", "reader_0", "table", to={"name": "a"}),
            "ReaderTableNotExistError",
            "dsl",
            "$.components.reader_0",
            id="29 half a table",
        ),
        pytest.param(conf_without("initiator"), "RequiredParameterMissingError", "conf", "$", id="30 initiator"),
        pytest.param(
            conf_without("initiator", "role"), "RequiredParameterMissingError", "conf", "$.initiator", id="30 its role"
        ),
        pytest.param(
            conf_without("initiator", "party_id"),
            "RequiredParameterMissingError",
            "conf",
            "$.initiator",
            id="30 its id",
        ),
        pytest.param(
            conf_without("job_parameters", "common"),
            "JobParametersCommonNotExistError",
            "conf",
            "$.job_parameters",
            id="31",
        ),
        pytest.param(
            conf_change("job_parameters", "common", "work_mode", to=7),
            "RequiredParameterValueError",
            "conf",
            "$.job_parameters.common.work_mode",
            id="32",
        ),
        pytest.param(
            conf_change("job_parameters", "common", "backend", to=9),
            "RequiredParameterValueError",
            "conf",
            "$.job_parameters.common.backend",
            id="32 backend",
        ),
        pytest.param(
            conf_change("initiator", "party_id", to=12345),
            "InitiatorNotInRoleError",
            "conf",
            "$.initiator.party_id",
            id="33",
        ),
        pytest.param(
            conf_change("initiator", "role", to="nobody"),
            "InitiatorNotInRoleError",
            "conf",
            "$.initiator.role",
            id="33 role",
        ),
        pytest.param(conf_change("role", "arbiter", to=[9999]), "ComponentConstraintError", "dsl", ".module", id="34"),
        pytest.param(
            conf_change("job_parameters", "common", "job_type", to="trian"),
            "ModeError",
            "conf",
            "$.job_parameters.common.job_type",
            id="36",
        ),
        pytest.param(conf_change("dsl_version", to=9), "DslVersionError", "conf", "$.dsl_version", id="37"),
        pytest.param(conf_change("dsl_version", to=True), "DslVersionError", "conf", "$.dsl_version", id="37 true"),
        pytest.param(
            conf_change("role", "guest", to=[9999, True]), "PartyIdError", "conf", "$.role.guest[1]", id="true id"
        ),
        pytest.param(
            conf_change("role", "guest", to=[9999, 1.0]), "PartyIdError", "conf", "$.role.guest[1]", id="float id"
        ),
        pytest.param(
            conf_change("role", "guest", to=[9999, -1]), "PartyIdError", "conf", "$.role.guest[1]", id="negative id"
        ),
        pytest.param(
            conf_change("role", "guest", to=[9999, "9999"]),
            "PartyIdRepeatedError",
            "conf",
            "$.role.guest[1]",
            id="id twice",
        ),
        pytest.param(
            conf_change("role", "gest", to=[1]), "RoleNotExistError", "conf", "$.role.gest", id="unknown role"
        ),
        pytest.param(
            conf_change("job_parameters", "common", "task_cores", to=0),
            "JobParameterValueError",
            "conf",
            "$.job_parameters.common.task_cores",
            id="no cores",
        ),
        pytest.param(
            conf_change("job_parameters", "role", to={"host": {"1": {"timeout": "soon"}}}),
            "JobParameterValueError",
            "conf",
            '$.job_parameters.role.host["1"].timeout',
            id="own timeout",
        ),
        pytest.param(
            conf_change("component_parameters", "common", "hetero_lr_0", to=[1]),
            "ConfTypeError",
            "conf",
            "$.component_parameters.common.hetero_lr_0",
            id="parameters are a list",
        ),
    ],
)
def test_version_2(change: Change, code: str, document: str, path: str):
    found = errors_after(change)
    assert [(c, d) for c, d, _ in found] == [(code, document)]
    assert found[0][2].endswith(path)


@pytest.mark.parametrize(
    ("change", "code", "document", "path"),
    [
        pytest.param(rename("evaluation_0", "evaluation"), "NamingError", "dsl", "$.components.evaluation", id="4"),
        pytest.param(rename("evaluation_0", "evaluation_x"), "NamingIndexError", "dsl", "evaluation_x", id="5 text"),
        pytest.param(rename("evaluation_0", "evaluation_1"), "NamingIndexError", "dsl", "evaluation_1", id="5 gap"),
        pytest.param(
            rename("evaluation_0", "dataio_1"), "ComponentMultiMappingError", "dsl", "dataio_1.module", id="6"
        ),
        pytest.param(rename("evaluation_0", "../../x_0"), "NamingFormatError", "dsl", '["../../x_0"]', id="7"),
        pytest.param(
            component("evaluation_0", module="Reader"), "ReaderNotAllowedError", "dsl", ".module", id="reader"
        ),
        pytest.param(
            conf_change("role_parameters", "guest", "dataio_0", "with_label", to=True),
            "RoleParameterNotListError",
            "conf",
            "$.role_parameters.guest.dataio_0.with_label",
            id="25 no list",
        ),
        pytest.param(
            conf_change("role_parameters", "host", "hetero_lr_0", "init_param", "init_const", to=[1]),
            "RoleParameterNotConsistencyError",
            "conf",
            "$.role_parameters.host.hetero_lr_0.init_param.init_const",
            id="25 length",
        ),
        pytest.param(
            conf_change("role_parameters", "host", "hetero_lr_0", "penalty", to=["L1", "L9"]),
            "ParameterCheckError",
            "conf",
            "$.role_parameters.host.hetero_lr_0.penalty[1]",
            id="24",
        ),
        pytest.param(
            conf_change("role_parameters", "guest", "dataio_0", "label_idx", to=[0]),
            "RedundantParameterError",
            "conf",
            "$.role_parameters.guest.dataio_0.label_idx[0]",
            id="23",
        ),
        pytest.param(
            component("dataio_0", input={"data": {"data": ["args.trian_data"]}}),
            "DataNotExistInSubmitConfError",
            "dsl",
            "$.components.dataio_0.input.data.data[0]",
            id="26",
        ),
        pytest.param(
            conf_change("role_parameters", "guest", "args", "data", "train_data", to=[{"name": "x"}]),
            "TableFormatError",
            "conf",
            "$.role_parameters.guest.args.data.train_data[0]",
            id="half a table",
        ),
        pytest.param(
            conf_change("role_parameters", "hots", to={"dataio_0": {"with_label": [True]}}),
            "RoleNotExistError",
            "conf",
            "$.role_parameters.hots",
            id="28",
        ),
        pytest.param(conf_without("job_parameters"), "RequiredParameterMissingError", "conf", "$", id="30"),
    ],
)
def test_version_1(change: Change, code: str, document: str, path: str):
    found = errors_after(change, version=1)
    assert (code, document) in [(c, d) for c, d, _ in found]
    assert next(p for c, _, p in found if c == code).endswith(path)


@pytest.mark.parametrize(
    ("dsl", "code"),
    [
        ({}, "DSLNotExistError"),
        (None, "DSLNotExistError"),
        ([], "DSLNotExistError"),
        ({"component": {}}, "ComponentFieldNotExistError"),
        ({"components": {}}, "ComponentsEmptyError"),
        ({"components": {"a_0": 1}}, "ModuleFieldNotExistError"),
        ("{", "JSONSyntaxError"),
        ('{"components": {}, "components": {}}', "DuplicateKeyError"),
    ],
)
def test_an_invalid_dsl_document_is_rejected(dsl: object, code: str):
    assert code in [problem.code for problem in problems_of(dsl, conf_2()) if problem.document == "dsl"]


@pytest.mark.parametrize("conf", [None, {}, [], "{}", 3])
def test_an_invalid_conf_document_is_rejected(conf: object):
    assert [p.code for p in problems_of(dsl_2(), conf)] == ["RequiredParameterMissingError"]


def test_a_conf_without_parties_is_refused():
    conf = conf_2()
    conf["role"] = {"guest": [], "host": []}  # as in FATE's empty predict template
    conf["initiator"]["party_id"] = 0
    assert "InitiatorNotInRoleError" in [problem.code for problem in problems_of(dsl_2(), conf)]


def test_predict_needs_a_model():
    conf = conf_2()
    conf["job_parameters"]["common"]["job_type"] = "predict"
    found = [problem for problem in problems_of(dsl_2(), conf) if problem.is_error]
    assert [problem.code for problem in found] == ["RequiredParameterMissingError"]
    assert "model_id and model_version" in found[0].message


def test_modules_that_cannot_be_read():
    catalog = FateCatalog()
    catalog.broken["Evaluation"] = DamagedFile("evaluation.toml is damaged")
    catalog.without_class.add("HeteroLR")
    found = {problem.code: problem.path for problem in problems_of(dsl_2(), conf_2(), catalog)}
    assert found == {
        "ParamClassNotExistError": "$.components.hetero_lr_0.module",
        "ModuleConfigError": "$.components.evaluation_0.module",
    }


def test_a_loop_is_shown_as_a_chain_and_each_loop_once():
    components = {
        name: {"module": "Sleep", "input": {"data": {"data": [f"{up}.data"]}}, "output": {"data": ["data"]}}
        for name, up in [("a", "c"), ("b", "a"), ("c", "b"), ("d", "c"), ("x", "y"), ("y", "x")]
    }
    loops = [p.message for p in problems_of({"components": components}, conf_2()) if p.code == "LoopError"]
    assert [loop.partition(": ")[2] for loop in loops] == ["b -> c -> a -> b", "y -> x -> y"]


def test_all_problems_of_both_documents_come_at_once_in_order_with_place_and_suggestion():
    dsl = """{
  "components": {
    "reader_0": {"module": "Raeder", "output": {"data": ["data"]}},
    "dataio_0": {
      "module": "DataIO",
      "input": {"data": {"data": ["reader_0.data", "raeder_0.data"]}},
      "output": {"data": ["data"]}
    },
    "intersection_0": {"module": "Intersection", "input": {"data": {"data": ["dataio_0.dta"]}}}
  }
}"""
    conf = """{
  "dsl_version": "2",
  "initiator": {"role": "guest", "party_id": "9999"},
  "role": {"guest": ["9999"], "host": [10000]},
  "job_parameters": {"common": {"task_core": 2}},
  "component_parameters": {
    "common": {"dataio_0": {"with_lable": true}},
    "role": {"gest": {"0": {"dataio_0": {}}}}
  }
}"""
    with pytest.raises(BadDocument, match=r"5 errors; the first: dsl:3:18 .*Raeder.*Reader") as caught:
        check_job(dsl, conf, FateCatalog())
    rows = [(p["document"], p["line"], p["column"], p["code"], p["suggestion"]) for p in caught.value.data]
    assert rows == [
        ("dsl", 3, 18, "ModuleNotExistError", "Reader"),
        ("dsl", 6, 52, "DataInputComponentNotExistError", "reader_0"),
        ("dsl", 9, 78, "DataInputNameNotExistError", "data"),
        ("conf", 5, 33, "UnknownJobParameter", "task_cores"),
        ("conf", 7, 29, "RedundantParameterError", "with_label"),
        ("conf", 8, 14, "RoleNotExistError", "guest"),
    ]
    assert caught.value.exit_code == 2
    json.dumps(caught.value.data)


def test_problems_of_parsed_documents_have_paths_in_document_order_but_no_lines():
    dsl, conf = dsl_2(), conf_2()
    dsl["components"]["evaluation_0"]["module"] = "Evaluate"
    dsl["components"]["dataio_0"]["module"] = "DataOI"
    found = problems_of(dsl, conf)
    assert [(p.path, p.line) for p in found if p.code == "ModuleNotExistError"] == [
        ("$.components.dataio_0.module", 0),
        ("$.components.evaluation_0.module", 0),
    ]


def test_what_is_only_odd_is_a_warning():
    dsl, conf = dsl_2(), conf_2()
    dsl["components"]["evaluation_0"]["input"]["data"]["more"] = ["hetero_lr_0.data"]
    dsl["components"]["hetero_lr_0"]["output"]["model"] = ["model", "other"]
    dsl["components"]["union_0"] = {"module": "Union", "input": {"data": {"data": ["dataio_0.data"]}}}
    conf["job_parameters"]["common"]["no_such"] = 1
    conf["component_parameters"]["common"]["hetero_lr_1"] = {"anything": 1}
    conf["component_parameters"]["role"]["host"]["reader_0"] = {"seed": 1}
    conf["algorithm_parameters"] = {}
    conf |= {"conf_path": "a.json", "dsl_path": "b.json"}
    checked = check_job(dsl, conf, FateCatalog())
    assert {problem.code for problem in checked.warnings} == {
        "UnknownDataKey",
        "ExtraModelPort",
        "ModuleNotBuilt",
        "UnknownJobParameter",
        "ParametersOfAbsentComponent",
        "UnknownIndexKey",
        "UnknownConfKey",
    }
    assert all(not problem.is_error for problem in checked.warnings)
    assert checked.not_built == {"union_0": "Union"}
    assert not {"conf_path", "dsl_path"} & checked.conf_document.keys()


def test_thousands_of_problems_are_cut_short():
    components = {f"c_{i}": {"module": f"Raeder{i}", "input": {"data": {"data": ["x" * 500]}}} for i in range(4_000)}
    found = problems_of(json.dumps({"components": components}), conf_2())
    assert len([p for p in found if p.document == "dsl"]) == 1_001
    assert found[1_000].code == "TooManyProblems"


def test_an_error_behind_thousands_of_warnings_still_counts():
    conf = conf_2()
    conf["component_parameters"]["common"] = {f"ghost_{i}": {} for i in range(3_000)}
    conf["component_parameters"]["common"]["hetero_lr_0"] = {"no_such": 1}
    checked, found = examine_job(dsl_2(), conf, FateCatalog())
    assert checked is None
    assert [p.code for p in found if p.is_error] == ["RedundantParameterError"]
    assert (found[-1].code, found[-1].message) == ("TooManyProblems", "2000 more warnings are not listed")


def test_a_dsl_that_cannot_be_read_says_nothing_of_the_parameters():
    assert [p.code for p in problems_of('{"components": {"a": {"module": "Sleep",}}}', conf_2())] == ["JSONSyntaxError"]


def test_thousands_of_repeated_keys_are_found():
    text = '{"components": {' + ",\n".join(['"a_0": {"module": "Sleep"}'] * 20_000) + "}}"
    found = problems_of(text, conf_2())
    assert {(p.code, p.path) for p in found if p.line} == {("DuplicateKeyError", "$.components.a_0")}
    assert found[0].line == 2


def test_too_many_components_or_tasks_are_refused():
    components = {f"c_{i}": {"module": "Sleep"} for i in range(6_000)}
    assert [p.code for p in problems_of({"components": components}, conf_2())] == ["DocumentLimitError"]
    conf = conf_2()
    conf["role"]["host"] = list(range(900))
    few = {name: components[name] for name in list(components)[:200]}
    assert "DocumentLimitError" in [p.code for p in problems_of({"components": few}, conf)]


def test_a_dsl_alone_can_be_linted():
    dsl = dsl_2()
    dsl["components"]["evaluation_0"]["input"]["data"]["data"] = ["hetero_lr_0.dat"]
    assert [p.code for p in lint_job(dsl, None, FateCatalog())] == ["DataInputNameNotExistError"]
    assert lint_job(dsl_1(), None, FateCatalog(), version=1) == []

"""The job language: FATE's DSL and runtime conf, versions 1 and 2, checked, planned, edited and turned to predict."""

from fateflow_tui.core.document.check import (
    CheckedJob,
    changed_components,
    check_job,
    conf_of_version,
    examine_job,
    lint_job,
    with_changes,
)
from fateflow_tui.core.document.conf import conf_for
from fateflow_tui.core.document.json_text import JsonDocument, read_json
from fateflow_tui.core.document.plan import plan_job
from fateflow_tui.core.document.predict import (
    check_predict_dsl,
    component_list,
    derive_predict_dsl,
    generate_predict_dsl,
    predict_conf_template,
)
from fateflow_tui.core.document.problems import Problem

__all__ = [
    "CheckedJob",
    "JsonDocument",
    "Problem",
    "changed_components",
    "check_job",
    "check_predict_dsl",
    "component_list",
    "conf_for",
    "conf_of_version",
    "derive_predict_dsl",
    "examine_job",
    "generate_predict_dsl",
    "lint_job",
    "plan_job",
    "predict_conf_template",
    "read_json",
    "with_changes",
]

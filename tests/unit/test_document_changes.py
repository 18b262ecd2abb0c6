"""Changing the parameters of a job for its rerun."""

from __future__ import annotations

from typing import Any

import pytest

from fateflow_tui.core.document import changed_components, check_job, plan_job, with_changes
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party
from tests.unit.document_catalog import FateCatalog
from tests.unit.document_jobs import conf_1, conf_2, dsl_1, dsl_2

GUEST = Party("guest", "9999")


def test_changes_are_merged_at_every_depth_and_the_conf_stays_as_it_was():
    conf = conf_2()
    changes = {
        "common": {"hetero_lr_0": {"max_iter": 5}, "evaluation_0": {"eval_type": "multi"}},
        "role": {"host": {"1": {"hetero_lr_0": {"alpha": 0.75}}}},
    }
    changed = with_changes(conf, {"common": {"task_cores": 2}}, changes)
    assert conf == conf_2()
    assert changed["job_parameters"]["common"] == {"job_type": "train", "work_mode": 0, "backend": 0, "task_cores": 2}
    parameters = check_job(dsl_2(), changed, FateCatalog()).parameters
    assert parameters["hetero_lr_0"][GUEST]["max_iter"] == 5
    assert parameters["hetero_lr_0"][GUEST]["init_param"]["init_method"] == "zeros"
    assert parameters["hetero_lr_0"][Party("host", "10001")]["alpha"] == 0.75
    assert parameters["evaluation_0"][GUEST]["eval_type"] == "multi"
    assert changed_components(conf, changes) == ["hetero_lr_0", "evaluation_0"]


def test_version_1_has_sections_of_its_own():
    conf = conf_1()
    changes = {
        "common": {"hetero_lr_0": {"max_iter": 5}},
        "role": {"guest": {"dataio_0": {"with_label": [False]}}},
    }
    changed = with_changes(conf, {"task_cores": 2}, changes)
    checked = check_job(dsl_1(), changed, FateCatalog())
    assert checked.job_parameters["task_cores"] == 2
    assert checked.parameters["hetero_lr_0"][GUEST]["max_iter"] == 5
    assert checked.parameters["dataio_0"][GUEST]["with_label"] is False
    assert changed_components(conf, changes) == ["hetero_lr_0", "dataio_0"]


def test_a_planned_conf_can_be_changed_and_planned_again():
    planned = plan_job(check_job(dsl_2(), conf_2(), FateCatalog()), "2026", GUEST)
    changed = with_changes(planned.conf, {"common": {"task_cores": 2}})
    again = plan_job(check_job(planned.dsl, changed, FateCatalog()), "2026", GUEST)
    assert [document.task_need.cores for document in again.documents] == [2, 2, 2, 1]
    assert again.documents[0].model_id == planned.documents[0].model_id
    assert with_changes(planned.conf) == planned.conf


@pytest.mark.parametrize(("job", "component"), [(7, None), (None, [1]), (None, {"common": 7})])
def test_changes_that_are_no_objects_are_refused(job: Any, component: Any):
    with pytest.raises(BadRequest, match="must be an object"):
        with_changes(conf_1(), job, component)

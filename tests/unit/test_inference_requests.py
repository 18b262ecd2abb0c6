"""Inference requests, read leniently and refused clearly."""

from __future__ import annotations

from typing import Any

import pytest

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.server.serving import batch_questions


def test_a_row_that_is_null_has_no_features_and_its_place_as_index() -> None:
    row = {"index": 7, "featureData": {"x0": 1}}
    indices, questions = batch_questions({"body": {"batchDataList": [None, row]}})
    assert indices == [0, 7]
    assert [dict(one.features) for one in questions] == [{}, {"x0": 1}]


@pytest.mark.parametrize("rows", [[], {}, "x", [1], [{"index": True}], [{"index": 1}, {"index": 1}]])
def test_what_is_no_batch_is_refused(rows: Any) -> None:
    with pytest.raises(BadRequest):
        batch_questions({"body": {"batchDataList": rows}})

"""Confs of predict jobs, filled in from the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fateflow_tui.commands.model.predict_conf import TableChoice, filled, tables_of
from fateflow_tui.core.errors import BadRequest


def _conf() -> dict[str, Any]:
    blank = {"name": "name_to_be_filled_0", "namespace": "namespace_to_be_filled_0"}
    readers = {"reader_0": {"table": blank}, "reader_1": {"table": blank}}
    conf: dict[str, Any] = {
        "dsl_version": 2,
        "role": {"guest": [9999], "host": [10000, 10001], "arbiter": [10002]},
        "job_parameters": {"common": {"job_type": "train", "task_cores": 2}},
        "component_parameters": {"role": {"guest": {"0": readers}, "host": {"0": readers, "1": readers}}},
    }
    return json.loads(json.dumps(conf))  # nothing is shared


@pytest.mark.parametrize(
    ("word", "table"),
    [
        ("guest=demo.new", TableChoice("guest", "", "", "demo", "new")),
        ("host:10000=demo/a.b", TableChoice("host", "10000", "", "demo", "a.b")),
        ("guest.reader_1=n.t", TableChoice("guest", "", "reader_1", "n", "t")),
        ("host:1.reader_1=n.t", TableChoice("host", "1", "reader_1", "n", "t")),
    ],
)
def test_tables_are_read(word: str, table: TableChoice) -> None:
    assert tables_of([word]) == [table]


@pytest.mark.parametrize("word", ["guest", "guest=", "=a.b", "guest=a", "guest=.b", "guest=a.", "guest=a.b.c"])
def test_an_invalid_table_is_refused(word: str) -> None:
    with pytest.raises(BadRequest, match="--table"):
        tables_of([word])


def test_all_readers_of_a_role_get_the_table() -> None:
    before = _conf()
    conf = filled(before, tables_of(["guest=g.t", "host=h.t"]), "m", "v")
    by_role = conf["component_parameters"]["role"]
    assert by_role["guest"]["0"]["reader_1"]["table"] == {"namespace": "g", "name": "t"}
    assert [by_role["host"][i]["reader_0"]["table"]["namespace"] for i in "01"] == ["h", "h"]
    assert conf["job_parameters"]["common"] == {
        "job_type": "predict",
        "model_id": "m",
        "model_version": "v",
        "task_cores": 2,
    }
    assert before == _conf()


def test_table_can_be_set_for_one_party_and_one_reader() -> None:
    words = ["guest=g.t", "host=h.t", "host:10001=other.t", "guest.reader_1=second.t"]
    by_role = filled(_conf(), tables_of(words), "m", "v")["component_parameters"]["role"]
    assert by_role["host"]["0"]["reader_0"]["table"]["namespace"] == "h"
    assert by_role["host"]["1"]["reader_0"]["table"]["namespace"] == "other"
    assert by_role["guest"]["0"]["reader_0"]["table"]["namespace"] == "g"
    assert by_role["guest"]["0"]["reader_1"]["table"]["namespace"] == "second"


def test_every_table_must_be_named() -> None:
    with pytest.raises(BadRequest, match=r"host:10001 \(reader_0\)"):
        filled(_conf(), tables_of(["guest=g.t", "host:10000=h.t"]), "m", "v")


def test_unknown_parties_and_readers() -> None:
    with pytest.raises(BadRequest, match="no party host:1") as caught:
        filled(_conf(), tables_of(["host:1=h.t"]), "m", "v")
    assert "host:10001" in caught.value.hint
    with pytest.raises(BadRequest, match="unknown reader reader_9"):
        filled(_conf(), tables_of(["host.reader_9=h.t"]), "m", "v")


def test_a_conf_without_readers_gets_them() -> None:
    conf = {"role": {"guest": [1]}, "dsl_version": "2"}
    made = filled(conf, tables_of(["guest=g.t"]), "m", "v")
    assert made["component_parameters"]["role"]["guest"]["0"]["reader_0"]["table"] == {"namespace": "g", "name": "t"}
    assert made["job_parameters"]["common"]["job_type"] == "predict"


def test_a_conf_of_version_1_has_flat_job_parameters() -> None:
    assert filled({"role": {"guest": [1]}}, [], "m", "v")["job_parameters"]["model_id"] == "m"

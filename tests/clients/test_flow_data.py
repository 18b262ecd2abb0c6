"""`flow data` and `flow table` of the published clients."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.flow_user import NAMESPACE, FlowUser, Trained

pytestmark = pytest.mark.timeout(300)
ODD_NAME = "Tabelle ä & b=c+d 100% (neu)"


def test_uploads_are_jobs_that_make_tables(user: FlowUser, trained: Trained) -> None:
    for answer, table in zip(trained.uploads, ("breast_guest", "breast_host"), strict=True):
        assert answer["data"]["job_id"] == answer["jobId"]
        assert (answer["data"]["table_name"], answer["data"]["namespace"]) == (table, NAMESPACE)
        assert answer["data"]["board_url"]
        info = user("table", "info", "-n", NAMESPACE, "-t", table)["data"]
        assert (info["exist"], info["count"], info["partition"]) == (1, 569, 4)
        assert info["schema"]["sid"] == "id"


def test_an_existing_table_is_replaced_only_on_demand(user: FlowUser) -> None:
    user.write("few.csv", "id,x\na,1\nb,2\nc,3\n")
    user.write("fewer.csv", "id,x\na,1\n")
    user.upload("few.csv", "few")
    assert "few" in user.upload("fewer.csv", "few", code=100)["retmsg"]
    assert user("table", "info", "-n", NAMESPACE, "-t", "few")["data"]["count"] == 3
    user.upload("fewer.csv", "few", "--drop", "--verbose")
    assert user("table", "info", "-n", NAMESPACE, "-t", "few")["data"]["count"] == 1


def test_names_may_have_any_letters(user: FlowUser) -> None:
    user.write("odd.csv", "id,x\na,1\nb,2\n")
    answer = user.upload("odd.csv", ODD_NAME)
    assert answer["data"]["table_name"] == ODD_NAME
    assert user("table", "info", "-n", NAMESPACE, "-t", ODD_NAME)["data"]["count"] == 2


def test_a_file_of_the_server_can_be_uploaded(user: FlowUser) -> None:
    user.write("there.csv", "id,x\na,1\nb,2\n")
    answer = user.upload("there.csv", "there", use_local_data=0)
    assert answer["jobId"] in str(user("data", "upload-history", "-l", 1)["data"])
    assert user("table", "info", "-n", NAMESPACE, "-t", "there")["data"]["count"] == 2


def test_download_writes_a_file_at_the_server(user: FlowUser, trained: Trained) -> None:
    conf = {"work_mode": 0, "delimiter": ",", "namespace": NAMESPACE, "table_name": "breast_guest"}
    conf["output_path"] = str(user.folder / "downloaded.csv")
    answer = user("data", "download", "-c", user.write("download.json", conf))
    user.wait(answer["jobId"])
    ids = [line.partition(",")[0] for line in (user.folder / "guest.csv").read_text().splitlines()]
    lines = (user.folder / "downloaded.csv").read_text().splitlines()
    assert {line.partition(",")[0] for line in lines} - {"id"} == set(ids) - {"id"}


def test_upload_history(user: FlowUser, trained: Trained) -> None:
    assert len(user("data", "upload-history", "-l", 2)["data"]) == 2
    (entry,) = user("data", "upload-history", "-j", trained.uploads[0]["jobId"])["data"]
    (found,) = entry.values()
    assert found["upload_info"] | {"partition": 4} == found["upload_info"]
    assert (found["upload_info"]["table_name"], found["upload_info"]["upload_count"]) == ("breast_guest", 569)


def test_table_delete(user: FlowUser) -> None:
    user.write("gone.csv", "id,x\na,1\n")
    user.upload("gone.csv", "gone", "--drop")
    words = ["table", "delete", "-n", NAMESPACE, "-t", "gone"]
    assert user(*words)["data"] == {"namespace": NAMESPACE, "table_name": "gone"}
    assert user("table", "info", "-n", NAMESPACE, "-t", "gone")["data"]["exist"] == 0
    assert user(*words, code=101)["retmsg"] == "no find table"


@pytest.mark.parametrize("verb", ["add", "bind"])
def test_a_table_may_be_a_file_that_stays_where_it_is(user: FlowUser, verb: str) -> None:
    path = user.write(f"{verb}.csv", "id,x,y\na,1,2\nb,2,3\nc,3,4\n")
    conf: dict[str, Any] = {
        "engine": "PATH",
        "address": {"path": str(path)},
        "namespace": NAMESPACE,
        "name": f"{verb}_table",
    }
    conf |= {"head": 1, "id_delimiter": ",", "partition": 4}
    found = user("table", verb, "-c", user.write("bind.json", conf))
    assert found["data"] == {"namespace": NAMESPACE, "table_name": f"{verb}_table"}
    user("table", verb, "-c", user.folder / "bind.json", code=100)
    # The newer client's `bind` goes by its option, not by the conf.
    drop = ["--drop"] if verb == "bind" and not user.is_old else []
    user("table", verb, "-c", user.write("bind.json", conf | {"drop": 1}), *drop)
    info = user("table", "info", "-n", NAMESPACE, "-t", f"{verb}_table")["data"]
    assert (info["exist"], info["count"]) == (1, 3)

    job_id = user.read(f"{verb}_table")["jobId"]
    user.wait(job_id)
    words = ["-j", job_id, "-r", "guest", "-p", "9999", "-cpn", "dataio_0", "-o", f"{verb}_rows"]
    folder = user("component", "output-data", *words)["directory"]
    assert (user.folder / folder / "data.csv").read_text().splitlines()[1].split(",")[0] in "abc"

"""Reading requests: bodies, upload queries, filters, names under which the site may be called."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

import pytest
from starlette.requests import Request

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.logs import LogRecord
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.server.address import Address
from fateflow_tui.server.auth import AccessPolicy
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.fate.filters import fits, ordered, usable
from fateflow_tui.server.logs import LogFilter
from fateflow_tui.server.requests import (
    NO_MEMBERS,
    AtParty,
    Flag,
    Float,
    Int,
    Object,
    RequestBody,
    Text,
    Texts,
    UnreadableBody,
    parse,
    parse_documents,
)
from fateflow_tui.server.uploads import conf_of_query

# requests leaves these as they are, besides letters and digits
_BARE = "&=+,:/?@!'()*;$-._~"


def test_an_absent_body_is_an_empty_object() -> None:
    assert parse(b"") == parse(b"  \n") == parse(b"null") == {}


@pytest.mark.parametrize("content", [b"{", b"[1]", b'"text"', b"{'a': 1}", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableBody):
        parse(content)


def test_duplicate_keys_in_documents_are_rejected() -> None:
    content = b'{"job_dsl": {"components": {\n"a_0": 1, "a_0": 2}}}'
    assert parse(content) == {"job_dsl": {"components": {"a_0": 2}}}
    with pytest.raises(UnreadableBody, match=r"line 2, \$\.job_dsl\.components\.a_0:"):
        parse_documents(content)
    assert parse_documents(b"") == {}


class _Request(AtParty):
    job_id: Text = ""
    limit: Int = 1
    timeout: Float = 1.0
    force: Flag = False
    drop: Flag = False
    components: Texts = ()
    job_parameters: Object = NO_MEMBERS


class _Named(AtParty):
    name: Annotated[Text, "of the thing"]


def test_numbers_and_texts_stand_for_each_other() -> None:
    members = {"party_id": 9999, "role": "guest", "limit": "7", "force": "1", "drop": 2, "components": "a, b"}
    body = _Request(members)
    assert str(body.party_or_none()) == "guest:9999"
    assert body.limit == 7
    assert body.force
    assert not body.drop
    assert body.components == ("a", "b")


def test_members_left_out_and_null_have_their_defaults() -> None:
    for members in ({}, {"limit": None, "components": None}, {"limit": "", "unknown": [1]}):
        body = _Request(members)
        assert (body.limit, body.timeout, body.components, body.party_or_none()) == (1, 1.0, (), None)


def test_a_request_is_its_own_schema() -> None:
    schema = _Named.json_schema()
    assert schema["required"] == ["name"]
    assert schema["properties"]["name"]["description"] == "of the thing"
    assert schema["properties"]["role"]["type"] == ["string", "integer"]


@pytest.mark.parametrize(
    "members",
    [
        {"limit": "many"},
        {"limit": {}},
        {"timeout": "soon"},
        {"job_id": ["a"]},
        {"job_parameters": [1]},
        {"components": 1},
        {"role": "guest"},
    ],
)
def test_a_wrong_kind_of_value_is_named(members: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match="|".join([*members, "party_id"])):
        _Request(members).party_or_none()


def test_all_missing_members_are_named() -> None:
    with pytest.raises(BadRequest, match="role,party_id"):
        RequestBody({"job_id": "1"}).require("job_id", "role", "party_id")
    with pytest.raises(BadRequest, match="name"):
        _Named({"name": None})


@pytest.mark.parametrize(
    "conf",
    [
        {"file": "a b.csv", "namespace": "x", "table_name": "t"},
        {"file": "ä/ö.csv", "namespace": "a&b=c+d", "table_name": "100%", "id_delimiter": ";"},
        {"namespace": "%41", "table_name": "50% off"},
    ],
)
def test_an_upload_query_is_one_json_object(conf: dict[str, Any]) -> None:
    text = json.dumps(conf, ensure_ascii=False)
    assert conf_of_query(quote(text, safe=_BARE).encode()) == conf


def test_a_percent_sign_without_digits_is_kept() -> None:
    assert conf_of_query(b'{"table_name":%20"50%%20of"}') == {"table_name": "50% of"}


def test_a_percent_sign_makes_clients_escape_twice() -> None:
    # what requests of the time of fate_client 1.6 makes of {"table_name": "50% of"}
    assert conf_of_query(b"%257B%2522table_name%2522:%2520%252250%25%2520of%2522%257D") == {"table_name": "50% of"}


def test_an_upload_query_may_be_pairs() -> None:
    assert conf_of_query(b"namespace=a%20b&table_name=t&drop=1") == {"namespace": "a b", "table_name": "t", "drop": "1"}


def test_a_query_cut_at_a_hash_is_explained() -> None:
    with pytest.raises(BadRequest, match="'#'"):
        conf_of_query(quote('{"table_name": "a', safe=_BARE).encode())


_RECORD = {"f_job_id": "2", "f_party_id": "9999", "f_is_initiator": True, "f_start_time": 1_000, "f_end_time": None}


@pytest.mark.parametrize(
    ("filters", "fit"),
    [
        ({"party_id": 9999}, True),
        ({"party_id": "9998"}, False),
        ({"is_initiator": 1}, True),
        ({"is_initiator": False}, False),
        ({"start_time": [900, 1_100]}, True),
        ({"start_time": [None, 900]}, False),
        ({"start_time": ["1970-01-01 00:00:00", "2000-01-01 00:00:00"]}, True),
        ({"end_time": [0, 10**15]}, False),
        ({"job_id": ["1", "2"]}, True),
        ({"nosuch": 1, "start_time": None}, True),
    ],
)
def test_records_are_chosen_by_value_and_range(filters: dict[str, Any], fit: bool) -> None:
    assert fits(_RECORD, usable(_RECORD, filters)) is fit


@pytest.mark.parametrize("ends", [[1], [1, 2, 3], ["yesterday", None]])
def test_a_range_that_is_none_is_refused(ends: list[Any]) -> None:
    with pytest.raises(BadRequest, match="start_time"):
        fits(_RECORD, {"start_time": ends})


def test_records_are_sorted_by_any_field() -> None:
    records = [{"f_job_id": str(i), "f_elapsed": value} for i, value in enumerate([5, None, 3])]
    assert [record["f_job_id"] for record in ordered(records, {"order_by": "elapsed"})] == ["1", "2", "0"]
    assert [record["f_job_id"] for record in ordered(records, {"order_by": "elapsed", "reverse": True})] == [
        "0",
        "2",
        "1",
    ]
    assert [record["f_job_id"] for record in ordered(records, {"reverse": "true"})] == ["2", "1", "0"]


def _request(host: str, path: str = "/v1/job/list", **headers: str) -> Request:
    raw = [(b"host", host.encode())] + [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": path, "headers": raw, "query_string": b""})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9380", "[::1]:9380", "LOCALHOST:1", "flow.example:80"])
def test_own_names_are_let_in(host: str) -> None:
    policy = AccessPolicy(Address(names=("flow.example",)))
    assert policy.rejection(_request(host)) is None


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "10.0.0.7:9380", "[::2", "a@localhost@b"]
)
def test_unknown_host_names_are_rejected(host: str) -> None:
    refused = AccessPolicy(Address()).rejection(_request(host))
    assert refused is not None
    assert refused[0] == 403


def test_pages_of_other_origins_are_refused() -> None:
    policy = AccessPolicy(Address())
    assert policy.rejection(_request("localhost", origin="http://localhost:3000")) is None
    for origin in ("http://evil.example", "null", "https://127.0.0.1.evil.example"):
        assert policy.rejection(_request("localhost", origin=origin)) is not None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": "Basic secret"}, 401),
        ({"authorization": "Bearer sécret"}, 401),
        ({"authorization": "Bearer secret"}, None),
        ({"authorization": "bearer secret"}, None),
    ],
)
def test_beyond_loopback_the_token_is_asked_for(headers: dict[str, str], status: int | None) -> None:
    policy = AccessPolicy(Address(host="0.0.0.0", token="secret"))  # noqa: S104
    refused = policy.rejection(_request("10.0.0.7:9380", **headers))
    assert (refused[0] if refused else None) == status


def test_signed_calls_of_peers_need_no_token() -> None:
    policy = AccessPolicy(Address(host="10.0.0.7", token="secret"))
    assert policy.rejection(_request("any.example", "/v1/peer/directive")) is None


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (Address(), "http://127.0.0.1:9380"),
        (Address(host="0.0.0.0", port=1), "http://127.0.0.1:1"),  # noqa: S104
        (Address(host="::1", port=2, secure=True), "https://[::1]:2"),
    ],
)
def test_an_address_has_an_url_for_this_machine(address: Address, url: str) -> None:
    assert address.url == url


def test_answers_never_make_clients_try_again() -> None:
    response = answer(retcode=100, retmsg="Connection refused after Max Retries")
    text = bytes(response.body).decode().lower()
    assert "connection refused" not in text
    assert "max retries" not in text


def test_null_members_are_left_out_but_not_those_inside_data() -> None:
    assert json.loads(bytes(answer({"a": None}).body)) == {"retcode": 0, "retmsg": "success", "data": {"a": None}}


def test_log_files_stay_below_the_job(tmp_path: Any) -> None:
    home = Home(tmp_path)
    for wrong in (
        {"role": "..", "party_id": "other"},
        {"party": "guest:../.."},
        {"component_name": ".."},
    ):
        with pytest.raises(BadRequest):
            LogFilter(wrong)
    with pytest.raises(BadRequest):
        LogFilter().files(home, "..")
    with pytest.raises(BadRequest):
        LogFilter({"level": "LOUD"})


def test_log_records_are_kept_by_level_party_and_component() -> None:
    wanted = LogFilter({"level": "WARNING", "party": "guest:1", "component_name": "lr_0"})
    assert wanted.keeps(LogRecord(0, "x", "ERROR", "guest:1", "lr_0"))
    assert wanted.keeps(LogRecord(0, "printed"))
    for level, party, component in (("INFO", "guest:1", "lr_0"), ("ERROR", "host:1", "lr_0"), ("ERROR", "guest:1", "")):
        assert not wanted.keeps(LogRecord(0, "x", level, party, component))

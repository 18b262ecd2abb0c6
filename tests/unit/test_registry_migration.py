"""The same model under other party ids."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fateflow_tui.artifacts.models import ComponentModel
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party
from fateflow_tui.registry import check_mapping, migrated, new_model_id, new_roles
from fateflow_tui.registry.migrate import renamed
from tests.unit.registry_parts import ARBITER, GUEST, HOST, MODEL, lr, pipeline

ROLES = {"guest": [9999], "host": [10000, 10001], "arbiter": [10000]}
NEW = {"guest": [10000], "host": [9999, 10000], "arbiter": [7]}  # ids are swapped and moved on
MOVES = {
    Party("guest", "9999"): Party("guest", "10000"),
    Party("host", "10000"): Party("host", "9999"),
    Party("host", "10001"): Party("host", "10000"),
    Party("arbiter", "10000"): Party("arbiter", "7"),
}


def test_parties_are_mapped_by_position() -> None:
    assert check_mapping(ROLES, ROLES, NEW) == MOVES
    other_order = {"host": ["10001", "10000"], "guest": [9999], "arbiter": [10000]}
    assert check_mapping(ROLES, other_order, NEW)[Party("host", "10001")] == Party("host", "9999")
    assert new_roles(ROLES, MOVES) == NEW
    assert new_model_id(ROLES, MOVES) == "arbiter-7#guest-10000#host-9999_10000#model"


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        (ROLES, ROLES, "are equal"),
        (ROLES, {**NEW, "host": [9999]}, "differ in structure"),
        (ROLES, {**NEW, "arbiter": []}, "differ in structure"),
        (ROLES, {"guest": [1], "host": [2, 3], "local": [4]}, "differ in structure"),
        ({**ROLES, "guest": [9998]}, NEW, "the model's parties are arbiter 10000, guest 9999, host 10000 10001"),
        ({"guest": [9999]}, {"guest": [1]}, "the model's parties are"),
        (ROLES, {**NEW, "host": [5, 5]}, "names a party twice"),
        (ROLES, {**NEW, "guest": ["x"]}, "invalid party id"),
        (ROLES, {**NEW, "guest": [True]}, "invalid party id"),
        (ROLES, {**NEW, "guest": [-1]}, "invalid party id"),
        (ROLES, {**NEW, "guest": ["9" * 5000]}, "invalid party id"),
        (ROLES, {**NEW, "guest": 5}, "must be a list"),
        (ROLES, {**NEW, "judge": [5]}, "must be a list of party ids of one of the roles"),
    ],
)
def test_mappings_that_do_not_fit_are_refused(old: Any, new: Any, match: str) -> None:
    with pytest.raises(BadRequest, match=match):
        check_mapping(ROLES, old, new)


def test_the_documents_name_the_new_parties() -> None:
    submitted = {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": 9999},
        "role": {"guest": [9999], "host": ["10000", 10001], "arbiter": [10000]},
        "job_parameters": {
            "common": {"model_id": MODEL, "model_version": "1", "task_cores": 10000},
            "role": {"guest": {"0": {"model_id": MODEL, "timeout": 9999}}},
        },
        "component_parameters": {
            "common": {"hetero_lr_0": {"batch_size": 10000, "max_iter": 9999}},
            "role": {"host": {"0|1": {"reader_0": {"table": {"name": "host_10000", "namespace": "9999"}}}}},
        },
    }
    on_party = {**submitted, "job_parameters": {"model_id": MODEL, "model_version": "1", "job_type": "train"}}
    of = pipeline(roles=ROLES, train_conf=submitted, conf_on_party=on_party, parent=False, parent_info={"a": "b"})

    moved, models = migrated(of, [lr()], MOVES, model_id="new", model_version="2")

    assert moved.party == moved.initiator == Party("guest", "10000")
    assert (moved.model_id, moved.model_version, moved.roles) == ("new", "2", NEW)
    assert (moved.parent, moved.parent_info) == (False, {})
    assert moved.train_conf == {
        **submitted,
        "initiator": {"role": "guest", "party_id": 10000},
        "role": {"guest": [10000], "host": ["9999", 10000], "arbiter": [7]},
        "job_parameters": {
            "common": {"model_id": "new", "model_version": "2", "task_cores": 10000},
            "role": {"guest": {"0": {"model_id": "new", "timeout": 9999}}},
        },
    }
    assert moved.conf_on_party["job_parameters"] == {"model_id": "new", "model_version": "2", "job_type": "train"}
    assert moved.train_dsl == of.train_dsl
    assert models == [lr()]
    assert of.train_conf["role"]["guest"] == [9999], "the old one stays as it is"


def test_migrating_there_and_back_gives_the_same() -> None:
    of = pipeline(roles=ROLES)
    of = msgspec.structs.replace(of, train_conf={**of.train_conf, "role": ROLES}, conf_on_party={})
    there, models = migrated(of, [boost()], MOVES, model_id="new", model_version="2")
    back, again = migrated(there, models, {new: old for old, new in MOVES.items()}, model_id=MODEL, model_version="1")
    assert back == of
    assert again == [boost()] != models


@pytest.mark.parametrize(
    ("parties", "match"),
    [
        ({GUEST: Party("guest", "1"), HOST: Party("host", "2")}, "no new id is given for arbiter:10000"),
        ({GUEST: Party("guest", "1"), HOST: Party("guest", "1"), ARBITER: ARBITER}, "would get the same id"),
        ({GUEST: Party("host", "1"), HOST: HOST, ARBITER: ARBITER}, "keeps its role"),
        ({GUEST: Party("guest", "x"), HOST: HOST, ARBITER: ARBITER}, "its id must be a number"),
    ],
)
def test_parties_that_do_not_fit_are_refused(parties: dict[Party, Party], match: str) -> None:
    with pytest.raises(BadRequest, match=match):
        migrated(pipeline(), [], parties, model_id="m", model_version="2")


def boost() -> ComponentModel:
    """As FATE's trees look at the guest."""
    return ComponentModel(
        "hetero_secure_boost_0",
        "HeteroSecureBoost",
        {
            "trees": [
                {
                    "tree": [
                        {"id": 0, "sitename": "host:10000", "fid": 10000, "weight": 9999.0, "splitMaskdict": {}},
                        {"id": 1, "sitename": "guest:9999", "fid": 9999},
                    ]
                }
            ],
            "featureImportances": [
                {"sitename": "host:10001", "fid": 3, "importance": 10000, "fullname": "host_10001_3"},
                {"sitename": "guest:9999", "fid": 0, "importance": 2, "fullname": "host_10000"},
            ],
            "featureNameFidMapping": {"0": "host_10000", "1": "x1"},
            "treePlan": ["0_10000", "1_-1", "0_10001", "2"],
            "classes": ["9999", "10000"],
            "losses": [0.10000, 9999],
        },
        {"objectiveMeta": {"param": [10000.0]}},
    )


def test_trees_name_the_new_parties() -> None:
    [model] = migrated(pipeline(roles=ROLES), [boost()], MOVES, model_id="m", model_version="2")[1]
    old = boost().parameters
    assert model.parameters == {
        **old,
        "trees": [
            {
                "tree": [
                    {"id": 0, "sitename": "host:9999", "fid": 10000, "weight": 9999.0, "splitMaskdict": {}},
                    {"id": 1, "sitename": "guest:10000", "fid": 9999},
                ]
            }
        ],
        "featureImportances": [
            {"sitename": "host:10000", "fid": 3, "importance": 10000, "fullname": "host_10000_3"},
            # Its own feature, which only looks like another party's.
            {"sitename": "guest:10000", "fid": 0, "importance": 2, "fullname": "host_10000"},
        ],
        "treePlan": ["0_9999", "1_-1", "0_10000", "2"],
    }
    assert model.meta == boost().meta


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        # HeteroFeatureSelection
        (
            {"hostColNames": [{"colNames": ["host_10000_0", "host_10000_1"], "partyId": "10000"}]},
            {"hostColNames": [{"colNames": ["host_9999_0", "host_9999_1"], "partyId": "9999"}]},
        ),
        (
            {"results": [{"hostLeftCols": [{"leftCols": {"host_10001_0": True}}], "featureValues": {"x0": 9999.0}}]},
            {"results": [{"hostLeftCols": [{"leftCols": {"host_10000_0": True}}], "featureValues": {"x0": 9999.0}}]},
        ),
        # HeteroFeatureBinning
        (
            {"binningResult": {"role": "guest", "partyId": "9999", "binningResult": {"x0": {"ivArray": [9999]}}}},
            {"binningResult": {"role": "guest", "partyId": "10000", "binningResult": {"x0": {"ivArray": [9999]}}}},
        ),
        (
            {"hostResults": [{"role": "host", "party_id": 10001, "binningResult": {"host_10001_x0": {}}}]},
            {"hostResults": [{"role": "host", "party_id": 10000, "binningResult": {"host_10000_x0": {}}}]},
        ),
        (
            {"multiClassResult": {"hostPartyIds": ["10000", 10001, "5"]}},
            {"multiClassResult": {"hostPartyIds": ["9999", 10000, "5"]}},
        ),
        ({"headerAnonymous": ["guest_9999_x0"]}, {"headerAnonymous": ["guest_10000_x0"]}),
        # HeteroPearson
        ({"party": "(guest, 9999)"}, {"party": "(guest, 10000)"}),
        ({"parties": ["('guest', 9999)", "('host','10000')"]}, {"parties": ["('guest', 10000)", "('host','9999')"]}),
        ({"allNames": [{"names": ["guest_9999.x0", "x1"]}]}, {"allNames": [{"names": ["guest_10000.x0", "x1"]}]}),
    ],
)
def test_messages_of_the_modules_that_name_parties(message: Any, expected: Any) -> None:
    assert renamed(message, MOVES, "m.default") == expected
    assert renamed(expected, {new: old for old, new in MOVES.items()}, "m.default") == message


@pytest.mark.parametrize(
    "word",
    [
        "host_100000_1",
        "host_1000",
        "myhost_10000",
        "my_host_10000_0",
        "host_10000x",
        "host_10000a_1",
        "ghost:10000",
        "host:10000b",
        "host 10000",
        "host__10000",
        "hosts_10000",
        "10000",
        "x_10000",
        "HOST_10000",
        "host_010000",
        "host_9998_1",
        "h\u00f6st_10000",
    ],
)
def test_words_that_are_not_parties_are_kept(word: str) -> None:
    assert renamed({word: [word, 10000, 9999.0, True, None]}, MOVES, "m") == {word: [word, 10000, 9999.0, True, None]}


def test_names_that_would_become_one_are_refused() -> None:
    moves = {Party("host", "1"): Party("host", "2")}
    with pytest.raises(BadRequest, match=r"two names in the model a\.default would become identical"):
        renamed({"host_1_0": 1, "host_2_0": 2}, moves, "a.default")


def test_models_of_other_modules_are_left_alone() -> None:
    model = ComponentModel("lr_0", "HeteroLR", {"weight": {"host_10000_0": 1.0}, "sitename": "host:10000"}, {})
    assert migrated(pipeline(roles=ROLES), [model], MOVES, model_id="m", model_version="2")[1] == [model]


IDS = st.integers(1, 30).map(str)
ROLE = st.sampled_from(["guest", "host", "arbiter"])


@st.composite
def moves(draw: st.DrawFn) -> dict[Party, Party]:
    """All parties of some roles move to other ids, swaps and chains among them."""
    mapping = {}
    for role in ("guest", "host", "arbiter"):
        old = draw(st.lists(IDS, unique=True, min_size=1, max_size=6))
        new = draw(st.permutations(old) | st.lists(IDS, unique=True, min_size=len(old), max_size=len(old)))
        mapping |= {Party(role, before): Party(role, after) for before, after in zip(old, new, strict=True)}
    return mapping


@st.composite
def words(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    """(text before, role and separator and id, text behind), the middle one a party's whole name."""
    before = draw(st.sampled_from(["", "(", " ", "a.", "x,"]))
    behind = draw(st.sampled_from(["", "_0", "_12", ".x0", "_x0", ")", ",", ":1"]))
    return [(before, f"{draw(ROLE)}{draw(st.sampled_from('_:'))}{draw(IDS)}", behind) for _ in range(3)]


@given(moves(), words(), st.lists(st.floats() | st.integers(0, 30)))
def test_whole_names_are_replaced_all_at_once(
    mapping: dict[Party, Party], texts: list[tuple[str, str, str]], numbers: list[float]
) -> None:
    for before, name, behind in texts:
        separator = ":" if ":" in name else "_"
        role, _, party_id = name.partition(separator)
        new = mapping.get(Party(role, party_id), Party(role, party_id))
        expected = f"{before}{role}{separator}{new.party_id}{behind}"
        message = {"a": [{f"{before}{name}{behind}": numbers}], "b": f"{before}{name}{behind}"}
        moved = renamed(message, mapping, "m")
        assert moved["b"] == expected
        assert list(moved["a"][0]) == [expected]
        assert moved["a"][0][expected] is not numbers
        assert str(moved["a"][0][expected]) == str(numbers)


SITES = ("1", "2", "3", "12", "21")
KEYS = st.builds("host_{}_{}".format, st.sampled_from(SITES), st.integers(0, 3)) | st.text("ab_1", max_size=5)
LEAVES = KEYS | st.floats(allow_nan=False) | st.integers() | st.none() | st.booleans()
MESSAGES = st.dictionaries(KEYS, LEAVES | st.lists(st.dictionaries(KEYS, LEAVES, max_size=4), max_size=3), max_size=5)


@given(MESSAGES, st.permutations(SITES))
def test_a_permutation_and_its_reverse_cancel_out(message: dict[str, Any], new: list[str]) -> None:
    mapping = {Party("host", before): Party("host", after) for before, after in zip(SITES, new, strict=True)}
    there = renamed(message, mapping, "m")
    assert renamed(there, {after: before for before, after in mapping.items()}, "m") == message


def test_a_long_row_of_digits_takes_no_time() -> None:
    word = "host_" + "1" * 1_000_000 + "x"
    assert renamed({"a": word}, MOVES, "m") == {"a": word}

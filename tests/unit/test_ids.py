"""Short ids: how many digits tell jobs apart, and what a word matches."""

from __future__ import annotations

from fateflow_tui.core.ids import ids_matching, short_id_length


def test_a_short_id_has_as_many_last_digits_as_tell_the_ids_apart() -> None:
    assert short_id_length([]) == 4
    assert short_id_length(["202601010000001"]) == 4
    assert short_id_length(["2026010100001111", "2026010100002222"]) == 4
    assert short_id_length(["2026010100071111", "2026010100091111"]) == 5
    assert short_id_length(["12", "13"]) == 2, "the whole ids"


def test_a_word_matches_beginnings_and_ends() -> None:
    ids = ["202601011111", "202601012222", "202602011111"]
    assert ids_matching("202601", ids) == ids[:2]
    assert ids_matching("2222", ids) == ids[1:2]
    assert ids_matching("1111", ids) == [ids[0], ids[2]]
    assert ids_matching("011111", ids) == [ids[0], ids[2]]
    assert ids_matching("111", ids) == [], "too short for an end"

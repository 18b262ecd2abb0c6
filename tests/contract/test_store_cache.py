"""The cache of job files stays within its limits."""

from __future__ import annotations

from fateflow_tui.store.jobs import BoundedCache


def cache_of(entries: int, size: int) -> BoundedCache[str]:
    return BoundedCache[str](entries, size, len)


def test_what_was_used_longest_ago_goes_first() -> None:
    cache = cache_of(entries=2, size=1_000)
    cache.put("a", "1")
    cache.put("b", "2")
    assert cache.get("a") == "1"
    cache.put("c", "3")
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("1", None, "3")


def test_large_values_push_out_more_than_one() -> None:
    cache = cache_of(entries=100, size=10)
    for key in "abcde":
        cache.put(key, "xx")
    cache.put("f", "x" * 7)
    assert [key for key in "abcdef" if cache.get(key)] == ["e", "f"]
    cache.put("g", "x" * 50)
    assert [key for key in "abcdefg" if cache.get(key)] == ["g"]


def test_a_value_that_is_replaced_or_dropped_counts_no_more() -> None:
    cache = cache_of(entries=100, size=10)
    cache.put("a", "x" * 8)
    cache.put("a", "x" * 2)
    cache.put("b", "x" * 8)
    assert len(cache) == 2
    cache.drop("b")
    cache.drop("b")
    cache.put("c", "x" * 8)
    assert (cache.get("a"), len(cache)) == ("xx", 2)

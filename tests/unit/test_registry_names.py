"""Tags and aliases of model versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fateflow_tui.core.errors import BadRequest, Conflict
from fateflow_tui.core.ports import RecordCollection
from fateflow_tui.registry import AliasNotFound, ModelNames, TagNotFound, TagTaken
from fateflow_tui.store.memory import MemoryCollection


@pytest.fixture
def records() -> MemoryCollection:
    return MemoryCollection("names")


@pytest.fixture
def names(records: MemoryCollection) -> ModelNames:
    return ModelNames(records)


def test_tags_are_made_listed_changed_and_destroyed(names: ModelNames) -> None:
    names.create("t1", "first tag")
    names.create("t12", "second")
    with pytest.raises(TagTaken, match="'t1' has already exists in database"):
        names.create("t1")
    assert [(tag.name, tag.description, len(tag.versions)) for tag in names.list()] == [
        ("t1", "first tag", 0),
        ("t12", "second", 0),
    ]
    names.tag("t1", "v1")
    assert names.change("t1", name="t1new", description="d2").versions == ["v1"]
    assert names.change("t1new", description="").description == ""
    with pytest.raises(TagTaken, match="'t12' tag already exists"):
        names.change("t1new", name="t12", description="q")
    with pytest.raises(TagNotFound, match="Can not found 'zzz' tag"):
        names.change("zzz", name="q")
    with pytest.raises(BadRequest, match="Nothing"):
        names.change("t12")
    with pytest.raises(BadRequest, match="Nothing"):
        names.change("t12", name="t12", description="second")
    names.destroy("t1new")
    with pytest.raises(TagNotFound, match="Can not found 't1new' tag"):
        names.destroy("t1new")
    assert [tag.name for tag in names.list()] == ["t12"]
    assert names.of_version("v1") == []


def test_versions_have_tags(names: ModelNames) -> None:
    names.tag("made", "v1")
    names.tag("made", "v2")
    names.tag("other", "v1")
    with pytest.raises(TagTaken, match="Model v1 already been tagged as tag 'made'"):
        names.tag("made", "v1")
    assert names.versions_of("made") == ["v1", "v2"]
    assert names.of_version("v1") == ["made", "other"]
    assert names.get("made").versions == ["v1", "v2"]
    names.untag("made", "v1")
    with pytest.raises(TagNotFound, match="Model v1 does not have tag 'made'"):
        names.untag("made", "v1")
    with pytest.raises(TagNotFound):
        names.untag("none", "v1")
    assert names.versions_of("made") == ["v2"]


def test_an_alias_stands_for_one_version(names: ModelNames) -> None:
    names.set_alias("fraud@production", "v1")
    names.set_alias("fraud@test", "v1")
    names.set_alias("fraud@production", "v2")
    assert names.version_of("fraud@production") == "v2"
    assert names.aliases() == {"fraud@production": "v2", "fraud@test": "v1"}
    assert names.aliases_of("v1") == ["fraud@test"]
    names.remove_alias("fraud@test")
    for gone in (names.version_of, names.remove_alias):
        with pytest.raises(AliasNotFound, match="alias 'fraud@test' does not exist"):
            gone("fraud@test")
    assert list(names.list()) == []


def test_a_deleted_version_has_no_names(names: ModelNames) -> None:
    names.tag("t", "v1")
    names.tag("t", "v2")
    names.set_alias("a@b", "v1")
    names.set_alias("c@d", "v2")
    names.forget("v1")
    assert (names.versions_of("t"), names.aliases()) == (["v2"], {"c@d": "v2"})


@pytest.mark.parametrize("name", ["a\nb", "a\x00", "\u202ea", " a", "a" * 101])
def test_names_that_cannot_be_one(names: ModelNames, name: str) -> None:
    names.create("t")
    for attempt in (names.create, lambda word: names.change("t", name=word), lambda word: names.tag(word, "v")):
        with pytest.raises(BadRequest, match=r"control characters|101 characters"):
            attempt(name)
    with pytest.raises(BadRequest):
        names.set_alias(f"{name}@x", "v")
    with pytest.raises(BadRequest, match="Please input a valid tag name"):
        names.create("")
    with pytest.raises(BadRequest, match="description"):
        names.create("u", "x" * 1001)
    assert [tag.name for tag in names.list()] == ["t"]
    assert names.create("a" * 100).name == "a" * 100


@pytest.mark.parametrize("alias", ["", "name", "@tag", "name@", "a@b@c", "@"])
def test_invalid_aliases_are_rejected(names: ModelNames, alias: str) -> None:
    with pytest.raises(BadRequest, match="invalid alias"):
        names.set_alias(alias, "v")
    assert names.aliases() == {}


class Contended:
    """A collection in which somebody else tags a version each time before this one saves, `times` times."""

    def __init__(self, inner: MemoryCollection, times: int) -> None:
        self.inner = inner
        self.left = times
        self.get, self.all = inner.get, inner.all

    def put(self, key: str, record: Mapping[str, Any], expected_version: int | None = None) -> int:
        self._interfere()
        return self.inner.put(key, record, expected_version)

    def delete(self, key: str, expected_version: int | None = None) -> None:
        self._interfere()
        self.inner.delete(key, expected_version)

    def _interfere(self) -> None:
        if self.left:
            self.left -= 1
            ModelNames(self.inner).tag("t", f"other{self.left}")


def test_nobodys_tag_is_lost(records: MemoryCollection) -> None:
    ModelNames(records).create("t")
    contended: RecordCollection = Contended(records, 3)
    assert ModelNames(contended).tag("t", "mine").versions == ["other2", "other1", "other0", "mine"]
    with pytest.raises(Conflict, match="by other users"):
        ModelNames(Contended(records, 100)).untag("t", "mine")


def test_a_tag_that_changes_while_it_is_renamed_keeps_its_name(records: MemoryCollection) -> None:
    ModelNames(records).create("t")

    class Late(Contended):
        def put(self, key: str, record: Mapping[str, Any], expected_version: int | None = None) -> int:
            return self.inner.put(key, record, expected_version)

    with pytest.raises(Conflict, match="changed by another user"):
        ModelNames(Late(records, 1)).change("t", name="u")
    assert [(tag.name, list(tag.versions)) for tag in ModelNames(records).list()] == [("t", ["other0"])]
    assert ModelNames(records).change("t", name="u").versions == ["other0"]

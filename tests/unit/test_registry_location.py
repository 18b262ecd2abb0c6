"""Backup locations of model parts."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from fateflow_tui.core.errors import BadRequest, Conflict, DamagedFile, NotFound
from fateflow_tui.registry import ModelLocation, Part, Registry
from tests.unit.registry_parts import lr, pipeline, registered, scale


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models")


@pytest.fixture
def part(registry: Registry) -> Part:
    return registered(registry, pipeline())


@pytest.fixture
def location(tmp_path: Path) -> ModelLocation:
    return ModelLocation(tmp_path / "second" / "place")


def test_what_was_stored_is_restored(registry: Registry, part: Part, location: ModelLocation) -> None:
    path = location.store(part)
    assert path == location.directory / f"{part.party_model_id}_1.zip"
    written = hashlib.sha256(path.read_bytes()).hexdigest()
    assert Path(f"{path}.sha256").read_text() == f"{written}  {path.name}\n"
    owner = part.party_model_id
    registry.delete(part)

    restored = location.restore(owner, "1", registry)

    assert restored.manifest.imported
    assert list(restored.models) == [lr(), scale()]
    assert registry.verify(restored) == []
    assert location.restore(owner, "1", registry) == restored, "repeated"
    assert list((registry.root / ".staged").iterdir()) == []
    assert location.store(restored) == path, "the same again"
    assert sorted(entry.name for entry in location.directory.iterdir()) == [path.name, f"{path.name}.sha256"]


def test_another_generation_replaces_only_by_force(registry: Registry, part: Part, location: ModelLocation) -> None:
    location.store(part)
    other = registered(registry, pipeline(), lr(2.0), scale())
    with pytest.raises(Conflict):
        location.store(other)
    location.store(other, force_update=True)
    registry.delete(other)
    first = registered(registry, pipeline())
    with pytest.raises(Conflict):
        location.restore(part.party_model_id, "1", registry)
    registry.delete(first)
    assert location.restore(part.party_model_id, "1", registry).models.load("hetero_lr_0") == lr(2.0)


def test_what_was_not_stored_is_not_found(registry: Registry, location: ModelLocation) -> None:
    with pytest.raises(NotFound, match="guest#9999#m_1"):
        location.restore("guest#9999#m", "1", registry)
    with pytest.raises(BadRequest):
        location.restore("../x", "1", registry)


@pytest.mark.parametrize("harm", ["archive", "hash", "no hash", "other part", "rubbish"])
def test_a_damaged_archive_is_not_restored(registry: Registry, part: Part, location: ModelLocation, harm: str) -> None:
    path = location.store(part)
    beside = Path(f"{path}.sha256")
    if harm == "archive":
        path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    elif harm == "hash":
        beside.write_text("0" * 64 + f"  {path.name}\n")
    elif harm == "no hash":
        beside.unlink()
    elif harm == "other part":
        second = location.store(registered(registry, pipeline("2")))
        path.write_bytes(second.read_bytes())
        beside.write_text(Path(f"{second}.sha256").read_text())
    else:
        beside.write_bytes(b"\xff\xfe")
    owner = part.party_model_id
    with pytest.raises(Conflict, match="cannot be read"):
        location.store(part)
    registry.delete(part)
    with pytest.raises(DamagedFile):
        location.restore(owner, "1", registry)
    assert registry.find(version="1") == []

    location.store(registered(registry, pipeline()), force_update=True)
    assert location.restore(owner, "1", registry).model_version == "1"


def test_a_crash_while_storing_leaves_nothing_that_is_believed(
    registry: Registry, part: Part, location: ModelLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    location.store(part)
    other = registered(registry, pipeline(), lr(2.0))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr("fateflow_tui.registry.location.write_file", die)
        with pytest.raises(KeyboardInterrupt):
            location.store(other, force_update=True)
    with pytest.raises(DamagedFile, match="no checksum file"):
        location.open(part.party_model_id, "1")
    location.store(other, force_update=True)
    with location.open(part.party_model_id, "1") as archive:
        assert archive.manifest.digest == other.digest


def test_a_damaged_part_is_not_stored(part: Part, location: ModelLocation) -> None:
    location.store(part)
    part.path(part.files[0]).write_text("{}")
    with pytest.raises(DamagedFile):
        location.store(part, force_update=True)
    with location.open(part.party_model_id, "1") as archive:
        assert archive.manifest.digest == part.digest

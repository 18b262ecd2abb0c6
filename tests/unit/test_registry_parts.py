"""Registered parts: how they come to be, are found, checked and deleted."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import msgspec
import pytest

from fateflow_tui.artifacts.models import ComponentModel
from fateflow_tui.core.errors import BadRequest, Conflict, DamagedFile, NotFound
from fateflow_tui.core.models import ModelFile
from fateflow_tui.registry import Part, PartProblem, Registry, Staged
from tests.unit.registry_parts import ARBITER, GUEST, HOST, agreed, lr, pipeline, registered, scale, trained


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models")


def test_a_part_exists_once_it_is_registered(registry: Registry) -> None:
    of = pipeline()
    reports = trained(registry.root, of, lr(), scale())
    with pytest.raises(NotFound, match="guest#9999#arbiter-10000#guest-9999#host-10000#model"):
        registry.part(of.party_model_id, "1")
    assert registry.find() == []

    part = registry.register(of, agreed(of, reports), reports)

    assert registry.part(of.party_model_id, "1") == part == registry.find()[0]
    assert [(file.component, file.alias, file.module) for file in part.files] == [
        ("hetero_lr_0", "default", "HeteroLR"),
        ("scale_0", "scale", "FeatureScale"),
    ]
    assert part.models.load("hetero_lr_0") == lr()
    assert list(part.models) == [lr(), scale()]
    assert part.digest == part.manifest.parts["guest:9999"]
    assert part.size == 1
    assert registry.verify(part) == []
    with pytest.raises(NotFound, match=r"'x'.*scale_0"):
        part.models.load("scale_0", "x")


def test_the_same_again_changes_nothing_and_a_rerun_replaces(registry: Registry) -> None:
    of = pipeline()
    first = registered(registry, of)
    before = (first.directory / "manifest.json").stat()
    assert registered(registry, of) == first
    assert (first.directory / "manifest.json").stat().st_ino == before.st_ino

    second = registered(registry, of, lr(0.75), scale())
    assert second.digest != first.digest
    assert registry.part(of.party_model_id, "1") == second
    assert registry.verify(second) == []


def test_a_changed_pipeline_is_written_anew(registry: Registry) -> None:
    part = registered(registry, pipeline())
    path = part.directory / "pipeline.json"
    path.write_bytes(path.read_bytes().replace(b'"fateflow_version":"1.6.0"', b'"fateflow_version":"6.6.6"'))
    assert registry.verify(part) == [PartProblem("pipeline", "", "changed after it was registered")]
    assert registry.verify(registered(registry, pipeline())) == []


def test_files_that_are_not_those_agreed_on_are_named(registry: Registry) -> None:
    of = pipeline()
    reports = trained(registry.root, of, lr(), scale())
    trained(registry.root, of, lr(0.75))
    with pytest.raises(DamagedFile, match=r"guest:9999.*hetero_lr_0\.default"):
        registry.register(of, agreed(of, reports), reports)
    with pytest.raises(DamagedFile, match=r"hetero_lr_0\.default \(\w{12}\), scale_0\.scale \("):
        registry.register(of, agreed(of, reports))
    with pytest.raises(BadRequest, match="guest:9999"):
        registry.register(of, {"host:10000": "0"}, reports)
    shutil.rmtree(registry.root / of.party_model_id / "1" / "components" / "scale_0")
    with pytest.raises(DamagedFile, match=r"hetero_lr_0\.default, scale_0\.scale"):
        registry.register(of, agreed(of, reports), reports)
    assert registry.find() == []


def test_a_model_that_only_an_earlier_run_made_is_removed(registry: Registry) -> None:
    of = pipeline()
    trained(registry.root, of, scale())
    reports = trained(registry.root, of, lr())
    part = registry.register(of, agreed(of, reports), reports)
    assert [file.component for file in part.files] == ["hetero_lr_0"]
    assert registry.verify(part) == []


def test_a_party_without_models_has_a_part(registry: Registry) -> None:
    of = pipeline(party=ARBITER)
    part = registry.register(of, agreed(of, []), [])
    assert (part.files, part.size, list(part.models)) == ([], 0, [])
    assert registry.verify(part) == []


def test_what_was_staged_is_invisible_until_published(registry: Registry) -> None:
    parent = registered(registry, pipeline())
    child = pipeline("2", predict_dsl={"components": {"hetero_lr_0": {}}}, parent=False)
    staged = registry.stage_copy(parent, child, ["hetero_lr_0"])
    assert [part.model_version for part in registry.find()] == ["1"]
    assert [file.component for file in staged.files] == ["hetero_lr_0"]

    parts = {"guest:9999": staged.digest, "host:10000": "0"}
    part = registry.publish(staged.token, parts)

    assert part.pipeline == child
    assert part.manifest.parts == parts
    assert registry.verify(part) == []
    assert registry.find(version="2") == [part]
    assert list((registry.root / ".staged").iterdir()) == []
    assert registry.publish(staged, parts) == part, "repeated, with nothing staged any more"
    with pytest.raises(NotFound):
        registry.publish(staged.token, parts)


def test_a_child_does_not_share_its_files_with_its_parent(registry: Registry) -> None:
    parent = registered(registry, pipeline())
    staged = registry.stage_copy(parent, pipeline("2"))
    child = registry.publish(staged, {"guest:9999": staged.digest})
    child.path(child.files[0]).write_text("{}")
    assert [str(flaw) for flaw in registry.verify(child)] == ["hetero_lr_0.default: changed after it was registered"]
    assert registry.verify(parent) == []


def test_publishing_survives_a_crash_at_any_step(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    of = pipeline("2")
    staged = registry.stage(of, [(lr(), msgspec.json.encode(lr()))], token="t")
    parts = {"guest:9999": staged.digest}
    directory = registry.root / of.party_model_id / "2"

    with monkeypatch.context() as dying:  # dies after the manifest was written, before the renaming
        dying.setattr(Path, "rename", _die)
        with pytest.raises(KeyboardInterrupt):
            registry.publish(staged, parts)
    assert not directory.exists()
    assert registry.find() == []

    fresh = Registry(registry.root)  # the next process
    with monkeypatch.context() as dying:  # dies after the renaming, before what was staged is forgotten
        dying.setattr(type(fresh._staging), "discard", _die)
        with pytest.raises(KeyboardInterrupt):
            fresh.publish("t", parts)
    assert [part.model_version for part in registry.find()] == ["2"]

    again = Registry(registry.root)
    part = again.publish("t", parts)
    assert again.verify(part) == []
    with pytest.raises(NotFound):
        again.staged("t")


def test_registering_survives_a_crash_at_any_step(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    of = pipeline()
    reports = trained(registry.root, of, lr())
    for survived in (0, 1):
        with monkeypatch.context() as dying:
            dying.setattr("fateflow_tui.registry.registry.write_file", _dying_write(survived))
            with pytest.raises(KeyboardInterrupt):
                registry.register(of, agreed(of, reports), reports)
        assert registry.find() == registry.damaged() == []
    assert registry.verify(registry.register(of, agreed(of, reports), reports)) == []


def test_a_stage_under_the_same_token_replaces_the_former(registry: Registry) -> None:
    registry.stage(pipeline("2"), [(lr(), msgspec.json.encode(lr()))], token="t")
    second = registry.stage(pipeline("2"), [], token="t")
    assert registry.staged("t") == second
    assert registry.discard("t") is True
    assert registry.discard("t") is False
    with pytest.raises(NotFound):
        registry.staged("t")


def test_another_generation_is_never_overwritten(registry: Registry) -> None:
    part = registered(registry, pipeline())
    other = registry.stage(pipeline(), [(lr(2.0), msgspec.json.encode(lr(2.0)))])
    with pytest.raises(Conflict, match="with different content"):
        registry.publish(other, {"guest:9999": other.digest})
    with pytest.raises(Conflict, match="differs from what the parties agreed on"):
        registry.publish(other, {"guest:9999": part.digest})
    with pytest.raises(BadRequest, match="guest:9999"):
        registry.publish(other, {"host:10000": part.digest})
    same = registry.stage_copy(part, pipeline())
    with pytest.raises(Conflict, match="different content"):  # the same here, but other parts elsewhere
        registry.publish(same, {"guest:9999": same.digest, "host:10000": "f" * 64})
    assert registry.publish(same, part.manifest.parts) == part
    assert registry.verify(part) == []


def test_an_unfinished_model_blocks_publishing(registry: Registry) -> None:
    of = pipeline()
    trained(registry.root, of, lr())
    staged = registry.stage(of, [])
    with pytest.raises(Conflict):
        registry.publish(staged, {"guest:9999": staged.digest})
    registry.remove(of.party_model_id, "1")
    assert registry.publish(staged, {"guest:9999": staged.digest}).files == []


def test_what_cannot_be_staged(registry: Registry) -> None:
    content = msgspec.json.encode(lr())
    for bad, error in (
        ([(lr(), content), (lr(), content)], BadRequest),
        ([(ModelFile("../x", "default", "", "", 0), content)], BadRequest),
        ([(ModelFile("x", "..", "", "", 0), content)], BadRequest),
        ([(ModelFile("other_0", "default", "", "", 0), content)], DamagedFile),
        ([(lr(), b"\x80\x04.")], DamagedFile),
    ):
        with pytest.raises(error):
            registry.stage(pipeline("2"), bad)
    with pytest.raises(BadRequest):
        registry.stage(pipeline("../2"), [])
    with pytest.raises(BadRequest):
        registry.stage(pipeline("2"), [], token="../t")
    assert list((registry.root / ".staged").iterdir()) == []


def test_a_damaged_parent_cannot_be_copied(registry: Registry) -> None:
    part = registered(registry, pipeline())
    part.path(part.files[0]).write_bytes(msgspec.json.encode(lr(9.0)))
    with pytest.raises(DamagedFile, match=r"hetero_lr_0\.default"):
        registry.stage_copy(part, pipeline("2"))
    assert [file.component for file in registry.stage_copy(part, pipeline("2"), {"scale_0"}).files] == ["scale_0"]
    (part.directory / "pipeline.json").write_bytes(msgspec.json.encode(pipeline(job_id="other")))
    with pytest.raises(DamagedFile, match="the pipeline of"):
        registry.stage_copy(part, pipeline("2"), {"scale_0"})


def test_abandoned_stages_are_swept(registry: Registry) -> None:
    registry.stage(pipeline("2"), [], token="old")
    (registry.root / ".staged" / ".half").mkdir()
    assert registry.sweep() == []
    deadline = time.monotonic() + 5
    while len(swept := registry.sweep(older_than=0.0)) < 2 and time.monotonic() < deadline:
        pass
    assert swept == [".half", "old"]
    assert Registry(registry.root / "none").sweep() == []


def test_parts_are_found_newest_first_by_their_names(registry: Registry) -> None:
    for version, created, party in (("5", 2, GUEST), ("4", 3, HOST), ("4", 3, GUEST), ("3", 1, GUEST)):
        registered(registry, pipeline(version, party, created_at=created))
    assert [(p.model_version, str(p.party)) for p in registry.find()] == [
        ("4", "guest:9999"),
        ("4", "host:10000"),
        ("5", "guest:9999"),
        ("3", "guest:9999"),
    ]
    assert [p.model_version for p in registry.find(role="host")] == ["4"]
    assert [p.model_version for p in registry.find(party_id=9999, version="5")] == ["5"]
    assert registry.find(model_id="another") == registry.find(version="1") == []
    assert len(registry.find(model_id=pipeline().model_id)) == 4


def test_junk_and_damaged_parts_hide_nothing(registry: Registry) -> None:
    sound = registered(registry, pipeline("1"))
    for version, spoil in (
        ("2", lambda d: (d / "manifest.json").write_text("{")),
        ("3", lambda d: (d / "pipeline.json").unlink()),
        ("4", lambda d: (d / "pipeline.json").write_bytes(msgspec.json.encode(pipeline("9")))),
        ("5", lambda d: (d / "manifest.json").write_bytes((sound.directory / "manifest.json").read_bytes())),
        ("6", lambda d: ((d / "manifest.json").unlink(), (d / "manifest.json").mkdir())),
        ("7", lambda d: (d / "manifest.json").write_text("[" * 100_000)),
    ):
        spoil(registered(registry, pipeline(version)).directory)
    (registry.root / "readme.txt").write_text("x")
    (registry.root / "not#three").mkdir()
    (registry.root / "a#b#file").write_text("x")
    (sound.directory.parent / "stray").write_text("x")
    (sound.directory.parent / "empty").mkdir()

    assert registry.find() == [sound]
    assert sorted(damage.version for damage in registry.damaged()) == ["2", "3", "4", "5", "6", "7"]
    assert all(damage.text and damage.party_model_id == sound.party_model_id for damage in registry.damaged())
    with pytest.raises(DamagedFile, match=r"pipeline\.json"):
        registry.part(sound.party_model_id, "3")
    registry.remove(sound.party_model_id, "3")
    assert "3" not in [damage.version for damage in registry.damaged()]


def test_client_input_is_never_used_as_a_path(registry: Registry) -> None:
    part = registered(registry, pipeline("1"))
    registered(registry, pipeline("1", HOST))
    away = f"../{part.party_model_id}/1"
    assert registry.find(version=away) == registry.find(role=away) == registry.find(model_id="../x") == []
    for owner, version in ((part.party_model_id, ".."), ("..", "1"), (part.party_model_id, away), (".staged", "t")):
        with pytest.raises(BadRequest):
            registry.part(owner, version)
        with pytest.raises(BadRequest):
            registry.remove(owner, version)
    assert len(registry.find()) == 2


def test_concurrent_identical_publishes_both_succeed(registry: Registry) -> None:
    content = msgspec.json.encode(lr())
    for version in map(str, range(10)):
        staged = [registry.stage(pipeline(version), [(lr(), content)]) for _ in range(2)]
        with ThreadPoolExecutor(2) as both:
            started = Barrier(2)

            def publish(one: Staged, started: Barrier = started) -> Part:
                started.wait(10)
                return Registry(registry.root).publish(one, {"guest:9999": one.digest})

            parts = list(both.map(publish, staged))
        assert parts[0] == parts[1]
        assert registry.verify(parts[0]) == []
    assert list((registry.root / ".staged").iterdir()) == []


def test_every_problem_is_reported(registry: Registry) -> None:
    third = ComponentModel("binning_0", "HeteroFeatureBinning", {}, {})
    part = registered(registry, pipeline(), lr(), scale(), third)
    by_name = {file.component: part.path(file) for file in part.files}
    by_name["scale_0"].unlink()
    by_name["hetero_lr_0"].write_bytes(msgspec.json.encode(lr(0.1)))
    by_name["binning_0"].unlink()
    by_name["binning_0"].mkdir()
    (part.directory / "components" / "lr_9" / "default").mkdir(parents=True)
    (part.directory / "components" / "lr_9" / "default" / "model.json").write_text("{}")
    (part.directory / "components" / "stray.pkl").write_text("x")
    (part.directory / "components" / "scale_0" / "scale" / ".model.json.1f").write_text("unfinished")
    (part.directory / "pipeline.json").write_text("{}")

    texts = [str(flaw) for flaw in registry.verify(part)]

    assert texts[0] == "pipeline: changed after it was registered"
    assert texts[1].startswith("binning_0.default: the model binning_0.default of guest#9999#")
    assert texts[2:] == [
        "hetero_lr_0.default: changed after it was registered",
        "scale_0.scale: missing",
        "lr_9.default: not registered: components/lr_9/default/model.json",
        "stray.pkl: not registered: components/stray.pkl",
    ]
    (part.directory / "pipeline.json").unlink()
    assert registry.verify(part)[0] == PartProblem("pipeline", "", "missing")
    (part.directory / "manifest.json").write_text("{")
    assert [flaw.component for flaw in registry.verify(part)] == ["manifest"]


def test_a_manifest_that_was_made_to_fit_is_caught_by_what_all_agreed_on(registry: Registry) -> None:
    part = registered(registry, pipeline(), lr())
    other = registered(Registry(registry.root.parent / "other"), pipeline(), lr(7.0))
    part.path(part.files[0]).write_bytes(other.content(other.files[0]))
    forged = msgspec.structs.replace(part.manifest, files=other.files)
    (part.directory / "manifest.json").write_bytes(msgspec.json.encode(forged))
    assert ["did not agree on" in str(flaw) for flaw in registry.verify(part)] == [True]
    (part.directory / "manifest.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(forged, parts={})))
    assert ["does not name guest:9999" in str(flaw) for flaw in registry.verify(part)] == [True]


def test_a_deleted_part_is_gone(registry: Registry) -> None:
    part = registered(registry, pipeline())
    registry.delete(part)
    assert registry.find() == []
    with pytest.raises(NotFound):
        registry.part(part.party_model_id, "1")
    with pytest.raises(NotFound):
        registry.delete(part)
    with pytest.raises(DamagedFile):
        part.models.load("hetero_lr_0")


def test_of_hundreds_of_versions_only_changed_ones_are_read_again(registry: Registry) -> None:
    part = registered(registry, pipeline("0"))
    for number in range(1, 500):
        directory = part.directory.with_name(str(number))
        directory.mkdir()
        of = pipeline(str(number))
        manifest = msgspec.structs.replace(part.manifest, model_version=str(number))
        (directory / "pipeline.json").write_bytes(msgspec.json.encode(of))
        (directory / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    first = {found.model_version: found for found in registry.find()}
    assert len(first) == 500
    path = part.directory.with_name("7") / "pipeline.json"
    path.write_bytes(msgspec.json.encode(pipeline("7", job_id="other")))
    again = registry.find()
    assert len(again) == 500
    assert [found.model_version for found in again if found is not first[found.model_version]] == ["7"]


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def _dying_write(survived: int) -> object:
    from fateflow_tui.core.files import write_file

    left = [survived]

    def write(path: Path, content: bytes) -> None:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        write_file(path, content)

    return write

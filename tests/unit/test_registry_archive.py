"""Archives of model parts: round trips, and rejection of anything else."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import re
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fateflow_tui.artifacts.models import ComponentModel
from fateflow_tui.core.errors import BadRequest, DamagedFile, FateFlowError
from fateflow_tui.core.ids import Party
from fateflow_tui.core.models import part_digest
from fateflow_tui.registry import Limits, Part, Registry, archive_name, export_archive, read_archive
from fateflow_tui.registry.parts import sha256
from tests.unit.registry_parts import lr, pipeline, registered

LR = "components/hetero_lr_0/default/model.json"
SCALE = "components/scale_0/scale/model.json"
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)

Content = dict[str, bytes]


def sign(content: bytes) -> dict[str, str]:
    return {"signature": KEY.sign(content).hex()}


def is_signed(content: bytes, signature: dict[str, str]) -> bool:
    return signature == sign(content)


@pytest.fixture
def part(tmp_path: Path) -> Part:
    return registered(Registry(tmp_path / "models"), pipeline())


@pytest.fixture
def sound(part: Part, tmp_path: Path) -> Path:
    path = tmp_path / archive_name(part.party_model_id, part.model_version)
    export_archive(part, path, sign)
    return path


@pytest.fixture
def content(sound: Path) -> Content:
    with zipfile.ZipFile(sound) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(path: Path, content: Content) -> Path:
    """A zip file of this content, made by other means than the registry's."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def refused(path: Path, error: type[FateFlowError], match: str, **options: Any) -> None:
    with pytest.raises(error, match=match):
        read_archive(path, check_signature=is_signed, **options)


def with_manifest(content: Content, change: Callable[[dict[str, Any]], None]) -> Content:
    """A manifest changed and signed again by whoever has the key."""
    manifest = json.loads(content["manifest.json"])
    change(manifest)
    data = json.dumps(manifest).encode()
    return {**content, "manifest.json": data, "signature.json": json.dumps(sign(data)).encode()}


# what is made


def test_a_part_is_exported_and_imported(part: Part, sound: Path, tmp_path: Path) -> None:
    assert sound.name == "guest#9999#arbiter-10000#guest-9999#host-10000#model_1.zip"
    elsewhere = Registry(tmp_path / "elsewhere")
    with read_archive(sound, check_signature=is_signed) as archive:
        staged = elsewhere.stage(archive.pipeline, archive.models())
        taken = elsewhere.publish(staged, archive.manifest.parts, imported=True)
    assert taken.pipeline == part.pipeline
    assert list(taken.models) == list(part.models)
    assert (taken.digest, taken.manifest.parts) == (part.digest, part.manifest.parts)
    assert (taken.manifest.imported, part.manifest.imported) == (True, False)
    assert elsewhere.verify(taken) == []


def test_the_same_part_gives_the_same_bytes(part: Part, sound: Path, tmp_path: Path) -> None:
    export_archive(part, tmp_path / "again.zip", sign)
    assert (tmp_path / "again.zip").read_bytes() == sound.read_bytes()
    elsewhere = Registry(tmp_path / "elsewhere")
    with read_archive(sound) as archive:
        staged = elsewhere.stage(archive.pipeline, archive.models())
        export_archive(elsewhere.publish(staged, part.manifest.parts, imported=True), tmp_path / "third.zip", sign)
    assert (tmp_path / "third.zip").read_bytes() == sound.read_bytes()
    with zipfile.ZipFile(sound) as archive_file:
        assert archive_file.namelist() == ["manifest.json", "pipeline.json", "signature.json", LR, SCALE]
        assert {info.compress_type for info in archive_file.infolist()} == {zipfile.ZIP_DEFLATED}
        assert {info.external_attr >> 16 for info in archive_file.infolist()} == {stat.S_IFREG | 0o644}


def test_without_a_signature_it_is_taken_only_by_those_who_ask_for_none(part: Part, tmp_path: Path) -> None:
    export_archive(part, tmp_path / "a.zip")
    with read_archive(tmp_path / "a.zip") as archive:
        assert archive.manifest.digest == part.digest
    refused(tmp_path / "a.zip", BadRequest, "^signature is missing")


@pytest.mark.parametrize("damaged", ["component", "pipeline", "manifest"])
def test_a_damaged_part_is_not_exported(part: Part, tmp_path: Path, damaged: str) -> None:
    (tmp_path / "a.zip").write_text("the former one")
    if damaged == "component":
        part.path(part.files[0]).write_bytes(msgspec.json.encode(lr(9.0)))
    elif damaged == "pipeline":
        (part.directory / "pipeline.json").write_text("{}")
    else:
        part = msgspec.structs.replace(part, manifest=msgspec.structs.replace(part.manifest, files=[]))
    with pytest.raises(DamagedFile):
        export_archive(part, tmp_path / "a.zip", sign)
    assert (tmp_path / "a.zip").read_text() == "the former one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "models"]


# what is no archive


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04",
        b"PK\x05\x06" + b"\0" * 18,
        b"not a zip file at all, but long enough to be one",
        pickle.dumps({"a": list(range(100))}),
        b"\x1f\x8b" + b"\0" * 100,
    ],
)
def test_other_files_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    refused(tmp_path / "a.zip", BadRequest, "not a zip file")


@pytest.mark.parametrize("cut", [1, 30, 400])
def test_a_file_that_is_cut_off_or_continued_is_refused(sound: Path, tmp_path: Path, cut: int) -> None:
    data = sound.read_bytes()
    (tmp_path / "a.zip").write_bytes(data[:-cut])
    refused(tmp_path / "a.zip", BadRequest, "not a zip file")
    (tmp_path / "a.zip").write_bytes(data + b"x" * cut)
    refused(tmp_path / "a.zip", BadRequest, "not a zip file")
    (tmp_path / "a.zip").write_bytes(b"#!/bin/sh\n" + data)
    refused(tmp_path / "a.zip", BadRequest, "not a zip file")


def test_an_archive_of_something_else_is_refused(tmp_path: Path, content: Content) -> None:
    refused(packed(tmp_path / "a.zip", {"pipeline.json": content["pipeline.json"]}), BadRequest, "manifest is missing")
    without = {name: data for name, data in content.items() if name != "pipeline.json"}
    refused(packed(tmp_path / "a.zip", without), BadRequest, "^pipeline is missing")


# names


@pytest.mark.parametrize(
    "name",
    [
        "../evil.json",
        "components/../../evil/model.json",
        "components/../default/model.json",
        "components/./default/model.json",
        "/etc/passwd",
        "//components/a/b/model.json",
        "/" + LR,
        "components\\a\\b\\model.json",
        "C:/components/a/b/model.json",
        "C:\\evil.json",
        "components/C:/b/model.json",
        "components/a/b/",
        "components/",
        "components/a/b/model.json/x",
        "components/a/model.json",
        "components/a/b/c/model.json",
        "components//b/model.json",
        "components/.hidden/b/model.json",
        "components/a b/c/model.json",
        "components/a/b/model.pkl",
        "components/a/b/Model.json",
        "variables/data/a/b/Param",
        "define/define_meta.yaml",
        "model.pkl",
        "__MACOSX/x",
        "manifest.json\n",
        "components/" + "a" * 129 + "/b/model.json",
    ],
)
def test_names_that_do_not_belong_are_refused(tmp_path: Path, content: Content, name: str) -> None:
    path = packed(tmp_path / "a.zip", {**content, name: b"{}"})
    refused(path, BadRequest, "an unexpected entry: " + re.escape(repr(name)[:60]))
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry.suffix != ".zip") == ["models"]


def test_a_name_with_a_zero_byte_is_refused(tmp_path: Path, content: Content) -> None:
    path = packed(tmp_path / "a.zip", {**content, "components/aXb/c/model.json": b"{}"})
    path.write_bytes(path.read_bytes().replace(b"aXb", b"a\0b"))
    refused(path, BadRequest, "unexpected entry")


@pytest.mark.parametrize("other", [LR, LR.replace("hetero", "HETERO"), LR.replace("lr_0", "lr_\uff10")])
def test_names_that_could_be_the_same_file_are_refused(tmp_path: Path, content: Content, other: str) -> None:
    with zipfile.ZipFile(packed(tmp_path / "a.zip", content), "a") as archive:
        if other == LR:
            with pytest.warns(UserWarning, match="Duplicate name"):
                archive.writestr(other, content[LR])
        else:
            archive.writestr(other, content[LR])
    refused(tmp_path / "a.zip", BadRequest, r"\.default occurs twice in the archive")


def test_a_name_that_differs_between_table_and_entry_is_refused(tmp_path: Path, content: Content) -> None:
    path = packed(tmp_path / "a.zip", content)
    data = path.read_bytes()
    path.write_bytes(data.replace(LR.encode(), LR.replace("lr_0", "lr_1").encode(), 1))
    refused(path, DamagedFile, r"hetero_lr_0\.default cannot be unpacked")


# kinds


@pytest.mark.parametrize(
    "mode", [stat.S_IFLNK | 0o777, stat.S_IFDIR | 0o755, stat.S_IFIFO | 0o644, stat.S_IFCHR | 0o644, stat.S_IFSOCK]
)
def test_links_and_special_files_are_refused(tmp_path: Path, content: Content, mode: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, data in content.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (mode if name == LR else stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, b"/etc/passwd" if name == LR else data)
    refused(tmp_path / "a.zip", BadRequest, r"hetero_lr_0\.default is a link, a directory or a special file")


def test_a_directory_by_its_dos_mark_is_refused(tmp_path: Path, content: Content) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, data in content.items():
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 0, 0x10 if name == LR else 0x20
            archive.writestr(entry, data)
    refused(tmp_path / "a.zip", BadRequest, r"hetero_lr_0\.default is a link, a directory")


def test_encrypted_entries_are_refused(tmp_path: Path, content: Content) -> None:
    path = packed(tmp_path / "a.zip", content)
    path.write_bytes(_with_field(path.read_bytes(), LR, local=6, central=8, value=1))
    refused(path, BadRequest, r"hetero_lr_0\.default is encrypted")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_refused(tmp_path: Path, content: Content, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data, method if name == SCALE else zipfile.ZIP_DEFLATED)
    refused(tmp_path / "a.zip", BadRequest, r"scale_0\.scale uses an unsupported compression")


def test_archives_made_by_other_programs_of_the_same_content_are_taken(tmp_path: Path, content: Content) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, data in reversed(content.items()):
            archive.writestr(name, data, zipfile.ZIP_STORED)
    with read_archive(tmp_path / "a.zip", check_signature=is_signed) as taken:
        assert [file.component for file, _ in taken.models()] == ["hetero_lr_0", "scale_0"]


# sizes


def test_a_bomb_is_measured_while_it_is_unpacked(tmp_path: Path, content: Content) -> None:
    bomb = packed(tmp_path / "a.zip", {**content, LR: b"0" * (8 << 20)})
    assert bomb.stat().st_size < 20_000
    refused(bomb, BadRequest, r"hetero_lr_0\.default is more than 250 times larger than its packed form")
    refused(bomb, BadRequest, r"hetero_lr_0\.default is larger than 2 MiB", limits=Limits(entry=2 << 20))


def test_a_zip_bomb_with_a_false_size_is_rejected(tmp_path: Path, content: Content) -> None:
    bomb = packed(tmp_path / "a.zip", {**content, LR: b"0" * (8 << 20)})
    data = _with_field(bomb.read_bytes(), LR, local=22, central=24, value=1000, width="<I")
    bomb.write_bytes(data)
    refused(bomb, DamagedFile, r"hetero_lr_0\.default")
    said = _with_field(data, LR, local=18, central=20, value=4 << 20, width="<I")  # ... and that it is hardly packed
    bomb.write_bytes(said)
    refused(bomb, BadRequest, "entries overlap")


def test_a_document_has_a_smaller_limit(tmp_path: Path, content: Content) -> None:
    path = packed(tmp_path / "a.zip", {**content, "manifest.json": json.dumps(list(range(40_000))).encode()})
    refused(path, BadRequest, r"^manifest is larger than 0\.125 MiB", limits=Limits(document=1 << 17))


def test_the_sum_of_all_is_limited(sound: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(sound) as archive:
        total = sum(info.file_size for info in archive.infolist())
    with read_archive(sound, Limits(total=total), check_signature=is_signed) as taken:
        assert len(list(taken.models())) == len(list(taken.models())) == 2
    refused(sound, BadRequest, r"^scale_0\.scale: the archive is larger than", limits=Limits(total=total - 1))


def test_entries_are_counted_before_they_are_read(tmp_path: Path, content: Content) -> None:
    many = {f"components/c_{number}/default/model.json": b"{}" for number in range(10_001)}
    refused(packed(tmp_path / "a.zip", {**content, **many}), BadRequest, "more than 10000 entries")
    refused(packed(tmp_path / "a.zip", content), BadRequest, "more than 4 entries", limits=Limits(entries=4))


def test_a_long_form_of_the_table_is_refused(tmp_path: Path, content: Content) -> None:
    """Its counts are elsewhere, so that a short table could be shown and a long one be read."""
    data = packed(tmp_path / "a.zip", content).read_bytes()
    end = data[-22:]
    long_end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 5, 5, 300, 100)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(data) - 22, 1)
    (tmp_path / "a.zip").write_bytes(data[:-22] + long_end + locator + end)
    refused(tmp_path / "a.zip", BadRequest, "more than 10000 entries")


# content


def test_a_pickle_is_refused_wherever_it_is(tmp_path: Path, content: Content) -> None:
    data = pickle.dumps({"weight": 1.0})
    refused(packed(tmp_path / "a.zip", {**content, "manifest.json": data}), BadRequest, "^manifest cannot be read")
    refused(
        packed(tmp_path / "a.zip", {**content, LR: data}),
        DamagedFile,
        r"^hetero_lr_0\.default does not match the manifest",
    )

    def lists_it(manifest: dict[str, Any]) -> None:

        file = manifest["files"][0]
        file.update(sha256=sha256(data), size=len(data))
        files = ((f["component"], f["alias"], f["sha256"]) for f in manifest["files"])
        manifest["parts"]["guest:9999"] = part_digest(Party("guest", "9999"), "1", files)

    listed = with_manifest({**content, LR: data}, lists_it)
    refused(packed(tmp_path / "a.zip", listed), DamagedFile, r"^hetero_lr_0\.default is not a valid model file")


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"[]", "is not a valid model file"),
        (
            b'{"component": "hetero_lr_0", "module": "HeteroLR", "parameters": [], "meta": {}}',
            "not a valid model file",
        ),
        (b'{"component": "hetero_lr_0", "module": "HeteroLR", "parameters": {}}', "is not a valid model file"),
        (b'{"component": "other", "module": "HeteroLR", "parameters": {}, "meta": {}}', "the model of other.default"),
        (b'{"component": "hetero_lr_0", "module": "M", "parameters": {}, "meta": {}}', "belongs to another module"),
        (b'{"component": "hetero_lr_0", "x": ' + b"[" * 50_000, "is not a valid model file"),
    ],
)
def test_models_of_another_form_are_refused(
    part: Part, tmp_path: Path, content: Content, data: bytes, match: str
) -> None:

    def lists_it(manifest: dict[str, Any]) -> None:
        manifest["files"][0].update(sha256=sha256(data), size=len(data))
        files = ((f["component"], f["alias"], f["sha256"]) for f in manifest["files"])
        manifest["parts"]["guest:9999"] = part_digest(part.party, "1", files)

    path = packed(tmp_path / "a.zip", with_manifest({**content, LR: data}, lists_it))
    refused(path, DamagedFile, rf"^hetero_lr_0\.default .*{match}")


def test_a_tampered_component_is_named(tmp_path: Path, content: Content) -> None:
    changed = content[LR].replace(b"0.5", b"0.6")
    path = packed(tmp_path / "a.zip", {**content, LR: changed})
    refused(path, DamagedFile, r"^hetero_lr_0\.default does not match the manifest")
    swapped = packed(tmp_path / "a.zip", {**content, LR: content[SCALE], SCALE: content[LR]})
    refused(swapped, DamagedFile, r"^hetero_lr_0\.default does not match the manifest")


def test_a_tampered_pipeline_is_named(tmp_path: Path, content: Content) -> None:
    changed = content["pipeline.json"].replace(b'"1.6.0"', b'"1.6.1"')
    path = packed(tmp_path / "a.zip", {**content, "pipeline.json": changed})
    refused(path, DamagedFile, "^pipeline does not match the manifest")


def test_a_manifest_made_to_fit_is_caught_by_what_all_agreed_on(tmp_path: Path, content: Content) -> None:

    changed = content[LR].replace(b"0.5", b"0.6")
    fitting = with_manifest({**content, LR: changed}, lambda m: m["files"][0].update(sha256=sha256(changed)))
    refused(
        packed(tmp_path / "a.zip", fitting),
        DamagedFile,
        "^manifest lists files .* that differ from those of guest:9999",
    )
    unnamed = with_manifest(content, lambda m: m["parts"].pop("guest:9999"))
    refused(packed(tmp_path / "a.zip", unnamed), DamagedFile, "^manifest does not name guest:9999")
    other = with_manifest(content, lambda m: m.update(party={"role": "host", "party_id": "10000"}))
    refused(packed(tmp_path / "a.zip", other), DamagedFile, "^manifest lists files")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (
            {"party": {"role": "host", "party_id": "10000"}},
            "^pipeline names the party host:10000, the manifest guest",
        ),
        ({"model_id": "other"}, "^pipeline names the model id other"),
        ({"model_version": "2"}, "^pipeline names the version 2"),
    ],
)
def test_a_pipeline_of_another_model_is_refused(
    tmp_path: Path, content: Content, change: dict[str, Any], match: str
) -> None:

    data = json.dumps({**json.loads(content["pipeline.json"]), **change}).encode()
    listed = with_manifest({**content, "pipeline.json": data}, lambda m: m.update(pipeline=sha256(data)))
    refused(packed(tmp_path / "a.zip", listed), DamagedFile, match)


def test_missing_and_surplus_models_are_named(tmp_path: Path, content: Content) -> None:
    without = {name: data for name, data in content.items() if name != SCALE}
    refused(packed(tmp_path / "a.zip", without), DamagedFile, r"^scale_0\.scale: listed in the manifest but missing")
    more = {**content, "components/lr_1/default/model.json": content[LR]}
    refused(packed(tmp_path / "a.zip", more), DamagedFile, r"^lr_1\.default: in the archive but not listed")


def test_a_wrong_signature_is_refused(tmp_path: Path, content: Content) -> None:
    wrong = {"signature": Ed25519PrivateKey.generate().sign(content["manifest.json"]).hex()}
    for data, error, match in (
        (json.dumps(wrong).encode(), DamagedFile, "^signature does not match this manifest"),
        (b"{}", DamagedFile, "^signature does not match"),
        (b'{"signature": 1}', BadRequest, "^signature cannot be read"),
        (b"\xff", BadRequest, "^signature cannot be read"),
    ):
        refused(packed(tmp_path / "a.zip", {**content, "signature.json": data}), error, match)
    later = content["manifest.json"].replace(b'"imported":false', b'"imported":true')
    refused(packed(tmp_path / "a.zip", {**content, "manifest.json": later}), DamagedFile, "^signature does not match")


def test_a_file_that_changes_after_the_check_is_noticed(tmp_path: Path) -> None:
    weights = [number / 7 for number in range(20_000)]
    part = registered(Registry(tmp_path / "models"), pipeline(), ComponentModel("lr_0", "HeteroLR", {"w": weights}, {}))
    export_archive(part, tmp_path / "a.zip", sign)
    with read_archive(tmp_path / "a.zip", check_signature=is_signed) as archive:
        with (tmp_path / "a.zip").open("r+b") as file:
            file.seek(30_000)
            file.write(b"x" * 30_000)
        with pytest.raises(DamagedFile, match=r"lr_0\.default"):
            list(archive.models())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=4))
def test_a_damaged_archive_is_refused_or_says_the_same(sound: Path, flips: list[tuple[int, int]]) -> None:
    data = bytearray(sound.read_bytes())
    for place, bits in flips:
        data[place % len(data)] ^= bits
    path = sound.with_name("damaged.zip")
    path.write_bytes(data)
    with read_archive(sound) as archive:
        expected = list(archive.models())
    with contextlib.suppress(BadRequest, DamagedFile), read_archive(path, check_signature=is_signed) as archive:
        assert list(archive.models()) == expected


def test_an_archive_of_many_models_is_taken(tmp_path: Path) -> None:
    models = [ComponentModel(f"lr_{number}", "HeteroLR", {"w": [0.0] * 1000}, {}) for number in range(50)]
    part = registered(Registry(tmp_path / "models"), pipeline(), *models)
    export_archive(part, tmp_path / "a.zip", sign)
    with read_archive(tmp_path / "a.zip", check_signature=is_signed) as archive:
        assert [msgspec.json.decode(data, type=ComponentModel) for _, data in archive.models()] == list(part.models)


def _with_field(data: bytes, name: str, *, local: int, central: int, value: int, width: str = "<H") -> bytes:
    """A zip file with one field of one entry changed, in the entry itself and in the table of contents."""
    changed = bytearray(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        struct.pack_into(width, changed, archive.getinfo(name).header_offset + local, value)
        at = archive.start_dir
    while changed[at + 46 : at + 46 + struct.unpack_from("<H", changed, at + 28)[0]] != name.encode():
        at += 46 + sum(struct.unpack_from("<3H", changed, at + 28))
    struct.pack_into(width, changed, at + central, value)
    return bytes(changed)

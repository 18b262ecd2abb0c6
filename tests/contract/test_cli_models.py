"""Models by command: looking at them, deploying, predicting, names, archives, serving."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.contract.command_line import CommandLine

_TABLES = ("--table", "guest=demo.breast_guest", "--table", "host=demo/breast_host")


def test_a_training_job_creates_a_version(cli: CommandLine, job: str) -> None:
    [line] = [one for one in cli("model", "list", "-l", "0", "--json").data if one["model_version"] == job]
    assert (line["deployed"], line["parent"], line["job_id"]) == (False, True, job)
    assert set(line["components"]) == {"dataio_0", "hetero_lr_0"}
    assert job in cli("model", "list", "--trained", "-l", "0", "-o", "name").out.split()
    assert job not in cli("model", "list", "--deployed", "-l", "0", "-o", "name").out.split()


def test_a_version_is_shown_in_detail(cli: CommandLine, deployed: str, job: str) -> None:
    lines = cli("model", "show", deployed).out.splitlines()
    assert lines[0].startswith(f"{deployed}  ")
    assert "deployed" in lines[0]
    assert any(line.split()[:2] == ["deployed", "from"] and job in line for line in lines)
    valid = [line for line in lines if "✓ valid" in line]
    assert [line.split()[2] for line in valid] == ["guest:9999", "host:10000", "arbiter:10001"]


def test_a_version_is_found_by_prefix_or_as_the_last(cli: CommandLine, job: str, deployed: str) -> None:
    versions = cli("model", "list", "-l", "0", "-o", "name").out.split()
    unique = next(job[:length] for length in range(8, 30) if sum(v.startswith(job[:length]) for v in versions) == 1)
    assert cli("model", "show", unique, "-o", "name").out.strip() == job
    assert cli("model", "show", "@last", "-o", "name").out.strip() == versions[0]
    assert cli("model", "show", "@2", "-o", "name").out.strip() == versions[1]
    cli("model", "show", job[:2], code=6)


def test_an_unknown_version(cli: CommandLine, job: str) -> None:
    for command in ("show", "verify", "delete", "deploy", "load"):
        result = cli("model", command, "nope", code=5)
        assert result.err.startswith("error: ")
        assert "fateflow model list" in result.err.splitlines()[1]


def test_a_deployment_is_answered_as_by_fate(cli: CommandLine, job: str) -> None:
    model_id = "arbiter-10001#guest-9999#host-10000#model"
    names = "[reader_0, dataio_0,\n intersection_0, hetero_lr_0]"
    answer = cli(
        "model", "deploy", "--model-id", model_id, "--model-version", job, "--cpn-list", names, "-o", "fate"
    ).data
    assert (answer["retcode"], answer["retmsg"]) == (0, "success")
    assert answer["data"]["guest"] == {"9999": 0}
    assert answer["data"]["model_version"] != job
    dsl = cli("model", "get-predict-dsl", "--model-id", model_id, "--model-version", answer["data"]["model_version"])
    assert list(json.loads(dsl.out)["components"]) == ["reader_0", "dataio_0", "intersection_0", "hetero_lr_0"]


def test_invalid_checkpoints_are_refused(cli: CommandLine, job: str) -> None:
    line = ("model", "deploy", job)
    assert "expected COMPONENT:STEP" in cli(*line, "--cpn-step-index", "hetero_lr_0:last", code=2).err
    twice = ("--cpn-step-index", "a:1", "--cpn-step-name", "a:end")
    assert "more than one checkpoint" in cli(*line, *twice, code=2).err


def test_predicting_with_tables_by_name(cli: CommandLine, deployed: str) -> None:
    result = cli("model", "predict", deployed, *_TABLES, "--watch", "--json")
    assert result.data["status"] == "success"
    place = ("-j", result.data["job_id"], "-r", "guest", "-p", "9999", "-cpn", "hetero_lr_0")
    folder = Path(cli("component", "output-data", *place, "-o", "predicted").out.strip())
    header, *rows = (folder / "data.csv").read_text().splitlines()
    assert "predict_score" in header
    assert len(rows) == 569


def test_predicting_needs_a_deployed_version_and_all_tables(cli: CommandLine, job: str, deployed: str) -> None:
    result = cli("model", "predict", job, *_TABLES, code=6)
    assert f"hint: deploy it with: fateflow model deploy {job}" in result.err
    result = cli("model", "predict", deployed, *_TABLES[:2], code=2)
    assert "host:10000 (reader_0)" in result.err
    assert "guest:9999" in cli("model", "predict", deployed, "--table", "host:1=a.b", code=2).err
    assert "reader_7" in cli("model", "predict", deployed, "--table", "host.reader_7=a.b", code=2).err
    assert "expected --table or -c" in cli("model", "predict", deployed, code=2).err


def test_a_valid_version_is_verified(cli: CommandLine, deployed: str) -> None:
    result = cli("model", "verify", deployed, "--json")
    assert result.data["ok"] is True
    assert cli("model", "verify", deployed).out.splitlines()[0] == f"{deployed} is valid"


def test_a_changed_file_is_found(cli: CommandLine, job: str) -> None:
    version = cli("model", "deploy", job, "-o", "name").out.strip()
    files = cli.home.glob(f"models/host#10000#*/{version}/components/hetero_lr_0/*/model.json")
    [file] = list(files)
    file.write_text(file.read_text().replace("0", "1"))
    result = cli("model", "verify", version, code=1)
    assert "✗ corrupt  host:10000" in result.out
    assert "hetero_lr_0" in result.out
    cli("model", "delete", version)
    cli("model", "show", version, code=5)


def test_two_versions_are_compared(cli: CommandLine, job: str, spare_job: str, deployed: str) -> None:
    found = cli("model", "diff", job, deployed, "--json").data
    assert found["same"] is False
    assert [change["path"] for change in found["documents"]["predict_dsl"]] == ["components"]
    assert {model["change"] for model in found["models"].values()} == {"same"}
    lines = cli("model", "diff", job, deployed).out.splitlines()
    assert lines[0].startswith(f"- {job}")
    assert "  = hetero_lr_0.model  HeteroLR  same" in lines
    assert cli("model", "diff", job, job).err == "no differences\n"


def test_an_alias_is_set_moved_and_removed(cli: CommandLine, job: str, deployed: str) -> None:
    assert cli("model", "alias", "set", "risk@prod", job).out == f"risk@prod → {job}\n"
    assert cli("model", "show", "risk@prod", "-o", "name").out.strip() == job
    cli("model", "alias", "set", "risk@prod", deployed)
    assert {"alias": "risk@prod", "model_version": deployed} in cli("model", "alias", "list", "--json").data
    cli("model", "alias", "remove", "risk@prod")
    cli("model", "show", "risk@prod", code=5)


def test_a_version_is_exported_deleted_and_imported(cli: CommandLine, job: str) -> None:
    version = cli("model", "deploy", job, "-o", "name").out.strip()
    for party, file in (("guest:9999", "g.zip"), ("host:10000", "h.zip"), ("arbiter:10001", "a.zip")):
        assert cli("model", "export", version, file, "--party", party).out.strip() == str(cli.folder / file)
    cli("model", "delete", version)
    for file in ("g.zip", "h.zip", "a.zip"):
        assert cli("model", "import", file).out.strip() == version
    result = cli("model", "show", version)
    assert "imported" in result.out.splitlines()[0]
    assert result.out.count("✓ valid") == 3
    assert cli("model", "predict", version, *_TABLES, "-o", "name").out.strip().isdigit()


def test_invalid_archives_are_refused(cli: CommandLine, job: str) -> None:
    (cli.folder / "broken.zip").write_bytes(b"PK")
    assert "broken.zip" in cli("model", "import", "broken.zip", code=2).err
    with zipfile.ZipFile(cli.folder / "other.zip", "w") as archive:
        archive.writestr("x", "y")
    assert "other.zip" in cli("model", "import", "other.zip", code=2).err
    assert "nowhere.zip" in cli("model", "import", "nowhere.zip", code=2).err
    assert "host:1 " in cli("model", "export", job, "x.zip", "--party", "host:1", code=5).err


def test_an_export_by_configuration_is_answered_as_by_fate(cli: CommandLine, deployed: str) -> None:
    answer = cli("model", "export", "-c", "export_conf.json", "-o", "fate").data
    file = Path(answer["file"])
    assert answer["retcode"] == 0
    assert file.parent == cli.folder / "exported"
    assert file.name.startswith("host#10000#arbiter-10001#guest-9999#host-10000#model_")
    with zipfile.ZipFile(file) as archive:
        assert "manifest.json" in archive.namelist()


def test_a_version_for_other_parties(cli: CommandLine, deployed: str) -> None:
    answer = cli("model", "migrate", deployed, "--to", "guest:9999=9998", "--to", "host:10000=10009", "--json").data
    assert answer["model_id"] == "arbiter-10001#guest-9998#host-10009#model"
    assert "expected PARTY=NEW_ID" in cli("model", "migrate", deployed, "--to", "guest:1=2", code=2).err
    assert "--to" in cli("model", "migrate", deployed, code=2).err


def test_a_service_gives_a_score(cli: CommandLine, deployed: str) -> None:
    result = cli("model", "load", deployed)
    assert [line.split()[:2] for line in result.out.splitlines()] == [["guest:9999", "✓"], ["host:10000", "✓"]]
    assert cli("model", "bind", "scores", deployed, "-o", "fate").data["retmsg"] == "service id is scores"
    cli("serving", "features", "bind", "-r", "host", "-p", "10000", "--namespace", "demo", "--name", "breast_host")
    [served] = [one for one in cli("serving", "list", "--json").data["services"] if one["service_id"] == "scores"]
    assert served["model_version"] == deployed
    header, row, *_ = (cli.folder / "demo/data/guest.csv").read_text().splitlines()
    values = dict(zip(header.split(","), row.split(","), strict=True))
    features = [word for name, value in values.items() if name not in ("id", "y") for word in ("-f", f"{name}={value}")]
    answer = cli("model", "serve-test", "scores", "--id", values["id"], *features, "-o", "fate").data
    assert answer["retcode"] == 0
    assert 0 < answer["data"]["score"] < 1
    assert "score" in cli("model", "serve-test", "scores", "--id", values["id"], *features).out
    result = cli("model", "serve-test", "scores", "--id", values["id"], "-f", "mean_radius=1", code=None)
    assert result.code > 0
    assert "mean_texture" in result.err
    cli("serving", "unbind", "scores")
    cli("serving", "unload", deployed)
    assert deployed not in [one["model_version"] for one in cli("serving", "list", "--json").data["models"]]


def test_records_are_those_of_fate(cli: CommandLine, job: str) -> None:
    line = ("model", "get-model-info", "--model-version", job, "-r", "guest", "-p", "9999", "--json")
    [short] = cli(*line).data
    [whole] = cli(*line, "--detail").data
    assert {"f_role", "f_model_id", "f_parent", "f_size"} <= short.keys() < whole.keys()
    assert whole["f_train_dsl"]["components"].keys() >= {"hetero_lr_0"}
    result = cli("model", "get-model-info", "--model-version", "nope", "-o", "fate", code=5)
    assert (result.data["retcode"], result.data["data"]) == (100, [])


def test_tags_find_versions(cli: CommandLine, job: str) -> None:
    cli("model", "tag-model", "-j", job, "-t", "spring")
    cli("model", "tag-model", "-j", job, "-t", "spring", "--json", code=None)
    assert "spring" in cli("model", "tag-list", "-j", job).out
    models = cli("tag", "query", "-t", "spring", "--with-model", "--json").data
    assert {one["model_version"] for one in models} == {job}
    assert "#spring" in cli("model", "show", job).out
    cli("tag", "delete", "-t", "spring")
    assert "spring" not in cli("model", "tag-list", "-j", job).out


@pytest.mark.parametrize("words", ["model show ", "model deploy --model-version "])
def test_versions_are_completed(cli: CommandLine, deployed: str, words: str) -> None:
    asked = {
        "_FATEFLOW_COMPLETE": "complete_bash",
        "COMP_WORDS": f"fateflow {words}{deployed[:-2]}",
        "COMP_CWORD": str(len(words.split()) + 1),
    }
    # The shell is not kept waiting: on a machine that is busy just then nothing is offered, so ask again.
    assert deployed in next((found for _ in range(20) if (found := cli(**asked, code=None).out.split())), [])

"""The pipeline builder: documents from components, and errors about invalid connections."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from fateflow_tui.core import errors
from fateflow_tui.core.ids import Party
from fateflow_tui.sdk.pipeline import OutputData, Pipeline, Port
from fateflow_tui.sdk.pipeline.documents import prefix_of

_DEMO = Path(__file__).parents[2] / "demo"


def test_the_documents_of_the_demo_are_built() -> None:
    conf = json.loads((_DEMO / "hetero_lr_conf.json").read_text())
    given = conf["component_parameters"]["common"]
    pipeline = Pipeline(guest=9999, host=[10000], arbiter="10001")
    reader = pipeline.reader(guest=("demo", "breast_guest"), host=[{"namespace": "demo", "name": "breast_host"}])
    dataio = pipeline.add(
        "DataIO",
        data=reader.data,
        guest={"with_label": True, "label_name": "y"},
        host={"with_label": False},
        **given["dataio_0"],
    )
    common = pipeline.add("Intersection", data=dataio.data, **given["intersection_0"])
    lr = pipeline.add("HeteroLR", train_data=common.data, parameters=given["hetero_lr_0"])
    pipeline.add("Evaluation", data=lr.data, eval_type="binary")
    documents = pipeline.to_documents()
    assert documents.dsl == json.loads((_DEMO / "hetero_lr_dsl.json").read_text())
    assert documents.conf == conf
    json.dumps(documents)


def test_parties_of_a_role_have_own_or_common_parameters() -> None:
    pipeline = Pipeline(guest=1, host=[2, 3], initiator="host:2", job_parameters={"task_cores": 2})
    pipeline.reader(guest=("n", "g"), host=[("n", "a"), ("n", "b")])
    pipeline.add("DataIO", data="reader_0.data", host={"with_label": False})
    conf = pipeline.to_documents().conf
    assert conf["initiator"] == {"role": "host", "party_id": 2}
    assert conf["job_parameters"] == {"common": {"job_type": "train", "task_cores": 2}}
    host = conf["component_parameters"]["role"]["host"]
    assert host["0"] == {"reader_0": {"table": {"namespace": "n", "name": "a"}}}
    assert host["1"] == {"reader_0": {"table": {"namespace": "n", "name": "b"}}}
    assert host["all"] == {"dataio_0": {"with_label": False}}


def test_models_and_lists_are_connected() -> None:
    pipeline = Pipeline(guest=1)
    first = pipeline.reader(guest=("n", "a"))
    second = pipeline.reader(guest=("n", "b"))
    union = pipeline.add("Union", data=[first.data, "reader_1.data"])
    split = pipeline.add("HeteroDataSplit", data=union.data)
    binning = pipeline.add("HeteroFeatureBinning", data=split.train_data)
    pipeline.add("HeteroFeatureSelection", data=split.validate_data, isometric_model=binning.model)
    pipeline.add("HeteroFeatureBinning", "again", data=split.test_data, model=binning.model)
    nodes = pipeline.to_documents().dsl["components"]
    assert list(nodes) == [
        "reader_0",
        "reader_1",
        "union_0",
        "hetero_data_split_0",
        "hetero_feature_binning_0",
        "hetero_feature_selection_0",
        "again",
    ]
    assert nodes["union_0"]["input"] == {"data": {"data": ["reader_0.data", "reader_1.data"]}}
    assert nodes["hetero_data_split_0"]["output"] == {"data": ["train_data", "validate_data", "test_data"]}
    assert nodes["hetero_feature_selection_0"]["input"]["isometric_model"] == ["hetero_feature_binning_0.model"]
    assert nodes["again"]["input"]["model"] == ["hetero_feature_binning_0.model"]
    assert second.data == Port("reader_1", "data")


@pytest.mark.parametrize(
    ("module", "prefix"),
    [("HeteroLR", "hetero_lr"), ("DataIO", "dataio"), ("HeteroSecureBoost", "hetero_secureboost"), ("PSI", "psi")],
)
def test_components_are_named_as_in_fate(module: str, prefix: str) -> None:
    assert prefix_of(module) == prefix


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        ("raeder_0.data", "no component raeder_0", "did you mean reader_0?"),
        ("reader_0.dta", "reader_0 \\(Reader\\) has no output dta; did you mean data", ""),
        ("reader_0", "not an output", "pass component.data, for example"),
        (3, "not an output: 3", "pass component.data, for example"),
    ],
)
def test_an_unknown_input_is_rejected(data: object, message: str, hint: str) -> None:
    pipeline = Pipeline(guest=1)
    pipeline.reader(guest=("n", "a"))
    with pytest.raises(errors.BadRequest, match=message) as caught:
        pipeline.add("DataIO", data=data)
    assert caught.value.hint == hint
    assert list(pipeline.components) == ["reader_0"]


def test_invalid_components_and_parties_are_rejected() -> None:
    pipeline = Pipeline(guest=1, host=[2, 3])
    reader = pipeline.reader(guest=("n", "a"))
    with pytest.raises(AttributeError, match="modle"):
        pipeline.add("DataIO", data=reader.data).modle  # noqa: B018
    with pytest.raises(AttributeError, match=r"model.*: data"):
        reader.model  # noqa: B018
    with pytest.raises(errors.BadRequest) as caught:
        pipeline.add("DataIO", data=reader)
    assert caught.value.hint == "pass an output: reader_0.data"
    with pytest.raises(errors.BadRequest, match="reader_0"):
        pipeline.reader("reader_0")
    with pytest.raises(errors.BadRequest) as caught:
        pipeline.reader(guest={"namespace": "n", "nmae": "a"})
    assert caught.value.hint == "did you mean name instead of nmae?"
    with pytest.raises(errors.BadRequest):
        Pipeline()
    with pytest.raises(errors.BadRequest, match="guest"):
        Pipeline(guest="x")
    pipeline.add("DataIO", "short", data=reader.data, host=[{"with_label": False}])
    with pytest.raises(errors.BadRequest, match=r"short.* 1 host.* 2"):
        pipeline.to_documents()
    alone = Pipeline(guest=1)
    alone.reader(host=("n", "a"))
    with pytest.raises(errors.BadRequest, match="has no party of this role"):
        alone.to_documents()


def test_a_custom_module_declares_its_outputs() -> None:
    pipeline = Pipeline(guest=1)
    mine = pipeline.add("MyTrainer", outputs=["data", "model", "rejected"])
    assert mine.name == "my_trainer_0"
    assert str(mine.rejected) == "my_trainer_0.rejected"
    assert pipeline.to_documents().dsl["components"][mine.name]["output"] == {
        "data": ["data", "rejected"],
        "model": ["model"],
    }
    assert pipeline.initiator == Party("guest", "1")


def test_output_tables_become_data_frames(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.gz"
    detail = "\"{'0': 0.9, '1': 0.1}\""
    files = {
        "data.csv": f"id,score,detail\n01,0.5,{detail}\n02,1,{detail}\n",
        "data.meta": '{"header": ["id", "score", "detail"]}',
        "other.csv": "id,x\na,1\n",
        "other.meta": '{"header": ["id", "x"]}',
    }
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    outputs = OutputData.read(archive)
    assert outputs.names == ["data", "other"]
    frame = outputs.to_polars("data")
    assert frame["id"].to_list() == ["01", "02"]
    assert frame["score"].to_list() == [0.5, 1.0]
    assert frame["detail"].to_list() == ["{'0': 0.9, '1': 0.1}"] * 2
    assert outputs.to_csv("other") == "id,x\na,1\n"
    with pytest.raises(errors.BadRequest, match="data, other"):
        outputs.to_polars()
    with pytest.raises(errors.NotFound) as caught:
        outputs.header("dat")
    assert caught.value.hint == "did you mean data?"

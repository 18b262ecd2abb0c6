"""A program of a FATE 1.6 user: train, look at the results, deploy, predict. Prints what it found as JSON.

Arguments: the guest's and the host's file.
"""

import json
import sys
import tempfile
from pathlib import Path

from flow_sdk.client import FlowClient
from pipeline.backend.config import Backend, FlowConfig, WorkMode
from pipeline.backend.pipeline import PipeLine
from pipeline.component import DataIO, Evaluation, HeteroLR, Intersection, Reader
from pipeline.interface import Data
from pipeline.runtime.entity import JobParameters

GUEST, HOST, ARBITER = 9999, 10000, 10001
NAMESPACE = "pipeline_1_6"


def upload(pipeline, guest_file, host_file):
    for file, table in ((guest_file, "breast_guest"), (host_file, "breast_host")):
        pipeline.add_upload_data(file=file, table_name=table, namespace=NAMESPACE, head=1, partition=4)
    pipeline.upload(backend=Backend.EGGROLL, work_mode=WorkMode.STANDALONE, drop=1)


def reader(name):
    found = Reader(name=name)
    found.get_party_instance(role="guest", party_id=GUEST).component_param(
        table={"name": "breast_guest", "namespace": NAMESPACE}
    )
    found.get_party_instance(role="host", party_id=HOST).component_param(
        table={"name": "breast_host", "namespace": NAMESPACE}
    )
    return found


def train(parameters):
    reader_0 = reader("reader_0")
    dataio_0 = DataIO(name="dataio_0", output_format="dense")
    dataio_0.get_party_instance(role="guest", party_id=GUEST).component_param(with_label=True, label_name="y")
    dataio_0.get_party_instance(role="host", party_id=HOST).component_param(with_label=False)
    intersection_0 = Intersection(name="intersection_0")
    hetero_lr_0 = HeteroLR(
        name="hetero_lr_0",
        optimizer="nesterov_momentum_sgd",
        learning_rate=0.15,
        batch_size=-1,
        max_iter=4,
        early_stop="diff",
        init_param={"init_method": "zeros"},
    )
    evaluation_0 = Evaluation(name="evaluation_0", eval_type="binary")

    pipeline = PipeLine().set_initiator(role="guest", party_id=GUEST)
    pipeline.set_roles(guest=GUEST, host=HOST, arbiter=ARBITER)
    upload(pipeline, *sys.argv[1:3])
    pipeline.add_component(reader_0)
    pipeline.add_component(dataio_0, data=Data(data=reader_0.output.data))
    pipeline.add_component(intersection_0, data=Data(data=dataio_0.output.data))
    pipeline.add_component(hetero_lr_0, data=Data(train_data=intersection_0.output.data))
    pipeline.add_component(evaluation_0, data=Data(data=hetero_lr_0.output.data))
    pipeline.compile()
    pipeline.fit(parameters)
    return pipeline


def predict(trained, parameters):
    trained.deploy_component([trained.dataio_0, trained.intersection_0, trained.hetero_lr_0])
    reader_1 = reader("reader_1")
    evaluation_1 = Evaluation(name="evaluation_1", eval_type="binary")
    pipeline = PipeLine()
    pipeline.add_component(reader_1)
    pipeline.add_component(trained, data=Data(predict_input={trained.dataio_0.input.data: reader_1.output.data}))
    pipeline.add_component(evaluation_1, data=Data(data=trained.hetero_lr_0.output.data))
    pipeline.predict(parameters)
    return pipeline


def predictions(pipeline):
    """A predict pipeline of 1.6 knows only its own components, so users ask the server for the others' data."""
    client = FlowClient(ip=FlowConfig.IP, port=FlowConfig.PORT, version="v1")
    with tempfile.TemporaryDirectory() as folder:
        answer = client.component.output_data(
            job_id=pipeline.get_predict_job_id(),
            role="guest",
            party_id=GUEST,
            component_name="hetero_lr_0",
            output_path=folder,
        )
        return (Path(answer["directory"]) / "data.csv").read_text().splitlines()


def main():
    parameters = JobParameters(backend=Backend.EGGROLL, work_mode=WorkMode.STANDALONE)
    trained = train(parameters)
    scored = trained.get_component("hetero_lr_0").get_output_data()
    found = {
        "train_job": trained.get_train_job_id(),
        "header": scored["meta"],
        "train_rows": scored["data"],
        "limited_rows": trained.get_component("hetero_lr_0").get_output_data(limits=5)["data"],
        "table": trained.get_component("hetero_lr_0").get_output_data_table(),
        "evaluation": trained.get_component("evaluation_0").get_summary(),
        "summary": trained.get_component("hetero_lr_0").get_summary(),
        "model": trained.get_component("hetero_lr_0").get_model_param(),
        "reader_rows": len(trained.get_component("reader_0").get_output_data()["data"]),
    }
    predicted = predict(trained, parameters)
    found["predict_job"] = predicted.get_predict_job_id()
    found["predict_evaluation"] = predicted.get_component("evaluation_1").get_summary()
    found["predict_reader_rows"] = len(predicted.get_component("reader_1").get_output_data()["data"])
    found["predict_rows"] = predictions(predicted)
    print(json.dumps(found))


main()

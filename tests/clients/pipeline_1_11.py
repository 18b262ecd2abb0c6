"""A program of a FATE 1.11 user: train, look at the results, deploy, predict, serve. Prints what it found as JSON.

Arguments: the guest's and the host's file.
"""

import json
import sys

from pipeline.backend.pipeline import PipeLine
from pipeline.component import DataTransform, Evaluation, HeteroLR, Intersection, Reader
from pipeline.interface import Data

GUEST, HOST, ARBITER = 9999, 10000, 10001
NAMESPACE = "pipeline_1_11"


def upload(pipeline, guest_file, host_file):
    for file, table in ((guest_file, "breast_guest"), (host_file, "breast_host")):
        pipeline.add_upload_data(file=file, table_name=table, namespace=NAMESPACE, head=1, partition=4)
    pipeline.upload(drop=1)


def reader(name):
    found = Reader(name=name)
    found.get_party_instance(role="guest", party_id=GUEST).component_param(
        table={"name": "breast_guest", "namespace": NAMESPACE}
    )
    found.get_party_instance(role="host", party_id=HOST).component_param(
        table={"name": "breast_host", "namespace": NAMESPACE}
    )
    return found


def train():
    reader_0 = reader("reader_0")
    data_transform_0 = DataTransform(name="data_transform_0", output_format="dense")
    data_transform_0.get_party_instance(role="guest", party_id=GUEST).component_param(with_label=True, label_name="y")
    data_transform_0.get_party_instance(role="host", party_id=HOST).component_param(with_label=False)
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
    pipeline.add_component(data_transform_0, data=Data(data=reader_0.output.data))
    pipeline.add_component(intersection_0, data=Data(data=data_transform_0.output.data))
    pipeline.add_component(hetero_lr_0, data=Data(train_data=intersection_0.output.data))
    pipeline.add_component(evaluation_0, data=Data(data=hetero_lr_0.output.data))
    pipeline.compile()
    pipeline.fit()
    return pipeline


def predict(trained):
    trained.deploy_component([trained.data_transform_0, trained.intersection_0, trained.hetero_lr_0])
    reader_1 = reader("reader_1")
    evaluation_1 = Evaluation(name="evaluation_1", eval_type="binary")
    pipeline = PipeLine()
    pipeline.add_component(reader_1)
    pipeline.add_component(
        trained, data=Data(predict_input={trained.data_transform_0.input.data: reader_1.output.data})
    )
    pipeline.add_component(evaluation_1, data=Data(data=trained.hetero_lr_0.output.data))
    pipeline.predict()
    return pipeline


def rows(frame):
    return [",".join(map(str, row[:4])) for row in frame.values.tolist()]


def main():
    trained = train()
    scored = trained.get_component("hetero_lr_0").get_output_data()
    raw = trained.get_component("hetero_lr_0").get_output_data(limits=5, to_pandas=False)
    found = {
        "train_job": trained.get_train_job_id(),
        "header": list(scored.columns),
        "train_rows": rows(scored),
        "details": scored["predict_detail"].tolist(),
        "limited_rows": raw["data"],
        "table": trained.get_component("hetero_lr_0").get_output_data_table(),
        "evaluation": trained.get_component("evaluation_0").get_summary(),
        "summary": trained.get_component("hetero_lr_0").get_summary(),
        "model": trained.get_component("hetero_lr_0").get_model_param(),
        "reader_rows": len(trained.get_component("reader_0").get_output_data()),
    }
    predicted = predict(trained)
    found["predict_job"] = predicted.get_predict_job_id()
    found["predict_evaluation"] = predicted.get_component("evaluation_1").get_summary()
    found["predict_reader_rows"] = len(predicted.get_component("reader_1").get_output_data())
    found["predict_rows"] = rows(predicted.get_component("hetero_lr_0").get_output_data())
    found["bound"] = trained.bind_table(name="bound", namespace=NAMESPACE, path=sys.argv[1], head=1, id_delimiter=",")
    trained.online.load()
    trained.online.bind("breast_of_a_pipeline")
    print(json.dumps(found), flush=True)


main()

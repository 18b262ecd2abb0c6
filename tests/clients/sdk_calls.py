"""Calls every method of the SDK (flow_sdk), of whatever version, and prints the answers as one JSON object by name.

Argument: a JSON object with port, job_id, model_id, model_version, table_file, dsl_file, namespace.
"""

import itertools
import json
import os
import sys

from flow_sdk.client import FlowClient

given = json.loads(sys.argv[1])
client = FlowClient(ip="127.0.0.1", port=given["port"], version="v1")
is_old = hasattr(client, "priviledge")
answers = {}
numbers = itertools.count()


def conf(document):
    """The document, or for 1.6 a file with it."""
    if not is_old:
        return document
    path = f"sdk_conf_{next(numbers)}.json"
    with open(path, "w") as file:
        json.dump(document, file)
    return path


def call(name, /, *arguments, **named):
    noun, _, verb = name.partition(".")
    answers[name] = getattr(getattr(client, noun), verb)(*arguments, **named)
    return answers[name]


party = {"role": "guest", "party_id": "9999"}
job = {"job_id": given["job_id"], **party}
component = {**job, "component_name": "hetero_lr_0"}
model = {"model_id": given["model_id"], "model_version": given["model_version"]}
table = {"namespace": given["namespace"], "table_name": "of_the_sdk"}

call("job.list", limit=3)
call("job.view", **job)
call("job.query", **job)
call("job.config", output_path="sdk", **job)
call("job.log", job_id=given["job_id"], output_path="sdk")
with open(given["dsl_file"]) as file:
    train_dsl = json.load(file)
names = ["dataio_0", "intersection_0", "hetero_lr_0"]
if is_old:
    call("job.generate_dsl", given["dsl_file"], cpn_list=names)
else:
    call("job.generate_dsl", train_dsl, names)
call("task.list", limit=3)
call("task.query", **component)

call("component.list", job_id=given["job_id"])
for verb in ("metrics", "metric_all", "parameters", "output_model", "output_data_table", "get_summary"):
    call("component." + verb, **component)
call("component.output_data", output_path="sdk", **component)
call("component.metric_delete", date="20200101")

upload = {"file": given["table_file"], "head": 1, "partition": 4, "work_mode": 0, "id_delimiter": ",", **table}
call("data.upload", conf(upload), drop=1)
call("data.upload_history", limit=2)
while client.job.query(job_id=answers["data.upload"]["jobId"], role="local", party_id="0")["data"][0][
    "f_status"
] not in ("success", "failed"):
    pass
call("data.download", conf({**table, "work_mode": 0, "output_path": os.path.abspath("sdk/table.csv")}))
call("table.info", **table)
call("table.delete", **table)

sleep = {
    "dsl_version": 2,
    "initiator": {"role": "guest", "party_id": 9999},
    "role": {"guest": [9999]},
    "job_parameters": {"common": {"job_type": "train", "work_mode": 0}},
    "component_parameters": {"common": {"sleep_0": {"seconds": 60}}},
}
sleep_dsl = {"components": {"sleep_0": {"module": "Sleep"}}}
call("job.submit", conf(sleep), conf(sleep_dsl))
call("job.stop", job_id=answers["job.submit"]["jobId"])
call("queue.clean")

call("tag.create", "sdk_tag", "made by the SDK")
call("tag.update", "sdk_tag", new_tag_desc="changed by the SDK")
call("tag.query", "sdk_tag")
call("model.tag_model", given["job_id"], "sdk_tag")
call("model.tag_list", given["job_id"])
call("tag.list")
call("tag.delete", "sdk_tag")

deployed = call("model.deploy", cpn_list=names, **model)["data"]
child = {"model_id": deployed["model_id"], "model_version": deployed["model_version"]}
call("model.get_predict_dsl", **child)
call("model.get_predict_conf", **child)
call("model.get_model_info", query_filters=["model_version", "parent"], **party, **child)
parties = {"guest": ["9999"], "host": ["10000"], "arbiter": ["10001"]}
shared = {"initiator": party, "role": parties, "job_parameters": {"work_mode": 0, **child}}
call("model.load", conf(shared))
call("model.bind", conf({**shared, "service_id": "of_the_sdk", "servings": []}))
call("model.export_model", conf({**child, **party, "output_path": os.path.abspath("sdk")}))
archive = answers["model.export_model"]["file"]
call("model.import_model", conf({**child, **party, "file": archive}))
ids = {role: [int(party_id) for party_id in each] for role, each in parties.items()}
moved = {role: [party_id - 100 for party_id in each] for role, each in ids.items()}
migration = {"role": ids, "migrate_role": moved, "execute_party": ids, **child}
migration["migrate_initiator"] = {"role": "guest", "party_id": moved["guest"][0]}
migration["job_parameters"] = {"work_mode": 0, "federated_mode": "SINGLE"}
call("model.migrate", conf(migration))

privileges = "priviledge" if is_old else "privilege"
for verb in ("grant", "query", "delete"):
    call(privileges + "." + verb, "10000", "host")
if not is_old:
    for verb in ("fate_flow", "fate", "api"):
        call("remote_version." + verb)
    call("checkpoint.list_checkpoints", component_name="hetero_lr_0", **party, **model)
    call(
        "table.bind",
        engine="PATH",
        name="bound_by_sdk",
        namespace=given["namespace"],
        address={"path": given["table_file"]},
        head=1,
        id_delimiter=",",
        partitions=4,
        drop=True,
    )
print(json.dumps(answers))

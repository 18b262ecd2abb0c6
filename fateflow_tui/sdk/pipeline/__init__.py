"""Train and predict from Python: components and their connections instead of two JSON documents.

from fateflow_tui.sdk import Pipeline

pipeline = Pipeline(guest=9999, host=10000, arbiter=10000)
reader = pipeline.reader(guest=("demo", "breast_guest"), host=("demo", "breast_host"))
dataio = pipeline.add("DataIO", data=reader.data, guest={"with_label": True, "label_name": "y"})
common = pipeline.add("Intersection", data=dataio.data)
lr = pipeline.add("HeteroLR", train_data=common.data, max_iter=10)
run = pipeline.fit()
print(run.summary(lr), run.output_data(lr).to_polars())
scores = run.deploy().predict(guest=("demo", "new_guest"), host=("demo", "new_host")).output_data(lr)
"""

from fateflow_tui.sdk.pipeline.documents import Component, Documents, Port
from fateflow_tui.sdk.pipeline.output import OutputData
from fateflow_tui.sdk.pipeline.pipeline import Pipeline
from fateflow_tui.sdk.pipeline.run import Deployed, Run, RunFailed

__all__ = ["Component", "Deployed", "Documents", "OutputData", "Pipeline", "Port", "Run", "RunFailed"]

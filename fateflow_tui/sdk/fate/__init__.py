"""FATE's own SDK by its old names, for programs that were written for it: answers are decoded JSON envelopes.

from fateflow_tui.sdk.flow_client import FlowClient

client = FlowClient("127.0.0.1", 9380, "v1")
print(client.job.submit({"initiator": ...}, {"components": ...})["jobId"])

Arguments may be given as in 1.6 (paths of JSON files) and as in 1.11 (objects). New programs had better use `FateFlow`.
"""

from fateflow_tui.sdk.fate.client import FlowClient

__all__ = ["FlowClient"]

"""Every operation of the API as a value: what to send and how to read the answer. Pure; the clients carry them out.

One module per noun: `jobs`, `tasks`, `tracking`, `data`, `tables`, `models` (with `model_archives`), `tags`, `serving`,
`parties`, `permissions`, `logs`, `site`. `fateflow_tui.sdk.namespaces` lists what each client offers of them.
"""

from fateflow_tui.sdk.operations.call import Call, Document, PartyLike, document, fetch, raw, whole
from fateflow_tui.sdk.operations.data import upload_conf
from fateflow_tui.sdk.operations.jobs import wait

__all__ = ["Call", "Document", "PartyLike", "document", "fetch", "raw", "upload_conf", "wait", "whole"]

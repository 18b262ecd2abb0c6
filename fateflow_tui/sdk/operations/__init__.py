"""The operations of the API: what to send and how to read the answer. Each is declared once, for both clients.

One module per resource, with one namespace class for each attribute of a client: `jobs` (Jobs, Tasks), `tracking`,
`tables` (Data, Tables), `models` (Models, Tags), `serving`, `site` (Site, Parties, Permissions, Logs).
"""

from fateflow_tui.sdk.operations.call import Call, Document, PartyLike, document, whole

__all__ = ["Call", "Document", "PartyLike", "document", "whole"]

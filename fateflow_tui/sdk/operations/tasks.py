"""Tasks: one component at one party."""

from __future__ import annotations

from typing import Any

from fateflow_tui.sdk.operations.call import Call, PartyLike, given, list_of, party_members
from fateflow_tui.sdk.types import Task

_NONE = frozenset({100, 101})  # retcodes of FATE for "there are none"


def query(
    job_id: str, party: PartyLike | None = None, component: str = "", status: str = "", all_versions: bool = False
) -> Call[list[Task]]:
    """The tasks of a job, the newest version of each unless all are wanted."""
    body = given({"job_id": job_id, "component_name": component, "status": status, **party_members(party)})
    body["only_latest"] = not all_versions
    return Call("/v1/job/task/query", body, list_of(Task), tolerated=frozenset({101}))


def records(limit: int = 10) -> Call[list[dict[str, Any]]]:
    """FATE's records of the newest tasks of all jobs; limit 0 for all."""
    return Call("/v1/job/list/task", {"limit": limit}, list_of(dict[str, Any]), tolerated=_NONE)

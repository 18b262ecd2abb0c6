"""Changed parameters of ended jobs, kept until a rerun takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fateflow_tui.core.document.predict_conf import merge_confs
from fateflow_tui.core.ports import Collection

Changes = tuple[dict[str, Any], dict[str, Any]]  # of job parameters, and of component parameters


class PendingChanges:
    """One record for each job that has any; see `core.document.with_changes` for their form."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    def merged(
        self,
        job_id: str,
        job_parameters: Mapping[str, Any] | None = None,
        component_parameters: Mapping[str, Any] | None = None,
    ) -> Changes:
        """What is kept for a job, with these changes on top."""
        found = self._collection.get(job_id)
        kept = found.record if found else {}
        return (
            merge_confs(kept.get("job_parameters", {}), job_parameters or {}),
            merge_confs(kept.get("component_parameters", {}), component_parameters or {}),
        )

    def keep(self, job_id: str, changes: Changes) -> None:
        """In the place of what was kept before."""
        self._collection.put(job_id, {"job_parameters": changes[0], "component_parameters": changes[1]})

    def forget(self, job_id: str) -> None:
        if self._collection.get(job_id) is not None:
            self._collection.delete(job_id)

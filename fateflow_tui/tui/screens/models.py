"""The Models screen: model versions, and their parts at all parties."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.sdk.types.jobs import Lineage
from fateflow_tui.sdk.types.models import ModelVerification
from fateflow_tui.tui import queries
from fateflow_tui.tui.columns import Column
from fateflow_tui.tui.queries import ModelRow
from fateflow_tui.tui.screens.model_actions import ModelActions
from fateflow_tui.tui.widgets.model_text import fact_lines, model_columns, part_lines
from fateflow_tui.tui.widgets.text_views import Pane, TextView
from fateflow_tui.views.models import parties_of, version_kind

Details = tuple[ModelVerification | FateFlowError, Lineage | FateFlowError | None]

_ORDER = ("loaded", "deployed", "imported", "trained")


class ModelsScreen(ModelActions):
    """The model versions of this site."""

    NAME = "models"
    KIND = "model"
    TITLE = "Models"
    EMPTY = "no models yet\njobs with a training component create them: press S to submit one"
    FILTER = "version, parties, components, names: churn hetero_lr deployed"
    SCOPED_CSS = False
    DEFAULT_CSS = """
    ModelsScreen #below { height: 45%; }
    ModelsScreen #version { width: 3fr; }
    ModelsScreen #parts { width: 2fr; }
    ModelsScreen.-short #below { height: 10; }
    ModelsScreen.-narrow #parts { width: 34; }
    """

    def body(self) -> ComposeResult:
        yield from self.table()
        with Horizontal(id="below"):
            with Pane("Version", id="version"):
                yield TextView()
            with Pane("Parts", id="parts"):
                yield TextView()

    def columns(self) -> tuple[Column[ModelRow], ...]:
        return model_columns(now_ms)

    def key(self, record: ModelRow) -> str:
        return record.model_version

    def searched_texts(self, record: ModelRow) -> Iterable[str]:
        names = (*record.services, *record.aliases, *record.tags, *record.components, *record.components.values())
        parties = parties_of(record.roles)
        return (record.model_version, record.model_id, record.job_id, version_kind(record), *names, *parties)

    def orders(self) -> dict[str, Callable[[ModelRow], Any]]:
        return {"version": lambda row: 0, "kind": lambda row: _ORDER.index(version_kind(row))}

    async def fetch(self) -> list[ModelRow]:
        return await queries.models(self.client)

    async def fetch_details(self, record: ModelRow) -> Details:
        flow = self.client
        found = await asyncio.gather(
            flow.models.verify(record.model_version), self._lineage(record.job_id), return_exceptions=True
        )
        for one in found:
            if isinstance(one, BaseException) and not isinstance(one, FateFlowError):
                raise one
        return found[0], found[1]

    def show_details(self, record: ModelRow | None, details: Details | FateFlowError | None) -> None:
        parts: ModelVerification | FateFlowError | None
        parts, lineage = (details, None) if details is None or isinstance(details, FateFlowError) else details
        version, pieces = self.query_one("#version", Pane), self.query_one("#parts", Pane)
        version.set_heading(f"Version {record.model_version}" if record else "Version")
        facts = fact_lines(record, lineage, self.records, now_ms())
        version.query_one(TextView).show(facts)
        pieces.query_one(TextView).show(part_lines(record, parts))
        pieces.set_heading(notes=_verdict(parts) if record else [])

    async def _lineage(self, job_id: str) -> Lineage | None:
        return await self.client.jobs.lineage(job_id) if job_id else None

    def on_listing_chosen(self) -> None:
        self.action_act("model.job")


def _verdict(parts: ModelVerification | FateFlowError | None) -> list[tuple[str, str]]:
    if parts is None:
        return [("verifying", "muted")]
    if isinstance(parts, FateFlowError):
        return [("✗ not verified", "error")]
    return [("✓ valid", "accent")] if parts.ok else [("✗ damaged", "error")]

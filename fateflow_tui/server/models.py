"""Routes of our own about model versions: over all parties, with their state, aliases and differences."""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.server.context import ClientName, ThisSite
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.fate.records import version_line
from fateflow_tui.server.openapi import JOB, answers
from fateflow_tui.server.requests import AtParty, Flag, Int, Json, RequestBody, Text

router = APIRouter(tags=["model"])

_LINE: Final = {"model_version": JOB, "roles": {"guest": [9999]}, "deployed": False, "here": ["guest:9999"]}

# In any form that people use.
Version = Annotated[Text, "an id, its unique beginning or end, @last, @2, or an alias name@tag"]


class ListModelsRequest(RequestBody, example={"limit": 10}):
    limit: Annotated[Int, "the number of versions; 0 for all"] = 20
    model_id: Text = ""
    deployed: Flag | None = None


class VersionRequest(RequestBody, example={"model_version": JOB}):
    model_version: Version


class DiffModelsRequest(AtParty, example={"a": JOB, "b": "@1"}):
    a: Version
    b: Version


class ResolveModelRequest(RequestBody, example={"word": "@last"}):
    word: Version


class SetAliasRequest(RequestBody, example={"alias": "fraud@production", "model_version": JOB}):
    alias: Annotated[Text, "name@tag"]
    model_version: Version


class AliasRequest(RequestBody, example={"alias": "fraud@production"}):
    alias: Text


@router.post("/model/list", **answers([_LINE]))
async def list_(site: ThisSite, body: Json[ListModelsRequest]) -> Response:
    """List the model versions that have a part at this site, newest first."""
    parts = await asyncio.to_thread(site.models.find, model_id=body.model_id)
    versions = [list(group) for _, group in groupby(parts, key=lambda part: part.pipeline.model_version)]
    if body.deployed is not None:
        versions = [group for group in versions if group[0].pipeline.deployed == body.deployed]
    return answer([version_line(site, group) for group in (versions[: body.limit] if body.limit > 0 else versions)])


@router.post("/model/show", **answers(_LINE))
async def show(site: ThisSite, body: Json[VersionRequest]) -> Response:
    """Show a model version with the current state of every party's part."""
    version = site.models.resolve(body.model_version)
    parts = await asyncio.to_thread(site.models.require, version)
    states = await site.models.verify(version)
    pipeline = parts[0].pipeline
    return answer(
        {
            **version_line(site, parts),
            "parties": states,
            "train_dsl": pipeline.train_dsl,
            "predict_dsl": pipeline.predict_dsl,
        }
    )


@router.post("/model/verify", **answers({"ok": True, "model_version": JOB, "parties": {}}))
async def verify(site: ThisSite, body: Json[VersionRequest]) -> Response:
    """Check that every party's part of a version exists, is intact and belongs to the same generation. The sites of the
    other parties are asked.
    """
    version = site.models.resolve(body.model_version)
    states = await site.models.verify(version)
    ok = all(not state.flaws for state in states.values())
    return answer({"ok": ok, "model_version": version, "parties": states})


@router.post("/model/diff", **answers({"same": True}))
async def diff(site: ThisSite, body: Json[DiffModelsRequest]) -> Response:
    """Compare two versions at one party of this site: documents, parameters and learned values."""
    one, other = site.models.resolve(body.a), site.models.resolve(body.b)
    return answer(await asyncio.to_thread(site.models.diff, one, other, body.party_or_none()))


@router.post("/model/delete", **answers({"model_version": JOB, "parties": ["guest:9999"]}))
async def delete(site: ThisSite, body: Json[VersionRequest], client: ClientName) -> Response:
    """Delete this site's parts of a version. A version that is served is not deleted; other sites keep their parts."""
    version = site.models.resolve(body.model_version)
    parties = await asyncio.to_thread(site.models.delete, version, by=client)
    return answer({"model_version": version, "parties": parties})


@router.post("/model/resolve", **answers({"model_version": JOB}))
async def resolve(site: ThisSite, body: Json[ResolveModelRequest]) -> Response:
    """Return the full version that a word refers to."""
    return answer({"model_version": site.models.resolve(body.word)})


@router.post("/model/alias/set", **answers({"alias": "fraud@production", "model_version": JOB}))
async def set_alias(site: ThisSite, body: Json[SetAliasRequest]) -> Response:
    """Point an alias at a version, replacing what it pointed at before."""
    version = site.models.resolve(body.model_version)
    site.models.require(version)
    site.models.tags.set_alias(body.alias, version)
    return answer({"alias": body.alias, "model_version": version})


@router.post("/model/alias/remove", **answers())
async def remove_alias(site: ThisSite, body: Json[AliasRequest]) -> Response:
    """Remove an alias; the version stays."""
    site.models.tags.remove_alias(body.alias)
    return answer()


@router.post("/model/alias/list", **answers({"fraud@production": JOB}))
async def list_aliases(site: ThisSite) -> Response:
    """List all aliases of this site with their versions."""
    return answer(site.models.tags.aliases())

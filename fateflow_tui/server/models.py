"""Model versions as people see them: over all parties, with their state, their names and their differences."""

from __future__ import annotations

import asyncio
from itertools import groupby

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.runtime.site import Site
from fateflow_tui.server.context import ClientName, ThisSite
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.fate.records import version_line
from fateflow_tui.server.openapi import FLAG, JOB, NUMBER, TEXT, described, members
from fateflow_tui.server.requests import Body, JsonBody

router = APIRouter(tags=["model"])

_LISTED = 20
_LINE = {"model_version": JOB, "roles": {"guest": [9999]}, "deployed": False, "here": ["guest:9999"]}
_ALIAS = {"alias": "fraud@production", "model_version": JOB}


@router.post("/model/list", **described(members(limit=NUMBER, model_id=TEXT, deployed=FLAG), {"limit": 10}, [_LINE]))
async def list_(site: ThisSite, body: JsonBody) -> Response:
    """The model versions that have a part at this site, newest first; `limit` (0: all), `model_id`, `deployed`."""
    parts = await asyncio.to_thread(site.models.find, model_id=body.text("model_id"))
    versions = [list(group) for _, group in groupby(parts, key=lambda part: part.pipeline.model_version)]
    if body.members.get("deployed") is not None:
        versions = [group for group in versions if group[0].pipeline.deployed == body.flag("deployed")]
    limit = body.integer("limit", _LISTED)
    return answer([version_line(site, group) for group in (versions[:limit] if limit > 0 else versions)])


@router.post("/model/show", **described(members("model_version"), {"model_version": JOB}, _LINE))
async def show(site: ThisSite, body: JsonBody) -> Response:
    """One version (id, unique prefix, `@last` or `name@tag`) with every party's part as it is now."""
    version = _version(site, body)
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


@router.post(
    "/model/verify",
    **described(members("model_version"), {"model_version": JOB}, {"ok": True, "model_version": JOB, "parties": {}}),
)
async def verify(site: ThisSite, body: JsonBody) -> Response:
    """Whether all parties' parts of a version are there, of one generation and unharmed; asks the other sites."""
    version = _version(site, body)
    states = await site.models.verify(version)
    ok = all(not state.flaws for state in states.values())
    return answer({"ok": ok, "model_version": version, "parties": states})


@router.post(
    "/model/diff", **described(members("a", "b", role=TEXT, party_id=TEXT), {"a": JOB, "b": "@1"}, {"same": True})
)
async def diff(site: ThisSite, body: JsonBody) -> Response:
    """What differs between versions `a` and `b` at one party of this site: documents, parameters, what was learned."""
    body.require("a", "b")
    one, other = (site.models.resolve(body.text(name)) for name in ("a", "b"))
    return answer(await asyncio.to_thread(site.models.diff, one, other, body.party()))


@router.post(
    "/model/delete",
    **described(members("model_version"), {"model_version": JOB}, {"model_version": JOB, "parties": ["guest:9999"]}),
)
async def delete(site: ThisSite, body: JsonBody, client: ClientName) -> Response:
    """Deletes this site's parts of a version; parts at other sites are theirs. Refused while it is served."""
    version = _version(site, body)
    gone = await asyncio.to_thread(site.models.delete, version, by=client)
    return answer({"model_version": version, "parties": gone})


@router.post("/model/resolve", **described(members("word"), {"word": "@last"}, {"model_version": JOB}))
async def resolve(site: ThisSite, body: JsonBody) -> Response:
    """The full version that a `word` stands for: a unique prefix, `@last`, `@2`, or an alias `name@tag`."""
    return answer({"model_version": _version(site, body, "word")})


@router.post(
    "/model/alias/set",
    **described(members("alias", "model_version"), {"alias": "fraud@production", "model_version": JOB}, _ALIAS),
)
async def set_alias(site: ThisSite, body: JsonBody) -> Response:
    """Lets `alias` (name@tag) stand for a version from now on, whatever it stood for before."""
    body.require("alias")
    version = _version(site, body)
    site.models.require(version)
    site.models.tags.set_alias(body.text("alias"), version)
    return answer({"alias": body.text("alias"), "model_version": version})


@router.post("/model/alias/remove", **described(members("alias"), {"alias": "fraud@production"}))
async def remove_alias(site: ThisSite, body: JsonBody) -> Response:
    """Forgets an alias; the version stays."""
    body.require("alias")
    site.models.tags.remove_alias(body.text("alias"))
    return answer()


@router.post("/model/alias/list", **described(answer={"fraud@production": JOB}))
async def list_aliases(site: ThisSite) -> Response:
    """alias -> model version, all of this site."""
    return answer(site.models.tags.aliases())


def _version(site: Site, body: Body, name: str = "model_version") -> str:
    body.require(name)
    return site.models.resolve(body.text(name))

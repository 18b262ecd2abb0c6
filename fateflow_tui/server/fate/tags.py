"""FATE-Flow's tags: names under which model versions are found."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.core.errors import NotFound
from fateflow_tui.runtime.models.versions import ModelNotFound
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.openapi import FLAG, JOB, NUMBER, TEXT, described, members
from fateflow_tui.server.requests import Body, JsonBody

router = APIRouter(tags=["tag (FATE-Flow 1.x)"])

_LISTED = 10
_TAG = {"name": "t1", "description": "first"}


@router.post("/model/tag/create", **described(members(tag_name=TEXT, tag_desc=TEXT), {"tag_name": "t1"}))
async def create(site: ThisSite, body: JsonBody) -> Response:
    """Makes a tag with a description."""
    name = body.text("tag_name")
    site.models.tags.create(name, body.text("tag_desc"))
    return answer(retmsg=f"'{name}' tag has been created successfully.")


@router.post(
    "/model/tag/retrieve", **described(members(tag_name=TEXT, with_model=FLAG), {"tag_name": "t1"}, {"tags": [_TAG]})
)
async def retrieve(site: ThisSite, body: JsonBody) -> Response:
    """The tags whose names contain `tag_name`; with `with_model` the models of the tag of exactly that name."""
    name = body.text("tag_name")
    if body.flag("with_model"):
        return answer(_models_of(site, name))
    tags = [_shown(tag) for tag in site.models.tags.list() if name in tag.name]
    if not tags:
        raise _NoTag("No tags found.")
    return answer({"tags": tags})


@router.post(
    "/model/tag/update",
    **described(members("tag_name", new_tag_name=TEXT, new_tag_desc=TEXT), {"tag_name": "t1", "new_tag_name": "t2"}),
)
async def update(site: ThisSite, body: JsonBody) -> Response:
    """Renames a tag, or gives it another description."""
    name = body.text("tag_name")
    new = {key: body.text(f"new_tag_{key}") for key in ("name", "desc") if body.members.get(f"new_tag_{key}")}
    site.models.tags.change(name, name=new.get("name"), description=new.get("desc"))
    return answer(retmsg=f"Information of '{name}' tag has been updated successfully.")


@router.post("/model/tag/destroy", **described(members("tag_name"), {"tag_name": "t1"}))
async def destroy(site: ThisSite, body: JsonBody) -> Response:
    """Forgets a tag; the models stay."""
    name = body.text("tag_name")
    site.models.tags.destroy(name)
    return answer(retmsg=f"'{name}' tag has been deleted successfully.")


@router.post(
    "/model/tag/list", **described(members(limit=NUMBER), {"limit": 10}, {"tags": [{**_TAG, "model_count": 1}]})
)
async def list_(site: ThisSite, body: JsonBody) -> Response:
    """All tags with the number of versions that have them, at most `limit`."""
    limit = body.integer("limit", _LISTED)
    tags = site.models.tags.list()
    shown = tags[:limit] if limit > 0 else tags
    return answer({"tags": [{**_shown(tag), "model_count": len(tag.versions)} for tag in shown]})


@router.post("/model/model_tag/create", **described(members("job_id", "tag_name"), {"job_id": JOB, "tag_name": "t1"}))
async def tag_model(site: ThisSite, body: JsonBody) -> Response:
    """Tags the version that `job_id` names; the tag is made if there is none."""
    version, name = _version(site, body), body.text("tag_name")
    site.models.tags.tag(name, version)
    return answer(retmsg=f"Adding {name} tag for model with job id: {version} successfully.")


@router.post("/model/model_tag/remove", **described(members("job_id", "tag_name"), {"job_id": JOB, "tag_name": "t1"}))
async def untag_model(site: ThisSite, body: JsonBody) -> Response:
    """Takes a tag away from the version that `job_id` names."""
    version, name = _version(site, body), body.text("tag_name")
    site.models.tags.untag(name, version)
    return answer(retmsg=f"'{name}' tag has been removed from tag list of model {version}.")


@router.post("/model/model_tag/retrieve", **described(members("job_id"), {"job_id": JOB}, {"tags": [_TAG], "count": 1}))
async def tags_of_model(site: ThisSite, body: JsonBody) -> Response:
    """The tags of the version that `job_id` names."""
    version = _version(site, body)
    tags = [_shown(tag) for tag in site.models.tags.list() if version in tag.versions]
    return answer({"tags": tags, "count": len(tags)})


class _NoTag(NotFound):
    """FATE-Flow answers 100 for tags that are not there."""

    code, retcode = "tag_not_found", 100


def _models_of(site: Site, name: str) -> dict[str, Any]:
    tag = next((tag for tag in site.models.tags.list() if tag.name == name), None)
    if tag is None:
        raise _NoTag(f"Can not found '{name}' tag.")
    parts = [part for version in tag.versions for part in site.models.find(version=version)]
    models = [
        {
            "model_id": part.pipeline.model_id,
            "model_version": part.pipeline.model_version,
            "model_size": part.size,
            "role": part.pipeline.party.role,
            "party_id": part.pipeline.party.party_id,
        }
        for part in parts
    ]
    return {"models": models, "count": len(models)}


def _version(site: Site, body: Body) -> str:
    body.require("job_id")
    word = body.text("job_id")
    if not site.models.find(version=word):
        raise ModelNotFound(f"Can not found model by job id: '{word}'.")
    return word


def _shown(tag: Any) -> dict[str, Any]:
    return {"name": tag.name, "description": tag.description}

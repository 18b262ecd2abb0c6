"""FATE-Flow's tags: names by which model versions are found."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.core.errors import NotFound
from fateflow_tui.registry.names import Tag
from fateflow_tui.runtime.models.versions import ModelNotFound
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.openapi import JOB, answers
from fateflow_tui.server.requests import Flag, Int, Json, Name, RequestBody, Text

router = APIRouter(tags=["tag (FATE-Flow 1.x)"])

_TAG: Final = {"name": "t1", "description": "first"}


class CreateTagRequest(RequestBody, example={"tag_name": "t1"}):
    tag_name: Text = ""
    tag_desc: Text = ""


class RetrieveTagRequest(RequestBody, example={"tag_name": "t1"}):
    tag_name: Annotated[Text, "part of the name"] = ""
    with_model: Annotated[Flag, "the models of the tag of exactly this name"] = False


class UpdateTagRequest(RequestBody, example={"tag_name": "t1", "new_tag_name": "t2"}):
    tag_name: Name
    new_tag_name: Text = ""
    new_tag_desc: Text = ""


class TagRequest(RequestBody, example={"tag_name": "t1"}):
    tag_name: Name


class ListTagsRequest(RequestBody, example={"limit": 10}):
    limit: Int = 10


class TagsOfModelRequest(RequestBody, example={"job_id": JOB}):
    job_id: Text


class TagModelRequest(TagsOfModelRequest, example={"job_id": JOB, "tag_name": "t1"}):
    tag_name: Name


@router.post("/model/tag/create", **answers())
async def create(site: ThisSite, body: Json[CreateTagRequest]) -> Response:
    """Create a tag."""
    site.models.tags.create(body.tag_name, body.tag_desc)
    return answer(retmsg=f"'{body.tag_name}' tag has been created successfully.")


@router.post("/model/tag/retrieve", **answers({"tags": [_TAG]}))
async def retrieve(site: ThisSite, body: Json[RetrieveTagRequest]) -> Response:
    """Find tags by a part of their name, or the models of one tag."""
    if body.with_model:
        return answer(_models_of(site, body.tag_name))
    tags = [_line(tag) for tag in site.models.tags.list() if body.tag_name in tag.name]
    if not tags:
        raise _NoTag("No tags found.")
    return answer({"tags": tags})


@router.post("/model/tag/update", **answers())
async def update(site: ThisSite, body: Json[UpdateTagRequest]) -> Response:
    """Rename a tag, or change its description."""
    name, description = body.new_tag_name or None, body.new_tag_desc or None
    site.models.tags.change(body.tag_name, name=name, description=description)
    return answer(retmsg=f"Information of '{body.tag_name}' tag has been updated successfully.")


@router.post("/model/tag/destroy", **answers())
async def destroy(site: ThisSite, body: Json[TagRequest]) -> Response:
    """Delete a tag; the models stay."""
    site.models.tags.destroy(body.tag_name)
    return answer(retmsg=f"'{body.tag_name}' tag has been deleted successfully.")


@router.post("/model/tag/list", **answers({"tags": [{**_TAG, "model_count": 1}]}))
async def list_(site: ThisSite, body: Json[ListTagsRequest]) -> Response:
    """List the tags, each with its number of versions."""
    tags = site.models.tags.list()
    shown = tags[: body.limit] if body.limit > 0 else tags
    return answer({"tags": [{**_line(tag), "model_count": len(tag.versions)} for tag in shown]})


@router.post("/model/model_tag/create", **answers())
async def tag_model(site: ThisSite, body: Json[TagModelRequest]) -> Response:
    """Tag a version. The tag is created if it does not exist."""
    version = _version(site, body)
    site.models.tags.tag(body.tag_name, version)
    return answer(retmsg=f"Adding {body.tag_name} tag for model with job id: {version} successfully.")


@router.post("/model/model_tag/remove", **answers())
async def untag_model(site: ThisSite, body: Json[TagModelRequest]) -> Response:
    """Remove a tag from a version."""
    version = _version(site, body)
    site.models.tags.untag(body.tag_name, version)
    return answer(retmsg=f"'{body.tag_name}' tag has been removed from tag list of model {version}.")


@router.post("/model/model_tag/retrieve", **answers({"tags": [_TAG], "count": 1}))
async def tags_of_model(site: ThisSite, body: Json[TagsOfModelRequest]) -> Response:
    """List the tags of a version."""
    version = _version(site, body)
    tags = [_line(tag) for tag in site.models.tags.list() if version in tag.versions]
    return answer({"tags": tags, "count": len(tags)})


class _NoTag(NotFound):
    """FATE-Flow answers 100 for tags that do not exist."""

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


def _version(site: Site, body: TagsOfModelRequest) -> str:
    if not site.models.find(version=body.job_id):
        raise ModelNotFound(f"Can not found model by job id: '{body.job_id}'.")
    return body.job_id


def _line(tag: Tag) -> dict[str, Any]:
    return {"name": tag.name, "description": tag.description}

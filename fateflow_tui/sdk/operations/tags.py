"""Tags: names that model versions are found by."""

from __future__ import annotations

from fateflow_tui.sdk.operations.call import Call, given, member, nothing
from fateflow_tui.sdk.types import Tag, TaggedModel


def listed(limit: int = 10) -> Call[list[Tag]]:
    """Tags with the number of their models."""
    return Call("/v1/model/tag/list", {"limit": limit}, member("tags", list[Tag]))


def create(name: str, description: str = "") -> Call[None]:
    """Makes a tag. Raises when there is one of this name."""
    return Call("/v1/model/tag/create", {"tag_name": name, **given({"tag_desc": description})}, nothing)


def find(text: str) -> Call[list[Tag]]:
    """Tags whose names have this text in them. Raises when there are none."""
    return Call("/v1/model/tag/retrieve", {"tag_name": text, "with_model": False}, member("tags", list[Tag]))


def models(name: str) -> Call[list[TaggedModel]]:
    """The parts of models that have a tag."""
    body = {"tag_name": name, "with_model": True}
    return Call("/v1/model/tag/retrieve", body, member("models", list[TaggedModel]))


def update(name: str, new_name: str = "", new_description: str = "") -> Call[None]:
    """Gives a tag another name, another description, or both."""
    body = {"tag_name": name, **given({"new_tag_name": new_name, "new_tag_desc": new_description})}
    return Call("/v1/model/tag/update", body, nothing)


def delete(name: str) -> Call[None]:
    """Deletes a tag; the models that had it stay."""
    return Call("/v1/model/tag/destroy", {"tag_name": name}, nothing)


def attach(model_version: str, name: str) -> Call[None]:
    """Tags a model version; makes the tag if there is none of this name."""
    return Call("/v1/model/model_tag/create", {"job_id": model_version, "tag_name": name}, nothing)


def detach(model_version: str, name: str) -> Call[None]:
    """Takes a tag from a model version."""
    return Call("/v1/model/model_tag/remove", {"job_id": model_version, "tag_name": name}, nothing)


def of_model(model_version: str) -> Call[list[Tag]]:
    """The tags of a model version."""
    return Call("/v1/model/model_tag/retrieve", {"job_id": model_version}, member("tags", list[Tag]))

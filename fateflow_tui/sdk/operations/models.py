"""Models: versions of what jobs have trained, one part at each party."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import party_model_id
from fateflow_tui.sdk.operations.call import (
    Call,
    Document,
    PartyLike,
    Roles,
    as_,
    document,
    first_guest,
    given,
    list_of,
    member,
    nothing,
    part_members,
    party_members,
    party_of,
    role_ids,
    roles_of,
)
from fateflow_tui.sdk.types import (
    Alias,
    Deployment,
    ModelDiff,
    ModelLine,
    ModelRecord,
    ModelVerification,
    ModelView,
    PartyOutcomes,
)

_LONG = 600.0  # seconds, where parts are sent between sites


def listed(limit: int = 20, model_id: str = "", deployed: bool | None = None) -> Call[list[ModelLine]]:
    """Model versions, newest first; limit 0 for all. deployed: only those that are, or are not."""
    body = {"limit": limit, **given({"model_id": model_id})}
    return Call("/v1/model/list", body | ({} if deployed is None else {"deployed": deployed}), list_of(ModelLine))


def show(model_version: str) -> Call[ModelView]:
    """One version whole: its parts at all parties, what it was deployed from, tags and aliases.

    model_version: here and below also a unique beginning of one, `@last`, or an alias such as `churn@prod`.
    """
    return Call("/v1/model/show", {"model_version": model_version}, as_(ModelView), patience=30)


def resolve(word: str) -> Call[str]:
    """The whole version for a unique beginning of one, `@last`, `@2`, or an alias."""
    return Call("/v1/model/resolve", {"word": word}, member("model_version", str))


def query(
    model_version: str = "", model_id: str = "", party: PartyLike | None = None, fields: Sequence[str] = ()
) -> Call[list[ModelRecord]]:
    """FATE's records of parts at the asked site. fields: only these, written without `f_`. Raises when there are
    none.
    """
    body = {**_version(model_version, model_id), **party_members(party), "query_filters": list(fields)}
    return Call("/v1/model/query", given(body), list_of(ModelRecord))


def verify(model_version: str) -> Call[ModelVerification]:
    """Whether all parts are there, whole and unchanged, at every party."""
    return Call("/v1/model/verify", {"model_version": model_version}, as_(ModelVerification), patience=60)


def diff(a: str, b: str, party: PartyLike | None = None) -> Call[ModelDiff]:
    """How two versions (or aliases) differ: documents, parameters and models."""
    return Call("/v1/model/diff", {"a": a, "b": b, **party_members(party)}, as_(ModelDiff))


def delete(model_version: str) -> Call[list[str]]:
    """Deletes the parts of a version at the asked site, and gives their parties. Raises Conflict while it is loaded."""
    return Call("/v1/model/delete", {"model_version": model_version}, member("parties", list[str]))


def deploy(
    model_id: str,
    model_version: str,
    components: Sequence[str] = (),
    predict_dsl: Document | None = None,
    checkpoints: Mapping[str, Mapping[str, Any]] | None = None,
) -> Call[Deployment]:
    """Makes a version to predict with, of a trained one, at all its parties.

    components: of the training that predict; none for all. predict_dsl: in their place; may have components that were
    not trained, such as Reader and Evaluation. checkpoints: component -> {step_index or step_name}.
    """
    body = {
        "model_id": model_id,
        "model_version": model_version,
        "cpn_list": list(components),
        "predict_dsl": document(predict_dsl) if predict_dsl is not None else None,
        "components_checkpoint": dict(checkpoints or {}),
    }
    return Call("/v1/model/deploy", given(body), as_(Deployment), patience=_LONG)


def predict_dsl(model_id: str, model_version: str, party: PartyLike | None = None) -> Call[dict[str, Any]]:
    """The DSL with which a deployed version predicts."""
    body = {**_version(model_version, model_id), **party_members(party)}
    return Call("/v1/model/get/predict/dsl", body, as_(dict[str, Any]))


def predict_conf(model_id: str, model_version: str, party: PartyLike | None = None) -> Call[dict[str, Any]]:
    """A conf to predict with, in which only the names of the tables are to be filled in."""
    body = {**_version(model_version, model_id), **party_members(party)}
    return Call("/v1/model/get/predict/conf", body, as_(dict[str, Any]))


def load(
    model_id: str = "",
    model_version: str = "",
    *,
    job_id: str = "",
    roles: Roles | None = None,
    initiator: PartyLike | None = None,
) -> Call[PartyOutcomes]:
    """Loads a deployed version for inference at its guest and hosts.

    job_id: a version by itself, as FATE names it, in the place of model id and version. roles: without it the parties
    of the model id. initiator: without it the first guest.
    """
    body = {"job_id": job_id} if job_id else _conf(model_id, model_version, roles, initiator)
    return Call("/v1/model/load", body, PartyOutcomes.of, patience=_LONG)


def bind(
    service_id: str,
    model_id: str = "",
    model_version: str = "",
    *,
    job_id: str = "",
    roles: Roles | None = None,
    initiator: PartyLike | None = None,
) -> Call[str]:
    """Gives a loaded version the name that inference asks for. The arguments are those of `load`.

    Returns the scheduler's words.
    """
    body = {"job_id": job_id} if job_id else _conf(model_id, model_version, roles, initiator)
    return Call("/v1/model/bind", {**body, "service_id": service_id}, lambda envelope: envelope.retmsg, patience=60)


def set_alias(alias: str, model_version: str) -> Call[Alias]:
    """Lets a name such as `churn@prod` stand for a version; it may be moved to another at any time."""
    return Call("/v1/model/alias/set", {"alias": alias, "model_version": model_version}, as_(Alias))


def remove_alias(alias: str) -> Call[None]:
    """Forgets a name; the version that it stood for stays."""
    return Call("/v1/model/alias/remove", {"alias": alias}, nothing)


def aliases() -> Call[dict[str, str]]:
    """All names that stand for versions: alias -> version."""
    return Call("/v1/model/alias/list", {}, as_(dict[str, str]))


def buffers(model_id: str, model_version: str, party: PartyLike) -> Call[dict[str, str]]:
    """All component models of a part, for serving programs: `component.alias:kind` -> base64 of its JSON."""
    known = party_of(party)
    body = {"namespace": party_model_id(known, model_id), "name": model_version}
    return Call("/v1/model/transfer", body, as_(dict[str, str]))


def checkpoints(model_id: str, model_version: str, party: PartyLike, component: str) -> Call[list[dict[str, Any]]]:
    """The checkpoints that a component has written while it was trained."""
    body = {**part_members(model_id, model_version, party), "component_name": component}
    return Call("/v1/checkpoint/list", body, list_of(dict[str, Any]))


def checkpoint(
    model_id: str, model_version: str, party: PartyLike, component: str, step: int | str
) -> Call[dict[str, Any]]:
    """One checkpoint, by its number or name. Raises NotFound."""
    kind = "step_index" if isinstance(step, int) else "step_name"
    body = {**part_members(model_id, model_version, party), "component_name": component, kind: step}
    return Call("/v1/checkpoint/get", body, as_(dict[str, Any]))


def _version(model_version: str, model_id: str) -> dict[str, Any]:
    return {"model_version": model_version, **given({"model_id": model_id})}


def _conf(model_id: str, model_version: str, roles: Roles | None, initiator: PartyLike | None) -> dict[str, Any]:
    """A conf that names a model and its parties, as load and bind read it."""
    if not (model_id and model_version):
        raise BadRequest("name a model by model_id and model_version, or the job that trained it by job_id")
    parties = role_ids(roles or roles_of(model_id))
    return {
        "initiator": party_members(initiator or first_guest(parties)),
        "role": parties,
        "job_parameters": {"model_id": model_id, "model_version": model_version},
    }

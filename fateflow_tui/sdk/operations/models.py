"""Models: versions of trained models, with one part at each party; their archives, aliases and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import party_model_id
from fateflow_tui.sdk.operations.call import (
    Call,
    Document,
    Mode,
    Namespace,
    PartyLike,
    Roles,
    as_,
    document,
    existing,
    first_guest,
    given,
    list_of,
    member,
    nothing,
    operation,
    part_members,
    party_members,
    party_of,
    role_ids,
    roles_of,
    save,
)
from fateflow_tui.sdk.types.jobs import Submission
from fateflow_tui.sdk.types.models import (
    Alias,
    Deployment,
    ModelDiff,
    ModelLine,
    ModelRecord,
    ModelVerification,
    ModelView,
    PartyOutcomes,
    Tag,
    TaggedModel,
)

_LONG = 600.0  # seconds, where parts are sent between sites


class Models(Namespace[Mode]):
    """Model versions. Called directly, it lists them.

    Where only a model_version is passed, it may also be a unique prefix or suffix, `@last`, or an alias such as
    `churn@prod`.
    """

    @operation
    def __call__(self, limit: int = 20, model_id: str = "", deployed: bool | None = None) -> Call[list[ModelLine]]:
        """List model versions, newest first. limit: 0 for all. deployed: only those that are, or are not."""
        body = {"limit": limit, **given({"model_id": model_id})}
        return Call("/v1/model/list", body | ({} if deployed is None else {"deployed": deployed}), list_of(ModelLine))

    @operation
    def show(self, model_version: str) -> Call[ModelView]:
        """Return one version with its parts at all parties, its origin, tags and aliases. Raises NotFound."""
        return Call("/v1/model/show", {"model_version": model_version}, as_(ModelView), patience=30)

    @operation
    def resolve(self, word: str) -> Call[str]:
        """Return the version for a unique prefix or suffix, `@last`, `@2`, or an alias. Raises NotFound."""
        return Call("/v1/model/resolve", {"word": word}, member("model_version", str))

    @operation
    def query(
        self, model_version: str = "", model_id: str = "", party: PartyLike | None = None, fields: Sequence[str] = ()
    ) -> Call[list[ModelRecord]]:
        """Return FATE's records of parts at this site. fields: only these, named without `f_`. Raises NotFound when
        there are none.
        """
        body = {**_version(model_version, model_id), **party_members(party), "query_filters": list(fields)}
        return Call("/v1/model/query", given(body), list_of(ModelRecord))

    @operation
    def verify(self, model_version: str) -> Call[ModelVerification]:
        """Check at every party that its part of a version is complete and unchanged."""
        return Call("/v1/model/verify", {"model_version": model_version}, as_(ModelVerification), patience=60)

    @operation
    def diff(self, a: str, b: str, party: PartyLike | None = None) -> Call[ModelDiff]:
        """Compare two versions: documents, parameters and models."""
        return Call("/v1/model/diff", {"a": a, "b": b, **party_members(party)}, as_(ModelDiff))

    @operation
    def delete(self, model_version: str) -> Call[list[str]]:
        """Delete the parts of a version at this site, and return their parties. Raises Conflict while it is loaded."""
        return Call("/v1/model/delete", {"model_version": model_version}, member("parties", list[str]))

    @operation
    def deploy(
        self,
        model_id: str,
        model_version: str,
        components: Sequence[str] = (),
        predict_dsl: Document | None = None,
        checkpoints: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Call[Deployment]:
        """Make a version for prediction from a trained one, at all its parties.

        components: of the training that predict; empty for all. predict_dsl: instead of `components`; may contain
        components that were not trained, such as Reader and Evaluation. checkpoints: component -> {step_index or
        step_name}.
        """
        body = {
            "model_id": model_id,
            "model_version": model_version,
            "cpn_list": list(components),
            "predict_dsl": document(predict_dsl) if predict_dsl is not None else None,
            "components_checkpoint": dict(checkpoints or {}),
        }
        return Call("/v1/model/deploy", given(body), as_(Deployment), patience=_LONG)

    @operation
    def predict_dsl(self, model_id: str, model_version: str, party: PartyLike | None = None) -> Call[dict[str, Any]]:
        """Return the prediction DSL of a deployed version."""
        body = {**_version(model_version, model_id), **party_members(party)}
        return Call("/v1/model/get/predict/dsl", body, as_(dict[str, Any]))

    @operation
    def predict_conf(self, model_id: str, model_version: str, party: PartyLike | None = None) -> Call[dict[str, Any]]:
        """Return a conf for prediction that lacks only the table names."""
        body = {**_version(model_version, model_id), **party_members(party)}
        return Call("/v1/model/get/predict/conf", body, as_(dict[str, Any]))

    @operation
    def load(
        self,
        model_id: str = "",
        model_version: str = "",
        *,
        job_id: str = "",
        roles: Roles | None = None,
        initiator: PartyLike | None = None,
    ) -> Call[PartyOutcomes]:
        """Load a deployed version for inference at its guest and hosts.

        job_id: a version alone, instead of model_id and model_version. roles: by default the parties in the model id.
        initiator: by default the first guest. Raises BadRequest when no version is given.
        """
        body = {"job_id": job_id} if job_id else _conf(model_id, model_version, roles, initiator)
        return Call("/v1/model/load", body, PartyOutcomes.of, patience=_LONG)

    @operation
    def bind(
        self,
        service_id: str,
        model_id: str = "",
        model_version: str = "",
        *,
        job_id: str = "",
        roles: Roles | None = None,
        initiator: PartyLike | None = None,
    ) -> Call[str]:
        """Bind a loaded version to a service id, and return the scheduler's message. Arguments as for `load`."""
        body = {"job_id": job_id} if job_id else _conf(model_id, model_version, roles, initiator)
        return Call("/v1/model/bind", {**body, "service_id": service_id}, lambda envelope: envelope.retmsg, patience=60)

    @operation
    def migrate(
        self,
        model_id: str,
        model_version: str,
        *,
        migrate_roles: Roles,
        migrate_initiator: PartyLike | None = None,
        roles: Roles | None = None,
        execute_parties: Roles | None = None,
        unify_model_version: str = "",
    ) -> Call[PartyOutcomes]:
        """Copy a version to other party ids; each party's message contains the new model id.

        roles: the present parties, by default those in the model id. migrate_roles: the new ones, in the same order.
        migrate_initiator: by default the first new guest. execute_parties: which parties migrate their part, by
        default all. unify_model_version: the version of the copy, by default generated.
        """
        present = role_ids(roles or roles_of(model_id))
        new = role_ids(migrate_roles)
        body = {
            "migrate_initiator": party_members(migrate_initiator or first_guest(new)),
            "role": present,
            "migrate_role": new,
            "execute_party": role_ids(execute_parties or present),
            "model_id": model_id,
            "model_version": model_version,
            "job_parameters": {"federated_mode": "MULTIPLE"},
            **given({"unify_model_version": unify_model_version}),
        }
        return Call("/v1/model/migrate", body, PartyOutcomes.of, patience=_LONG)

    @operation
    def export(self, model_id: str, model_version: str, party: PartyLike, target: Path | str) -> Call[Path]:
        """Download a party's part of a version as an archive to `target`."""
        return save("model/export", part_members(model_id, model_version, party), target)

    @operation
    def import_(
        self, file: Path | str, party: PartyLike, model_id: str, model_version: str, force: bool = False
    ) -> Call[dict[str, Any]]:
        """Register a party's part of a version from an archive. force: replace an existing part. Raises Conflict when
        there is one.
        """
        body = {**part_members(model_id, model_version, party), "force_update": str(int(force))}
        return Call(
            "/v1/model/import",
            body,
            lambda envelope: dict(envelope.data or {}),
            upload=existing(file),
            patience=_LONG,
        )

    @operation
    def store(self, model_id: str, model_version: str, party: PartyLike, force: bool = False) -> Call[Submission]:
        """Start the job that copies a part to the site's second location. force: overwrite an existing copy."""
        body = {**part_members(model_id, model_version, party), **given({"force_update": force})}
        return Call("/v1/model/store", body, as_(Submission))

    @operation
    def restore(self, model_id: str, model_version: str, party: PartyLike, force: bool = False) -> Call[Submission]:
        """Start the job that copies a part back from the site's second location. force: overwrite an existing part."""
        body = {**part_members(model_id, model_version, party), **given({"force_update": force})}
        return Call("/v1/model/restore", body, as_(Submission))

    @operation
    def set_alias(self, alias: str, model_version: str) -> Call[Alias]:
        """Let a name such as `churn@prod` refer to a version; it may be moved to another version later."""
        return Call("/v1/model/alias/set", {"alias": alias, "model_version": model_version}, as_(Alias))

    @operation
    def remove_alias(self, alias: str) -> Call[None]:
        """Remove an alias; the version is kept."""
        return Call("/v1/model/alias/remove", {"alias": alias}, nothing)

    @operation
    def aliases(self) -> Call[dict[str, str]]:
        """Return all aliases: alias -> version."""
        return Call("/v1/model/alias/list", {}, as_(dict[str, str]))

    @operation
    def buffers(self, model_id: str, model_version: str, party: PartyLike) -> Call[dict[str, str]]:
        """Return all component models of a part, for serving programs: `component.alias:kind` -> base64 of its JSON."""
        body = {"namespace": party_model_id(party_of(party), model_id), "name": model_version}
        return Call("/v1/model/transfer", body, as_(dict[str, str]))

    @operation
    def checkpoints(
        self, model_id: str, model_version: str, party: PartyLike, component: str
    ) -> Call[list[dict[str, Any]]]:
        """List the checkpoints that a component wrote during training."""
        body = {**part_members(model_id, model_version, party), "component_name": component}
        return Call("/v1/checkpoint/list", body, list_of(dict[str, Any]))

    @operation
    def checkpoint(
        self, model_id: str, model_version: str, party: PartyLike, component: str, step: int | str
    ) -> Call[dict[str, Any]]:
        """Return one checkpoint by its number or name. Raises NotFound."""
        kind = "step_index" if isinstance(step, int) else "step_name"
        body = {**part_members(model_id, model_version, party), "component_name": component, kind: step}
        return Call("/v1/checkpoint/get", body, as_(dict[str, Any]))


class Tags(Namespace[Mode]):
    """Tags of model versions. Called directly, it lists them."""

    @operation
    def __call__(self, limit: int = 10) -> Call[list[Tag]]:
        """List tags with the number of their models."""
        return Call("/v1/model/tag/list", {"limit": limit}, member("tags", list[Tag]))

    @operation
    def create(self, name: str, description: str = "") -> Call[None]:
        """Create a tag. Raises FateFlowError when the name is taken."""
        return Call("/v1/model/tag/create", {"tag_name": name, **given({"tag_desc": description})}, nothing)

    @operation
    def find(self, text: str) -> Call[list[Tag]]:
        """List tags whose names contain this text. Raises FateFlowError when there are none."""
        return Call("/v1/model/tag/retrieve", {"tag_name": text, "with_model": False}, member("tags", list[Tag]))

    @operation
    def models(self, name: str) -> Call[list[TaggedModel]]:
        """List the model parts with a tag."""
        body = {"tag_name": name, "with_model": True}
        return Call("/v1/model/tag/retrieve", body, member("models", list[TaggedModel]))

    @operation
    def update(self, name: str, new_name: str = "", new_description: str = "") -> Call[None]:
        """Change the name or description of a tag."""
        body = {"tag_name": name, **given({"new_tag_name": new_name, "new_tag_desc": new_description})}
        return Call("/v1/model/tag/update", body, nothing)

    @operation
    def delete(self, name: str) -> Call[None]:
        """Delete a tag; its models are kept."""
        return Call("/v1/model/tag/destroy", {"tag_name": name}, nothing)

    @operation
    def attach(self, model_version: str, name: str) -> Call[None]:
        """Tag a model version; creates the tag when it does not exist."""
        return Call("/v1/model/model_tag/create", {"job_id": model_version, "tag_name": name}, nothing)

    @operation
    def detach(self, model_version: str, name: str) -> Call[None]:
        """Remove a tag from a model version."""
        return Call("/v1/model/model_tag/remove", {"job_id": model_version, "tag_name": name}, nothing)

    @operation
    def of_model(self, model_version: str) -> Call[list[Tag]]:
        """List the tags of a model version."""
        return Call("/v1/model/model_tag/retrieve", {"job_id": model_version}, member("tags", list[Tag]))


def _version(model_version: str, model_id: str) -> dict[str, Any]:
    return {"model_version": model_version, **given({"model_id": model_id})}


def _conf(model_id: str, model_version: str, roles: Roles | None, initiator: PartyLike | None) -> dict[str, Any]:
    """The conf of load and bind: a model version and its parties."""
    if not (model_id and model_version):
        raise BadRequest("no model version given", hint="pass model_id and model_version, or job_id")
    parties = role_ids(roles or roles_of(model_id))
    return {
        "initiator": party_members(initiator or first_guest(parties)),
        "role": parties,
        "job_parameters": {"model_id": model_id, "model_version": model_version},
    }

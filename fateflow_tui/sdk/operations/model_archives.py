"""Parts of models on their way: to other parties, into archives, to a second location, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fateflow_tui.sdk.answers import Envelope
from fateflow_tui.sdk.operations.call import (
    Call,
    PartyLike,
    Roles,
    as_,
    existing,
    fetch,
    first_guest,
    given,
    part_members,
    party_members,
    role_ids,
    roles_of,
)
from fateflow_tui.sdk.types import PartyOutcomes
from fateflow_tui.sdk.types.jobs import Submission

_LONG = 600.0  # seconds, for large models


def migrate(
    model_id: str,
    model_version: str,
    *,
    migrate_roles: Roles,
    migrate_initiator: PartyLike | None = None,
    roles: Roles | None = None,
    execute_parties: Roles | None = None,
    unify_model_version: str = "",
) -> Call[PartyOutcomes]:
    """Makes a version for other party ids; each party's message names the new id.

    roles: the present parties, without it those of the model id. migrate_roles: the new ones, in the same order.
    migrate_initiator: without it the first new guest. execute_parties: who does it, without it all present ones.
    unify_model_version: of the new model; without it the site makes one up.
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


def export(model_id: str, model_version: str, party: PartyLike, target: Path | str) -> Call[Path]:
    """A party's part as an archive, written to `target`."""
    return fetch("model/export", part_members(model_id, model_version, party), target)


def import_(
    file: Path | str, party: PartyLike, model_id: str, model_version: str, force: bool = False
) -> Call[dict[str, Any]]:
    """Registers a party's part from an archive. force: also in the place of one that is there; else Conflict is
    raised.
    """
    body = {**part_members(model_id, model_version, party), "force_update": str(int(force))}

    def read(envelope: Envelope) -> dict[str, Any]:
        return dict(envelope.data or {})

    return Call("/v1/model/import", body, read, upload=existing(file), patience=_LONG)


def store(model_id: str, model_version: str, party: PartyLike, force: bool = False) -> Call[Submission]:
    """Starts the job that copies a part to the site's second location. force: over one that is there already."""
    body = {**part_members(model_id, model_version, party), **given({"force_update": force})}
    return Call("/v1/model/store", body, as_(Submission))


def restore(model_id: str, model_version: str, party: PartyLike, force: bool = False) -> Call[Submission]:
    """Starts the job that gets a part back from the site's second location."""
    body = {**part_members(model_id, model_version, party), **given({"force_update": force})}
    return Call("/v1/model/restore", body, as_(Submission))

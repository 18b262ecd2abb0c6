"""Ids of jobs, tasks, parties and models, in FATE's formats."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final, Self

import msgspec

ROLES: Final = ("guest", "host", "arbiter", "local")
OWN_PARTY_ID: Final = "0"  # FATE's party id of the local site
SHORT_ID: Final = 4  # digits; the minimum of a short id


class Party(msgspec.Struct, frozen=True, order=True):
    """One participant of a job: a role played by a party id, written ``guest:9999``.

    The id is text because clients send it both as number and as text (`9999`, `"9999"`);
    `Party.of` accepts either.
    """

    role: str
    party_id: str

    @classmethod
    def of(cls, role: str, party_id: str | int) -> Self:
        return cls(role, str(party_id))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse ``role:id``. Raises ValueError for any other form."""
        role, colon, party_id = text.partition(":")
        if not (role and colon and party_id):
            raise ValueError(f"invalid party {text!r}: expected role:id, as in guest:9999")
        return cls(role, party_id)

    def __str__(self) -> str:
        return f"{self.role}:{self.party_id}"


def job_id_at(moment: datetime, counter: int) -> str:
    """Return a job id: the local time in microseconds, then the process-wide counter. Ids sort by age."""
    return f"{moment:%Y%m%d%H%M%S%f}{counter}"


def ids_matching(word: str, ids: Iterable[str]) -> list[str]:
    """Return the ids that begin with a word, or end with it if it is at least as long as a short id."""
    return [one for one in ids if one.startswith(word) or (len(word) >= SHORT_ID and one.endswith(word))]


def short_id_length(ids: Collection[str]) -> int:
    """Return how many last digits tell these ids apart."""
    longest = max(map(len, ids), default=SHORT_ID)
    return next((n for n in range(SHORT_ID, longest) if len({one[-n:] for one in ids}) == len(ids)), longest)


def task_id(job_id: str, component: str) -> str:
    return f"{job_id}_{component}"


def session_id(job_id: str, component: str, version: int, party: Party) -> str:
    """Return the id of one run of a party's task, unique over all jobs, versions and parties."""
    return f"{task_id(job_id, component)}_{version}_{party.role}_{party.party_id}"


def output_namespace(job_id: str, component: str, version: int) -> str:
    return f"output_data_{task_id(job_id, component)}_{version}"


def model_id(roles: Mapping[str, Iterable[int | str]]) -> str:
    """``arbiter-10000#guest-9999#host-10000#model``: roles by name, ids unique and in numeric order."""
    parts = [
        f"{role}-{'_'.join(str(i) for i in sorted({int(p) for p in ids}))}"
        for role, ids in sorted(roles.items())
        if ids
    ]
    return "#".join([*parts, "model"])


def party_model_id(party: Party, model: str) -> str:
    return f"{party.role}#{party.party_id}#{model}"

"""Model versions: looking them up, and their lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fateflow_tui.commands import fate
from fateflow_tui.commands.context import Session
from fateflow_tui.commands.options import ModelOptions, required
from fateflow_tui.commands.output import cell, columns
from fateflow_tui.core.errors import BadRequest, NotFound
from fateflow_tui.views.models import grouped_parties, short_parties, version_kind
from fateflow_tui.views.text import timestamp

if TYPE_CHECKING:
    from fateflow_tui.sdk.types.models import ModelLine, ModelPart, ModelView


class Version(NamedTuple):
    """A version registered at the site. parties: those with a part at this site, the guest first."""

    model_id: str
    model_version: str
    parties: list[str]

    @property
    def body(self) -> dict[str, Any]:
        return {"model_id": self.model_id, "model_version": self.model_version}


def find_version(session: Session, word: str, model_id: str | None = None) -> Version:
    """Look up a version. Raises NotFound, and Conflict for an ambiguous prefix."""
    version = session.version(word)
    body = {"model_version": version, "model_id": model_id, "query_filters": ["model_id", "role", "party_id"]}
    envelope = fate.request(session, "model/query", body)
    records = envelope.get("data") or []
    if not records:
        raise NotFound(f"model version {word} not found at this site", hint="`fateflow model list` lists the versions")
    parties = [f"{one['f_role']}:{one['f_party_id']}" for one in records]
    return Version(records[0]["f_model_id"], version, sorted(parties, key=lambda one: (one[:5] != "guest", one)))


def fate_body(session: Session, which: ModelOptions) -> dict[str, Any]:
    """Return the request for a version. An unknown one is sent as it is, and answered as FATE does."""
    body = which.body()
    return {**body, "model_version": session.known_version(body["model_version"])}


def party_of_part(version: Version, party: str | None) -> str:
    """Return the given party, or by default the guest or the only one at this site. Raises NotFound."""
    if party is None:
        return version.parties[0]
    if party not in version.parties:
        raise NotFound(
            f"version {version.model_version} has no part of {party} at this site",
            hint=f"parts at this site: {', '.join(version.parties)}",
        )
    return party


def part_body(version: Version, party: str | None) -> dict[str, Any]:
    """Return the request for one party's part, with FATE's names."""
    role, _, party_id = party_of_part(version, party).partition(":")
    return {**version.body, "role": role, "party_id": party_id}


def only_one(first: object, conf_path: Path | None, what: str) -> None:
    """Raise BadRequest unless exactly one of both is given."""
    if (not first) == (conf_path is None):
        raise BadRequest(f"expected either {what} or a configuration with -c")


def named(word: str | None) -> str:
    """Return the value of the required argument VERSION. Raises BadRequest."""
    return required(word, "VERSION")


VERSION_TITLES = ("VERSION", "KIND", "CREATED", "PARTIES", "ALIASES", "COMPONENTS")
_DIGEST_LENGTH = 12  # shown characters of a digest


def version_row(line: ModelLine) -> list[str]:
    """Return the cells of a row of `model list`."""
    return [
        line.model_version,
        version_kind(line),
        timestamp(line.created_at),
        short_parties(line.roles),
        ", ".join(names_of(line)),
        ",".join(line.components),
    ]


def _kinds(line: ModelLine) -> list[str]:
    """Return `loaded`, `deployed` or `trained`, and `imported`, as they apply."""
    words = ["loaded"] if line.loaded else []
    words.append("deployed" if line.deployed else "trained")
    return [*words, *(["imported"] if line.imported else [])]


def names_of(line: ModelLine) -> list[str]:
    """Return the aliases, and the tags with a #."""
    return [*line.aliases, *(f"#{tag}" for tag in line.tags)]


def view_lines(view: ModelView) -> Iterator[str]:
    """Yield the lines of `model show`."""
    facts = [
        ("model", view.model_id),
        ("parties", grouped_parties(view.roles)),
        ("trained by", f"job {view.job_id}" if view.job_id and not view.deployed else ""),
        ("deployed from", str(view.parent_info.get("parent_model_version", ""))),
        ("created", timestamp(view.created_at)),
        ("aliases", ", ".join(names_of(view))),
    ]
    yield f"{view.model_version}  {', '.join(_kinds(view))}"
    yield from ("  ".join(row) for row in columns([[f"  {name}", cell(value)] for name, value in facts if value]))
    if view.components:
        yield ""
        rows = [[f"  {name}", module] for name, module in view.components.items()]
        yield from ("  ".join(row).rstrip() for row in columns(rows))
    yield ""
    yield from state_lines(view.parties, view.loaded)


def state_lines(states: Mapping[str, ModelPart], loaded: Sequence[str] = ()) -> Iterator[str]:
    """Yield a line for every party's part: its state, where it is, and what is wrong with it."""
    rows: list[list[str]] = []
    for party, part in states.items():
        more = [part.digest[:_DIGEST_LENGTH], "here" if part.here else "elsewhere", "loaded" if party in loaded else ""]
        rows.append([f"  {'✗ corrupt' if part.flaws else '✓ valid'}", party, "  ".join(word for word in more if word)])
    for line, part in zip(columns(rows), states.values(), strict=True):
        yield "  ".join(line).rstrip()
        yield from (f"      {cell(flaw)}" for flaw in part.flaws)

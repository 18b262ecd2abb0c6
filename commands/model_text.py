"""Model versions as lines of text; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from commands.text import cell, columns, moment

VERSION_TITLES = ("VERSION", "KIND", "CREATED", "PARTIES", "NAMES", "COMPONENTS")
_HASH = 12  # signs of a digest that are shown


def version_row(line: dict[str, Any]) -> list[str]:
    """One line of `model list`."""
    return [
        line["model_version"],
        kind(line)[0],
        moment(line.get("created_at") or 0),
        _short_parties(line.get("roles") or {}),
        ", ".join(names_of(line)),
        ",".join(line.get("components") or ()),
    ]


def kind(line: dict[str, Any]) -> list[str]:
    """What a version is good for, the most of it first, and whether it came from elsewhere."""
    words = ["loaded"] if line.get("loaded") else []
    words.append("deployed" if line.get("deployed") else "trained")
    return [*words, *(["imported"] if line.get("imported") else [])]


def names_of(line: dict[str, Any]) -> list[str]:
    """Aliases as they are, tags with a #."""
    tags = [tag["name"] if isinstance(tag, dict) else str(tag) for tag in line.get("tags") or ()]
    return [*map(str, line.get("aliases") or ()), *(f"#{tag}" for tag in tags)]


def parties_of(roles: dict[str, list[int]]) -> str:
    """`guest:9999 host:10000,10001`."""
    order = ("guest", "host", "arbiter")
    known = [role for role in order if role in roles] + [role for role in roles if role not in order]
    return " ".join(f"{role}:{','.join(str(one) for one in roles[role])}" for role in known)


def _short_parties(roles: dict[str, list[int]]) -> str:
    """`G9999 H10000 A10001`."""
    return " ".join(f"{party[0].upper()}{party.partition(':')[2]}" for party in parties_of(roles).split())


def view_lines(view: dict[str, Any]) -> Iterator[str]:
    """`model show`."""
    parent = (view.get("parent_info") or {}).get("parent_model_version", "")
    made = view.get("job_id") or ""
    facts = [
        ("model", view["model_id"]),
        ("parties", parties_of(view.get("roles") or {})),
        ("trained by", "" if view.get("deployed") else f"job {made}" if made else ""),
        ("deployed of", parent),
        ("created", moment(view.get("created_at") or 0)),
        ("names", ", ".join(names_of(view))),
    ]
    yield f"{view['model_version']}  {', '.join(kind(view))}"
    yield from ("  ".join(row) for row in columns([[f"  {name}", cell(value)] for name, value in facts if value]))
    components = view.get("components") or {}
    if components:
        yield ""
        rows = components.items() if isinstance(components, dict) else [(name, "") for name in components]
        yield from ("  ".join(row).rstrip() for row in columns([[f"  {name}", str(module)] for name, module in rows]))
    yield ""
    yield from state_lines(view.get("parties") or view.get("parts") or {}, view.get("loaded") or ())


def state_lines(states: dict[str, Any], loaded: Iterable[str] = ()) -> Iterator[str]:
    """Every party's part: sound or not, where it is, and what is wrong with it."""
    rows: list[list[str]] = []
    flaws: dict[str, list[str]] = {}
    for party, state in states.items():
        known = state if isinstance(state, dict) else {"flaws": state}
        flaws[party] = [cell(flaw) for flaw in known.get("flaws") or ()]
        where = {True: "here", False: "elsewhere"}.get(known.get("here"), "")  # type: ignore[arg-type]
        more = [*([str(known.get("digest", ""))[:_HASH]] if known.get("digest") else []), where]
        more += ["loaded"] if party in loaded or known.get("loaded") else []
        rows.append([f"  {'✗ flawed' if flaws[party] else '✓ sound'}", party, "  ".join(word for word in more if word)])
    for line, party in zip(columns(rows), states, strict=True):
        yield "  ".join(line).rstrip()
        yield from (f"      {flaw}" for flaw in flaws[party])

"""Verbs of FATE's own client: the same request, and with `--json` the same answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import msgspec

from fateflow_tui.commands.context import Session

_ANY_FAILURE: Final = frozenset(range(1, 1000))  # retcodes; the answer is printed before the failure is raised


def ask(session: Session, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a call below /v1, whatever its retcode. Members of the body that are None are not sent."""
    from fateflow_tui.sdk.operations import Call, whole

    given = {name: value for name, value in body.items() if value is not None}
    return answered(session, Call(f"/v1/{path}", given, whole))


def answered(session: Session, call: Any) -> dict[str, Any]:
    """The envelope that a call of the SDK is answered with."""
    from fateflow_tui.sdk.operations import whole

    asked = msgspec.structs.replace(call, read=whole, tolerated=_ANY_FAILURE, patience=60.0)
    envelope: dict[str, Any] = msgspec.to_builtins(session.flow.do(asked))
    return {name: value for name, value in envelope.items() if value is not None or name == "retcode"}


def show(
    session: Session,
    envelope: dict[str, Any],
    table: Callable[[Any], None],
    *,
    name: str = "",
    tolerated: Collection[int] = (),
) -> None:
    """Prints an answer: as FATE's client does, or by `table`, which gets `data`. Raises what the answer failed with.

    tolerated: retcodes that only mean that there is nothing to show.
    """
    from fateflow_tui.sdk.answers import Envelope

    failed = envelope["retcode"] not in {0, *tolerated}
    output = session.output
    if not output.is_table and not (failed and output.format == "name"):
        output.answer({name: value for name, value in envelope.items() if name != "error"}, name)
    if failed:
        msgspec.convert({**envelope, "retmsg": _explained(envelope)}, Envelope).raise_failure()
    if output.is_table:
        table(envelope.get("data"))


def data(session: Session, path: str, body: Mapping[str, Any]) -> Any:
    """What a call below /v1 is answered with, for verbs of our own. Members that are None are not sent. Raises what
    the call failed with.
    """
    from fateflow_tui.sdk.operations import Call, whole

    given = {name: value for name, value in body.items() if value is not None}
    return session.flow.do(Call(f"/v1/{path}", given, whole, patience=60.0)).data


def tell(
    session: Session,
    path: str,
    body: Mapping[str, Any],
    table: Callable[[Any], None] | None = None,
    *,
    name: str = "",
    empty: str = "nothing there",
) -> None:
    """Asks and prints the answer: by `table`, or as facts; an answer without data is its own text. empty: said of
    data that holds nothing.
    """
    envelope = ask(session, path, body)
    said = str(envelope.get("retmsg") or "")
    silent = "done" if said.lower() == "success" else said
    show(session, envelope, table or facts(session, empty if "data" in envelope else silent), name=name)


def facts(session: Session, empty: str = "no data") -> Callable[[Any], None]:
    """A table for any data: its YAML. empty: said when there is none."""
    from fateflow_tui.commands.output import yaml

    def table(data: Any) -> None:
        if data in (None, {}, []):
            session.output.info(empty)
        else:
            session.output.write(yaml(data))

    return table


def _explained(envelope: dict[str, Any]) -> str:
    """What a failure is about; where each party has answered for itself, in the words of those that failed."""
    answers = envelope["data"].get("detail") if isinstance(envelope.get("data"), dict) else None
    if not isinstance(answers, dict):
        return str(envelope.get("retmsg") or "")
    parties: dict[str, list[str]] = {}
    for role, of_role in answers.items():
        for party_id, answer in of_role.items():
            if answer.get("retcode"):
                parties.setdefault(str(answer.get("retmsg", "")), []).append(f"{role}:{party_id}")
    said = [text if names[0] in text else f"{', '.join(names)}: {text}" for text, names in parties.items()]
    return "; ".join(said) or str(envelope.get("retmsg") or "")

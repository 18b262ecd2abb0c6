"""Commands of `fateflow model` that move models: export, import, migrate."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.documents import read_conf
from fateflow_tui.commands.groups import CommandGroup
from fateflow_tui.commands.model.versions import find_version, only_one, part_body
from fateflow_tui.commands.options import ConfOption, PartyOption, VersionArgument, required
from fateflow_tui.core.errors import BadRequest

_MANIFEST: Final = "manifest.json"
_LARGEST: Final = 16_000_000  # bytes of a manifest


def facts_of(archive: Path, party: str | None = None) -> dict[str, Any]:
    """Return role, party_id, model_id and model_version of an archive. party: replaces the archive's own.

    Raises BadRequest for a file that is not the archive of a model part.
    """
    if not archive.is_file():
        raise BadRequest(f"file {archive} not found")
    try:
        with zipfile.ZipFile(archive) as entries:
            if entries.getinfo(_MANIFEST).file_size > _LARGEST:
                raise BadRequest(f"the manifest in {archive} is larger than {_LARGEST} bytes")
            manifest = json.loads(entries.read(_MANIFEST))
        own = manifest["party"]
        found = {
            "role": own["role"],
            "party_id": own["party_id"],
            "model_id": manifest["model_id"],
            "model_version": manifest["model_version"],
        }
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, OSError):
        hint = "create one with `fateflow model export`; for archives of FATE-Flow servers use a configuration with -c"
        raise BadRequest(f"{archive} is not the archive of a model part", hint=hint) from None
    if party:
        role, _, party_id = party.partition(":")
        found |= {"role": role, "party_id": party_id}
    return found


app = CommandGroup("Move models to other sites.")


@app.command()
def export(
    ctx: typer.Context,
    version: VersionArgument = None,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Archive to write, or its directory.")] = None,
    party: PartyOption = None,
    conf_path: ConfOption = None,
    to_database: Annotated[
        bool, typer.Option("--to-database", help="With -c: export to the site's second location.")
    ] = False,
) -> None:
    """Export one party's part of a version to an archive; by default the guest's, or the only one at this site.

    The file of -c contains model_id, model_version, role, party_id and output_path, a directory.

    Examples:
    fateflow model export @last guest_part.zip
    fateflow model export @last . --party host:10000
    fateflow model export -c export_conf.json
    """
    session = context.of(ctx)
    only_one(version, conf_path, "VERSION and FILE")
    if conf_path is None:
        body = part_body(find_version(session, str(version)), party)
        target = file or Path()
    else:
        body = read_conf(conf_path)
        body["model_version"] = session.known_version(body.get("model_version"))
        target = Path(str(body.pop("output_path", "."))).expanduser()
        if to_database:
            fate.forward(session, "model/store", body, name=str(body.get("model_version")))
            return
        target.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        target /= f"{body.get('role')}#{body.get('party_id')}#{body.get('model_id')}_{body.get('model_version')}.zip"
    written = session.flow.fetch("model/export", body, target).absolute()
    answer = {"retcode": 0, "file": str(written), "retmsg": f"download successfully, please check {written}"}
    if session.output.is_table:
        session.output.lines([str(written)])
    else:
        session.output.answer(answer, str(written))


@app.command("import")
def import_archive(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Archive of a model part.")] = None,
    party: PartyOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing part.")] = False,
    conf_path: ConfOption = None,
    from_database: Annotated[
        bool, typer.Option("--from-database", help="With -c: import from the site's second location.")
    ] = False,
) -> None:
    """Import the part of a version from an archive.

    The file of -c contains file, model_id, model_version, role and party_id.

    Examples:
    fateflow model import guest_part.zip
    fateflow model import -c import_conf.json
    """
    session = context.of(ctx)
    only_one(file, conf_path, "FILE")
    if conf_path is None:
        archive = Path(file or "")
        body = facts_of(archive, party)
    else:
        body = read_conf(conf_path)
        if from_database:
            fate.forward(session, "model/restore", body, name=str(body.get("model_version")))
            return
        archive = _beside(Path(required(str(body.get("file", "")), "file in the configuration")), conf_path)
    body["force_update"] = int(bool(force or body.get("force_update")))
    envelope = fate.execute(session, _upload_call(archive, body))
    text = f"imported the part of {body.get('role')}:{body.get('party_id')}"
    fate.print_answer(
        session,
        envelope,
        lambda _: _print_version(session, str(body["model_version"]), text),
        name=str(body.get("model_version")),
    )


@app.command()
def migrate(
    ctx: typer.Context,
    version: VersionArgument = None,
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="OLD=NEW", help="A party and its new id: guest:9999=9998; repeatable."),
    ] = None,
    new_version: Annotated[
        str | None, typer.Option("--as", metavar="VERSION", help="Version of the new model.")
    ] = None,
    conf_path: ConfOption = None,
) -> None:
    """Create a version for other party ids, ready for export; parties without --to keep their ids.

    The file of -c is a configuration of FATE's client.

    Examples:
    fateflow model migrate @last --to guest:9999=9998 --to host:10000=10009
    fateflow model migrate -c migrate_conf.json
    """
    session = context.of(ctx)
    only_one(version, conf_path, "VERSION with --to")
    if conf_path is not None:
        body = read_conf(conf_path)
        body["model_version"] = session.known_version(body.get("model_version"))
    else:
        body = _migration(session, str(version), to or [], new_version)
    envelope = fate.request(session, "model/migrate", body)
    made = str((envelope.get("data") or {}).get("model_version", ""))
    fate.print_answer(session, envelope, lambda data: _print_migrated(session, data), name=made)


def _migration(session: context.Session, word: str, moves: list[str], new_version: str | None) -> dict[str, Any]:
    version = find_version(session, word)
    view = session.flow.models.show(version.model_version)
    roles = view.roles
    ids = {(role, str(one)): str(one) for role, some in roles.items() for one in some}
    for move in moves:
        old, equals, new = move.partition("=")
        role, _, party_id = old.partition(":")
        new_id = new.rpartition(":")[2]
        if not equals or (role, party_id) not in ids or not new_id.isdigit():
            parties = ", ".join(f"{role}:{one}" for role, one in ids)
            raise BadRequest(
                f"invalid --to {move!r}: expected PARTY=NEW_ID", hint=f"for example guest:9999=9998; parties: {parties}"
            )
        ids[(role, party_id)] = new_id
    if not moves:
        raise BadRequest("missing option --to", hint="for example --to guest:9999=9998 --to host:10000=10009")
    new_roles = {role: [int(ids[(role, str(one))]) for one in some] for role, some in roles.items()}
    initiator_role, _, initiator_id = view.initiator.partition(":")
    return {
        "job_parameters": {"federated_mode": "MULTIPLE"},
        "migrate_initiator": {"role": initiator_role, "party_id": int(ids[(initiator_role, initiator_id)])},
        "role": roles,
        "migrate_role": new_roles,
        "execute_party": roles,
        **version.body,
        "unify_model_version": new_version,
    }


def _upload_call(archive: Path, body: dict[str, Any]) -> Any:
    """Return the call that uploads an archive; all members are strings, as in a form."""
    from fateflow_tui.sdk.operations import Call, whole

    if not archive.is_file():
        raise BadRequest(f"file {archive} not found")
    members = {name: str(value) for name, value in body.items() if value is not None and name != "file"}
    return Call("/v1/model/import", members, whole, upload=archive, patience=600.0)


def _beside(file: Path, conf_path: Path) -> Path:
    """Return the file that a configuration names, if need be relative to the configuration."""
    named = file.expanduser()
    other = conf_path.parent / named
    return other if not named.exists() and other.exists() else named


def _print_version(session: context.Session, version: str, text: str) -> None:
    session.output.lines([version])
    session.output.info(text)


def _print_migrated(session: context.Session, data: dict[str, Any]) -> None:
    if data.get("model_version"):
        session.output.lines([data["model_version"]])
    for role, answers in (data.get("detail") or {}).items():
        for party_id, answer in answers.items():
            mark = "✓" if answer.get("retcode") == 0 else "✗"
            session.output.info(f"{mark} {role}:{party_id}  {answer.get('retmsg', '')}")

"""Commands of FATE's client about the site: queue, privilege, key, provider, service, template."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.context import Session
from fateflow_tui.commands.documents import read_conf
from fateflow_tui.commands.fate import FateCommand, add_rows
from fateflow_tui.commands.groups import CommandGroup, prints
from fateflow_tui.commands.options import ConfOption, FolderOption, PartyIdOption, required
from fateflow_tui.core.errors import BadRequest

queue = CommandGroup("Manage the waiting jobs.")
privilege = CommandGroup("Manage what other parties may run here; see also `party grant`.")
key = CommandGroup("Manage the public keys of other sites; see also `party trust`.")
provider = CommandGroup("Inspect the providers of modules.")
service = CommandGroup("List the external services of the site.")
template = CommandGroup("Download example documents.")


def _show_canceled(session: Session, data: dict[str, Any] | None) -> None:
    canceled = list(data or {})
    session.output.lines(canceled)
    session.output.info(f"canceled {len(canceled)} waiting jobs" if canceled else "no jobs are waiting")


def _show_modules(session: Session, data: dict[str, Any]) -> None:
    session.output.listing(
        [{"module": module, **facts} for module, facts in data.items()],
        ("MODULE", "PROVIDERS"),
        lambda one: [one["module"], ", ".join(one["support_provider"])],
        lambda one: str(one["module"]),
    )


add_rows(
    queue,
    "queue",
    [FateCommand("clean", "job/clean/queue", "Cancel all waiting jobs that this site submitted.", show=_show_canceled)],
)
add_rows(
    key,
    "key",
    [
        FateCommand(
            "save",
            "key/public/save",
            "Save the public key of a party, from a file with party_id and key.",
            ("-c key_conf.json",),
            {"conf_path": ConfOption},
        ),
        FateCommand("query", "key/query", "Show the public key of a party.", ("-p 9998",), {"party_id": PartyIdOption}),
        FateCommand(
            "delete",
            "key/public/delete",
            "Delete the public key of a party.",
            ("-p 9998",),
            {"party_id": PartyIdOption},
            confirm="Delete the public key of party {party_id}?",
        ),
    ],
)
add_rows(
    provider,
    "provider",
    [
        FateCommand(
            "list-components",
            "component/get",
            "List the modules that jobs can use; see also `component list`.",
            show=_show_modules,
            listing=True,
            prints="list[dict[str, Any]]",
        )
    ],
)
add_rows(
    service,
    "service",
    [
        FateCommand(
            "registry",
            "server/service/get",
            "List the registered services, such as serving servers.",
            empty="no services are registered",
            prints="list[dict[str, Any]]",
        )
    ],
)


@provider.command("list")
@prints("list[dict[str, Any]]")
def list_providers(
    ctx: typer.Context,
    provider_name: Annotated[
        str | None, typer.Option("--provider-name", "-n", metavar="NAME", help="Name of a provider.")
    ] = None,
) -> None:
    """List the providers of modules and their versions.

    Examples:
    fateflow provider list
    """
    session = context.of(ctx)
    path = f"provider/{provider_name}/get" if provider_name else "provider/get"
    body = {"provider_name": provider_name}
    fate.forward(session, path, body, lambda data: _show_providers(session, data), listing=True)


@provider.command()
def register(ctx: typer.Context, conf_path: ConfOption = None) -> None:
    """Register a provider, from a file with name, version and path.

    Examples:
    fateflow provider register -c provider_conf.json
    """
    conf = read_conf(Path(required(conf_path, "-c")))
    if conf.get("path"):
        conf["path"] = str(Path(conf["path"]).expanduser().absolute())
    fate.forward(context.of(ctx), "provider/register", conf)


def _show_providers(session: Session, data: dict[str, Any]) -> None:
    session.output.listing(
        [
            {"name": name, "version": version, "components": facts["components"]}
            for name, versions in data.items()
            for version, facts in versions.items()
            if "components" in facts
        ],
        ("PROVIDER", "VERSION", "MODULES"),
        lambda one: [one["name"], one["version"], ", ".join(one["components"])],
        lambda one: str(one["name"]),
        empty="no providers",
    )


@template.command()
def download(
    ctx: typer.Context,
    output_path: FolderOption = None,
    min_data: Annotated[int | None, typer.Option("--min-data", metavar="N", help="1 for small data only.")] = None,
) -> None:
    """Download example job documents and data into a directory.

    Examples:
    fateflow template download -o examples
    """
    from fateflow_tui.commands.files import fetch_archive

    folder = Path(required(output_path, "-o")).absolute()
    body = {} if min_data is None else {"min_data": min_data}
    fetch_archive(context.of(ctx), "template/download", body, folder, "POST")


class SourceParty(NamedTuple):
    """A party of another site, as FATE-Flow 1.6 names it."""

    source: Annotated[
        list[str] | None, typer.Argument(metavar="[PARTY_ID ROLE]", help="The other party, as in FATE-Flow 1.6.")
    ] = None
    src_party_id: Annotated[str | None, typer.Option(metavar="ID", help="Same as the first argument.")] = None
    src_role: Annotated[str | None, typer.Option(metavar="ROLE", help="Same as the second argument.")] = None

    @property
    def is_given(self) -> bool:
        return bool(self.source or self.src_party_id or self.src_role)

    def body(self) -> dict[str, Any]:
        """Raises BadRequest unless both id and role are given."""
        first, second, *_ = [*(self.source or []), None, None]
        party_id, role = self.src_party_id or first, self.src_role or second
        if not (party_id and role):
            raise BadRequest(
                "expected the id and the role of a party", hint="example: fateflow privilege query 9999 guest"
            )
        return {"src_party_id": party_id, "src_role": role}


class Privileges(NamedTuple):
    """Privileges as FATE-Flow 1.6 names them."""

    privilege_role: Annotated[str | None, typer.Option(metavar="A,B", help="guest, host, arbiter or all.")] = None
    privilege_command: Annotated[str | None, typer.Option(metavar="A,B", help="create, stop, run or all.")] = None
    privilege_component: Annotated[str | None, typer.Option(metavar="A,B", help="Module names, or all.")] = None


@privilege.command("query")
def query_privilege(ctx: typer.Context, source: SourceParty, party_id: PartyIdOption = None) -> None:
    """Show what a party may run here: with `-p ID` as in 1.9 and later, or by id and role as in 1.6.

    Examples:
    fateflow privilege query -p 9998
    fateflow privilege query 9998 guest
    """
    session = context.of(ctx)
    if source.is_given:
        fate.forward(session, "permission/query/privilege", source.body())
    elif party_id:
        fate.forward(session, "permission/query", {"party_id": party_id})
    else:
        raise BadRequest("missing option -p", hint="or name the party as in: fateflow privilege query 9998 guest")


@privilege.command("grant")
def grant_privilege(
    ctx: typer.Context, source: SourceParty, privileges: Privileges, conf_path: ConfOption = None
) -> None:
    """Grant privileges to a party: from a file with party_id, component and dataset (1.9 and later), or lists (1.6).

    Examples:
    fateflow privilege grant -c privilege_conf.json
    fateflow privilege grant 9998 guest --privilege-component intersection,reader
    """
    _change_privileges(ctx, "grant", source, privileges, conf_path)


@privilege.command("delete")
def delete_privilege(
    ctx: typer.Context, source: SourceParty, privileges: Privileges, conf_path: ConfOption = None
) -> None:
    """Revoke privileges of a party.

    Examples:
    fateflow privilege delete -c privilege_conf.json
    fateflow privilege delete 9998 guest --privilege-component intersection
    """
    _change_privileges(ctx, "delete", source, privileges, conf_path)


def _change_privileges(
    ctx: typer.Context, change: str, source: SourceParty, privileges: Privileges, conf_path: Path | None
) -> None:
    body = read_conf(conf_path) if conf_path else {}
    if source.is_given or not conf_path:
        body |= source.body()
    body |= {name: value for name, value in privileges._asdict().items() if value}
    is_1_6 = "src_party_id" in body or "src_role" in body
    fate.forward(context.of(ctx), f"permission/{change}/privilege" if is_1_6 else f"permission/{change}", body)

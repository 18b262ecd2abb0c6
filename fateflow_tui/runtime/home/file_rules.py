"""Which files of the machine users may name, in requests and in the parameters of jobs that they submit."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from fateflow_tui.core.errors import BadRequest, PartyRefused
from fateflow_tui.core.messages import Refusal
from fateflow_tui.core.plan import PartyDocument
from fateflow_tui.core.ports import ModuleCatalog, loadable_facts
from fateflow_tui.runtime.site_config import SiteConfig


class FileRules:
    """A standalone site on loopback serves only its own user, who may name any file; all others only those below the
    configured `data_roots`. uploads: where files lie that came with requests.
    """

    def __init__(self, config: SiteConfig, uploads: Path, catalog: ModuleCatalog) -> None:
        self._config = config
        self._uploads = uploads
        self._catalog = catalog

    def named(self, name: str) -> Path:
        """The file that a user means, its links resolved; it need not exist. Raises BadRequest, PartyRefused."""
        if "\0" in name:
            raise BadRequest("no file has a name with a NUL character")
        try:
            path = Path(name).expanduser()
        except RuntimeError:
            raise BadRequest(f"{name!r:.200} names a user whom the server does not know") from None
        roots = [Path(root).expanduser().resolve() for root in self._config.data_roots]
        if not path.is_absolute():
            if not roots:
                raise BadRequest(f"{name!r:.200} is no absolute path", hint="give the whole path of the file")
            path = roots[0] / path
        path = path.resolve()
        if self._config.standalone and _is_loopback(self._config.host):
            return path
        if not any(path.is_relative_to(root) for root in roots):
            raise PartyRefused(
                f"files on this site can be named only below its data roots, {name!r:.200} is not",
                hint="send the file with the request, or add its folder to data_roots in site.toml",
            )
        return path

    def refusal(self, document: PartyDocument) -> Refusal | None:
        """Of a job one of whose tasks names a file that its user could not have named in a request."""
        for plan in document.tasks:
            facts = loadable_facts(self._catalog, plan.module)
            name = plan.parameters.get(facts.file) if facts is not None else None
            if not isinstance(name, str) or not name or Path(name).parent == self._uploads:
                continue
            try:
                self.named(name)
            except (BadRequest, PartyRefused) as error:
                text = f"{plan.component}: {error.message}"
                return Refusal(code=error.code, message=text, retcode=error.retcode, party=document.party)
        return None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

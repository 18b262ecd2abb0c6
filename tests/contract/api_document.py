"""The OpenAPI document of the application, made without a running site."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from fateflow_tui.artifacts.home import Home
from fateflow_tui.runtime.site import Site
from fateflow_tui.runtime.site_config import SiteConfig
from fateflow_tui.server.address import Address
from fateflow_tui.server.app import create_app


class _NoSite:
    """Stands for the site: the document is made of the routes alone."""

    authenticator = bus = None
    config = SiteConfig()
    home = Home(Path("nowhere"))


DOCUMENT: dict[str, Any] = create_app(cast(Site, _NoSite()), Address()).openapi()
OPERATIONS: list[tuple[str, str, dict[str, Any]]] = [
    (method, path, operation) for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()
]

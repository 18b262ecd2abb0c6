"""`python -m fateflow_tui.server`: a scheduler in the foreground."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path

from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.sdk.connection import default_home


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fateflow_tui.server", description=__doc__)
    parser.add_argument("--home", type=Path, help="the site's directory (default: $FATEFLOW_HOME, or the user's data)")
    parser.add_argument("--host", default="", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument(
        "--port", type=int, help="exactly this port, 0 for any free one (default: 9380 or the next free)"
    )
    parser.add_argument(
        "--party", action="append", default=[], help="a party of this site, as 9999 or guest:9999; repeatable"
    )
    parser.add_argument("--name", default="", help="the site's name")
    parser.add_argument("--advertised", default="", help="the URL at which other sites reach this one")
    parser.add_argument("--standby", action="store_true", help="wait until the running scheduler ends, then take over")
    parser.add_argument("--save", action="store_true", help="save the given options in the home's site.toml")
    arguments = parser.parse_args()
    from fateflow_tui.server.serve import ServeOptions, explain, serve

    options = ServeOptions(
        home=(arguments.home or default_home()).expanduser().absolute(),
        host=arguments.host,
        port=arguments.port,
        parties=arguments.party,
        name=arguments.name,
        advertised=arguments.advertised,
        standby=arguments.standby,
        save=arguments.save,
    )

    def announce(url: str) -> None:
        _print(f"fateflow is listening at {url}, home {options.home}")

    try:
        serve(options, announce)
    except FateFlowError as error:
        _print(f"fateflow did not start: {explain(error)}")
        return error.exit_code
    return 0


def _print(text: str) -> None:
    """Write to stderr, which may be a file on a full disk; that must not stop the scheduler."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())

"""What a verb works with: the global options, the output, and the way to the scheduler, opened when first needed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import typer

from fateflow_tui.commands import settings
from fateflow_tui.commands.output import Format, Output, format_of
from fateflow_tui.core.errors import (
    BadRequest,
    Conflict,
    FateFlowError,
    JobNotFound,
    NotFound,
    SchedulerUnreachable,
)

if TYPE_CHECKING:
    from fateflow_tui.sdk import FateFlow

_RIVAL: Final = 10.0  # seconds that a scheduler started by somebody else at the same moment is given to answer
_LOOK_EVERY: Final = 0.05


class Session:
    """One command line. options: the global options that were given, by name."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self._flow: FateFlow | None = None

    @cached_property
    def output(self) -> Output:
        """Raises BadRequest for an unknown format."""
        options = self.options
        return Output(format_of(options.get("output"), as_json=bool(options.get("json"))), quiet="quiet" in options)

    @property
    def as_json(self) -> bool:
        return bool(self.options.get("json")) or self.options.get("output") == Format.JSON

    @property
    def is_interactive(self) -> bool:
        """Whether somebody watches stderr, so that progress may be drawn there."""
        return sys.stderr.isatty() and not self.output.quiet and os.environ.get("TERM") != "dumb"

    @cached_property
    def home(self) -> Path:
        """The site's home: --home, $FATEFLOW_HOME, or the user's data directory."""
        from fateflow_tui.sdk.connection import default_home

        named = self.options.get("home")
        return (Path(named) if named else default_home()).expanduser().absolute()

    @cached_property
    def url(self) -> str:
        """The address that the user names: --url; without --home $FATEFLOW_URL, or, without $FATEFLOW_HOME, what `init`
        was told; else ''.
        """
        if self._is_from_settings:
            return settings.read().url
        return str(self.options.get("url") or ("" if "home" in self.options else os.environ.get("FATEFLOW_URL", "")))

    @cached_property
    def keys(self) -> tuple[str, str]:
        """What `init` was told to sign calls with, where it is what counts; else two empty texts."""
        if not (self.url and self._is_from_settings):
            return "", ""
        known = settings.read()
        return known.app_key, known.secret_key

    @property
    def _is_from_settings(self) -> bool:
        environment = os.environ.get("FATEFLOW_URL") or os.environ.get("FATEFLOW_HOME")
        return not (environment or self.options.get("url") or "home" in self.options)

    @property
    def crash_logs(self) -> Path:
        return self.home / "logs" / "fate_flow"

    @property
    def flow(self) -> FateFlow:
        """The scheduler; started on the home if none runs there, unless the user named an address or --no-start."""
        if self._flow is None:
            from fateflow_tui.sdk import FateFlow

            if not self.url:
                self._start_on_demand()
            app_key, secret_key = self.keys
            keys = {"app_key": app_key or None, "secret_key": secret_key or None}
            self._flow = FateFlow(url=self.url, **keys) if self.url else FateFlow(home=self.home)
        return self._flow

    def resolve(self, words: Sequence[str]) -> list[str]:
        """Whole job ids for ids, unique beginnings, `@last`, `@2`; each once. Raises JobNotFound, Conflict."""
        if not words:
            raise BadRequest("no job is named", hint="name one, or write @last; `fateflow job list` shows the jobs")
        return list(dict.fromkeys(self.flow.resolve(word) for word in words))

    def known_id(self, word: str | None) -> str | None:
        """As `resolve`, but an unknown word stays as it is, for the scheduler to answer in FATE's own way."""
        if not word:
            return None
        try:
            return self.flow.resolve(word)
        except JobNotFound:
            return word

    def version(self, word: str) -> str:
        """The whole model version for one, its unique beginning, `@last`, or an alias. Raises NotFound, Conflict."""
        return str(self.flow.request("model/resolve", {"word": word}).data["model_version"])

    def known_version(self, word: str | None) -> str | None:
        """As `version`, but an unknown word stays as it is, for the scheduler to answer in FATE's own way."""
        if not word:
            return None
        try:
            return self.version(word)
        except NotFound:
            return word

    def confirm(self, question: str, yes: bool) -> None:
        """Asks a person before something is lost. Who is no person, or said --yes, means it. Raises Abort."""
        if yes or not self.output.is_table or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return
        if not typer.confirm(question, err=True):
            self.output.info("nothing was done")
            raise typer.Abort

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def close(self) -> None:
        if self._flow is not None:
            self._flow.close()

    def _start_on_demand(self) -> None:
        from fateflow_tui.sdk import local
        from fateflow_tui.sdk.connection import read_run_file

        run = read_run_file(self.home)
        if run is not None and local.is_alive(run):
            return
        if "no_start" in self.options:
            raise SchedulerUnreachable(
                f"no scheduler runs on {self.home}", hint="leave out --no-start, or: fateflow server start"
            )
        try:
            site = local.start(self.home)
        except FateFlowError as error:
            if not self._rival_answers(error):
                raise
        else:
            self.output.info(f"started a scheduler at {site.url} on {site.home}")

    def _rival_answers(self, error: FateFlowError) -> bool:
        """Whether the start failed because another command was faster, and that one's scheduler answers."""
        from fateflow_tui.sdk import local

        code = error.data.get("exit_code") if isinstance(error.data, dict) else None
        if not isinstance(error, Conflict) and code != Conflict.exit_code:
            return False
        end = time.monotonic() + _RIVAL
        while time.monotonic() < end:
            if local.status(self.home) is not None:
                return True
            time.sleep(_LOOK_EVERY)
        return False


def of(context: typer.Context) -> Session:
    """The session of a command line."""
    return cast(Session, context.obj)

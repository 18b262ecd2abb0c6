"""The session of a command line: global options, output, and the connection to the scheduler, opened on first use."""

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

_CONCURRENT_START_TIMEOUT: Final = 10.0  # seconds for a scheduler that another command is starting to answer
_POLL_INTERVAL: Final = 0.05  # seconds


class Session:
    """One command line. options: the given global options, by name."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self._flow: FateFlow | None = None

    @cached_property
    def output(self) -> Output:
        """The output in the requested format. Raises BadRequest for an unknown format."""
        options = self.options
        return Output(format_of(options.get("output"), as_json=bool(options.get("json"))), quiet="quiet" in options)

    @property
    def as_json(self) -> bool:
        """Whether errors are printed as JSON."""
        return bool(self.options.get("json")) or self.options.get("output") in (Format.JSON, Format.FATE)

    @property
    def is_interactive(self) -> bool:
        """Whether stderr is a terminal on which progress can be drawn."""
        return sys.stderr.isatty() and not self.output.quiet and os.environ.get("TERM") != "dumb"

    @cached_property
    def home(self) -> Path:
        """The site's home: --home, $FATEFLOW_HOME, or the user's data directory."""
        from fateflow_tui.sdk.connection import default_home

        named = self.options.get("home")
        return (Path(named) if named else default_home()).expanduser().absolute()

    @cached_property
    def url(self) -> str:
        """The scheduler's address: --url, $FATEFLOW_URL unless --home is given, or the one saved by `init` unless
        $FATEFLOW_HOME is set; else ''.
        """
        if self._is_from_settings:
            return settings.read().url
        return str(self.options.get("url") or ("" if "home" in self.options else os.environ.get("FATEFLOW_URL", "")))

    @cached_property
    def keys(self) -> tuple[str, str]:
        """The app key and secret key saved by `init`, if the address is the saved one; else two empty strings."""
        if not (self.url and self._is_from_settings):
            return "", ""
        saved = settings.read()
        return saved.app_key, saved.secret_key

    @property
    def _is_from_settings(self) -> bool:
        environment = os.environ.get("FATEFLOW_URL") or os.environ.get("FATEFLOW_HOME")
        return not (environment or self.options.get("url") or "home" in self.options)

    @property
    def crash_logs(self) -> Path:
        return self.home / "logs" / "fate_flow"

    @property
    def flow(self) -> FateFlow:
        """The client of the scheduler, which is started on demand unless an address or --no-start was given."""
        if self._flow is None:
            from fateflow_tui.sdk import FateFlow

            if not self.url:
                self._start_on_demand()
            app_key, secret_key = self.keys
            keys = {"app_key": app_key or None, "secret_key": secret_key or None}
            self._flow = FateFlow(url=self.url, **keys) if self.url else FateFlow(home=self.home)
        return self._flow

    def resolve(self, words: Sequence[str]) -> list[str]:
        """Return the distinct job ids for ids, unique prefixes or suffixes, `@last`, `@2`.

        Raises JobNotFound, Conflict.
        """
        if not words:
            raise BadRequest("missing JOB", hint="give a job id or @last; `fateflow job list` lists the jobs")
        return list(dict.fromkeys(self.flow.resolve(word) for word in words))

    def known_id(self, word: str | None) -> str | None:
        """Resolve a job id, but return an unknown one unchanged, so that the scheduler answers as FATE does."""
        if not word:
            return None
        try:
            return self.flow.resolve(word)
        except JobNotFound:
            return word

    def version(self, word: str) -> str:
        """Return the model version for one, its unique prefix or suffix, `@last`, or an alias.

        Raises NotFound, Conflict.
        """
        return self.flow.models.resolve(word)

    def known_version(self, word: str | None) -> str | None:
        """Resolve a version, but return an unknown one unchanged, so that the scheduler answers as FATE does."""
        if not word:
            return None
        try:
            return self.version(word)
        except NotFound:
            return word

    def confirm(self, question: str, yes: bool) -> None:
        """Ask for confirmation before a destructive action. Raises Abort.

        `--yes`, output for programs and non-interactive sessions skip the prompt.
        """
        if yes or not self.output.is_table or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return
        if not typer.confirm(question, err=True):
            self.output.info("canceled")
            raise typer.Abort

    def close(self) -> None:
        if self._flow is not None:
            self._flow.close()

    def _start_on_demand(self) -> None:
        from fateflow_tui.sdk import local

        if local.is_running(self.home):
            return
        if "no_start" in self.options:
            raise SchedulerUnreachable(
                f"no scheduler is running on {self.home}",
                hint="omit --no-start, or start one with: fateflow server start",
            )
        try:
            site = local.start(self.home)
        except FateFlowError as error:
            if not self._started_by_another_command(error):
                raise
        else:
            self.output.info(f"started a scheduler at {site.url} on {site.home}")

    def _started_by_another_command(self, error: FateFlowError) -> bool:
        """Return whether the start failed because another command started the scheduler, which now answers."""
        from fateflow_tui.sdk import local

        code = error.data.get("exit_code") if isinstance(error.data, dict) else None
        if not isinstance(error, Conflict) and code != Conflict.exit_code:
            return False
        end = time.monotonic() + _CONCURRENT_START_TIMEOUT
        while time.monotonic() < end:
            if local.status(self.home) is not None:
                return True
            time.sleep(_POLL_INTERVAL)
        return False


def of(context: typer.Context) -> Session:
    """Return the session of a command line."""
    return cast(Session, context.obj)

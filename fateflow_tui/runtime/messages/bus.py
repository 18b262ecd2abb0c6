"""The message plane: takes values from the tasks of a site's parties and hands them values, wherever the others are.

Only declared variables pass, from a source role to a target role, between parties that both run the component. This
is checked where a value is sent, where it arrives and where it is asked for.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from typing import Protocol
from weakref import WeakValueDictionary

from fateflow_tui.core.errors import BadRequest, PartyRefused
from fateflow_tui.core.ids import Party
from fateflow_tui.core.ports import Variable
from fateflow_tui.core.work import Sent, TaskSpec, Wanted
from fateflow_tui.runtime.messages.mailbox import Mailboxes, Value
from fateflow_tui.runtime.messages.transfer import Chunk, ChunkAnswer, MailKey, Payload, Progress, push
from fateflow_tui.runtime.peers.authenticator import Caller
from fateflow_tui.runtime.peers.client import Peers
from fateflow_tui.runtime.site_config import SiteConfig

_AFTER_END = 0.5  # seconds between tries of a value whose job has ended where it goes

Trace = Callable[[str, str, Party, Party, str, int], None]


class Variables(Protocol):
    """What the plane asks of the site's jobs."""

    def variable(self, job_id: str, component: str, party: Party, name: str) -> Variable | None:
        """What the component's module declares under this name. None when the job is not under way at this site
        (ended ones are not), when `party`, of this or another site, does not run the component, or when there is no
        such variable.
        """
        ...

    def has_ended(self, job_id: str) -> bool:
        """Whether this site knows the job and its part of it has ended."""
        ...


def untraced(job_id: str, component: str, source: Party, target: Party, name: str, size: int) -> None:
    """A trace that nobody looks at."""


class MessageBus:
    """Values between parties. All methods raise PartyRefused for what is not declared; see also each method.

    trace: told job, component, source, target, variable and size of every value that a party here sent or got.
    """

    def __init__(self, config: SiteConfig, peers: Peers, variables: Variables, trace: Trace = untraced) -> None:
        self._config = config
        self._peers = peers
        self._variables = variables
        self._trace = trace
        self._mailboxes = Mailboxes(config.mailbox.quota << 20, self._traced)
        # Values under one key stay in the order in which they were given, though each may take several calls.
        self._lanes: WeakValueDictionary[MailKey, asyncio.Lock] = WeakValueDictionary()

    async def send(self, spec: TaskSpec, frame: Sent, payload: Payload) -> None:
        """Returns once the value is in the mailboxes of all parties addressed: at once when there is room, later
        when there is none or a site is away. Cancel it when the task ends.

        Raises BadRequest for a value that no mailbox takes, Conflict when the run was replaced, PartyUnreachable when
        that happens while a site is away.
        """
        keys = [self._key(spec, spec.party, target, frame) for target in frame.to]
        for key in keys:
            self._check(key)
        value = Value(frame.codec, payload)
        try:
            async with asyncio.TaskGroup() as group:
                for key in keys:
                    group.create_task(self._send_one(key, value))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def receive(self, spec: TaskSpec, frame: Wanted) -> Value:
        """The next value under the name and tag from the source, when it is there; each is handed out once.

        Raises Conflict when the run was replaced or the job has ended.
        """
        key = self._key(spec, frame.source, spec.party, frame)
        self._check(key)
        return await self._mailboxes.take(key)

    async def accept(self, caller: Caller, chunk: Chunk, data: Sequence[Payload]) -> ChunkAnswer:
        """Takes a chunk from a peer's site. Raises NotAuthentic when it speaks for another party than it signed for,
        Conflict when the run was replaced.
        """
        caller.require(chunk.key.source, chunk.key.target, "value")
        if self._variables.has_ended(chunk.key.job_id):
            # The sender learns of the end from the job's driver, and why; until then its value just is not taken.
            await asyncio.sleep(_AFTER_END)
            return ChunkAnswer(Progress.FULL)
        self._check(chunk.key)
        return await self._mailboxes.accept(chunk, data)

    def forget(self, job_id: str, component: str, before_version: int) -> None:
        """Values of older runs of a component are of no use any more; who waits for one gets Conflict."""
        self._mailboxes.forget(job_id, component, before_version)

    def close_job(self, job_id: str) -> None:
        """The job has ended at this site; who waits for a value of it gets Conflict."""
        self._mailboxes.close_job(job_id)

    async def _send_one(self, key: MailKey, value: Value) -> None:
        lane = self._lanes.setdefault(key, asyncio.Lock())
        async with lane:
            if self._config.plays(key.target):
                await self._mailboxes.put(key, value)
                return
            size = len(value.payload)
            first = Chunk(key, secrets.token_hex(8), value.codec, size, 0)
            await push(first, value.payload, self._peers.send_chunk, lambda: self._mailboxes.is_open(key))
            self._traced(key, size)

    def _key(self, spec: TaskSpec, source: Party, target: Party, frame: Sent | Wanted) -> MailKey:
        return MailKey(spec.job_id, spec.component, spec.version, source, target, frame.name, frame.tag)

    def _check(self, key: MailKey) -> None:
        if key.source == key.target:
            raise BadRequest(f"{key.source} sends {key.name} of {_where(key)} to itself")
        sources = self._declared(key, key.source).sources
        targets = self._declared(key, key.target).targets
        if key.source.role not in sources or key.target.role not in targets:
            raise PartyRefused(
                f"{key.name!r} of {_where(key)} goes from {_roles(sources)} to {_roles(targets)}, "
                f"not from {key.source} to {key.target}",
                hint="declare the direction in the module's variables",
            )

    def _declared(self, key: MailKey, party: Party) -> Variable:
        variable = self._variables.variable(key.job_id, key.component, party, key.name)
        if variable is None:
            raise PartyRefused(
                f"site {self._config.name} knows of no variable {key.name!r} of {party} in {_where(key)}",
                hint="the job must be under way, the party run the component, and its module declare the variable",
            )
        return variable

    def _traced(self, key: MailKey, size: int) -> None:
        self._trace(key.job_id, key.component, key.source, key.target, key.name, size)


def _where(key: MailKey) -> str:
    return f"{key.component} of job {key.job_id}"


def _roles(roles: frozenset[str]) -> str:
    return " or ".join(sorted(roles))

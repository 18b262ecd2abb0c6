"""The message bus: transports values between the tasks of all parties, at this site and at others.

Only declared variables are accepted, from a source role to a target role, between parties that both run the component.
This is checked when a value is sent, when it arrives and when it is requested.
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
from fateflow_tui.runtime.messages.transfer import Chunk, ChunkAnswer, MailKey, Payload, TransferProgress, push
from fateflow_tui.runtime.peers.authenticator import Caller
from fateflow_tui.runtime.peers.client import Peers
from fateflow_tui.runtime.site_config import SiteConfig

_AFTER_END = 0.5  # seconds between attempts to send a value to a site where the job has ended

Trace = Callable[[str, str, Party, Party, str, int], None]


class Variables(Protocol):
    """What the bus needs to know about the site's jobs."""

    def variable(self, job_id: str, component: str, party: Party, name: str) -> Variable | None:
        """The module's declaration of this variable. None if the job does not run at this site, `party` (of any site)
        does not run the component, or there is no such variable.
        """
        ...

    def has_ended(self, job_id: str) -> bool:
        """Whether the job is known here and has ended at this site."""
        ...


def untraced(job_id: str, component: str, source: Party, target: Party, name: str, size: int) -> None:
    """Do not trace."""


class MessageBus:
    """Send and receive values between parties. All methods raise PartyRefused for undeclared variables.

    trace: called with job, component, source, target, variable and size of every value that a party here sent or got.
    """

    def __init__(self, config: SiteConfig, peers: Peers, variables: Variables, trace: Trace = untraced) -> None:
        self._config = config
        self._peers = peers
        self._variables = variables
        self._trace = trace
        self._mailboxes = Mailboxes(config.mailbox.quota << 20, self._traced)
        # Values under one key keep their order, although each may take several calls.
        self._lanes: WeakValueDictionary[MailKey, asyncio.Lock] = WeakValueDictionary()

    async def send(self, spec: TaskSpec, frame: Sent, payload: Payload) -> None:
        """Put a value into the mailboxes of all its targets; return when it is there, which waits for mailboxes that
        are full and sites that are away. Cancel it when the task ends.

        Raises BadRequest for a value that is too large, Conflict if the run was replaced, PartyUnreachable if it was
        replaced while a site was away.
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
        """Wait for the next value with this name and tag from the source; each value is delivered once.

        Raises Conflict if the run was replaced or the job has ended.
        """
        key = self._key(spec, frame.source, spec.party, frame)
        self._check(key)
        return await self._mailboxes.take(key)

    async def accept(self, caller: Caller, chunk: Chunk, data: Sequence[Payload]) -> ChunkAnswer:
        """Accept a chunk from a peer. Raises NotAuthentic if it was not signed by its source party, Conflict if the run
        was replaced.
        """
        caller.require(chunk.key.source, chunk.key.target, "value")
        if self._variables.has_ended(chunk.key.job_id):
            # The sender learns of the end from the job's driver; until then its value is not accepted.
            await asyncio.sleep(_AFTER_END)
            return ChunkAnswer(TransferProgress.FULL)
        self._check(chunk.key)
        return await self._mailboxes.accept(chunk, data)

    def forget(self, job_id: str, component: str, before_version: int) -> None:
        """Discard the values of older runs of a component; waiting receivers get Conflict."""
        self._mailboxes.forget(job_id, component, before_version)

    def close_job(self, job_id: str) -> None:
        """Discard the values of a job that has ended at this site; waiting receivers get Conflict."""
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
                f"site {self._config.name} has no variable {key.name!r} of {party} in {_where(key)}",
                hint="the job must be running, and the party run the component, whose module declares the variable",
            )
        return variable

    def _traced(self, key: MailKey, size: int) -> None:
        self._trace(key.job_id, key.component, key.source, key.target, key.name, size)


def _where(key: MailKey) -> str:
    return f"{key.component} of job {key.job_id}"


def _roles(roles: frozenset[str]) -> str:
    return " or ".join(sorted(roles))

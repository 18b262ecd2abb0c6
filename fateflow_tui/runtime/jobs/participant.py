"""What this site does in jobs that other sites drive or take part in: it answers directives, reports and values."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import FateFlowError, JobNotFound
from fateflow_tui.core.events import DirectiveReceived, ReportReceived
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Acknowledgement, Directive, Phase, Proposal, ProposalAnswer, Report
from fateflow_tui.core.ports import ModuleCatalog, Variable
from fateflow_tui.core.records import Adopted
from fateflow_tui.engine import Engine
from fateflow_tui.runtime.effects import PendingAnswer
from fateflow_tui.runtime.jobs.admission import Admission
from fateflow_tui.runtime.jobs.jobs import JobService
from fateflow_tui.runtime.jobs.lookup import has_ended_here
from fateflow_tui.runtime.live_jobs import LiveJobs
from fateflow_tui.runtime.peers.grants import PeerPermissions
from fateflow_tui.runtime.scheduler import Scheduler

logger = logging.getLogger(__name__)


class JobParticipant:
    """Handles the messages of other sites about jobs. answering: collects what a party's answer has to carry."""

    def __init__(
        self,
        jobs: JobService,
        engine: Engine,
        scheduler: Scheduler,
        live: LiveJobs,
        admission: Admission,
        permissions: PeerPermissions,
        answering: Callable[[str, Party], AbstractContextManager[PendingAnswer]],
    ) -> None:
        self._jobs = jobs
        self._engine = engine
        self._scheduler = scheduler
        self._live = live
        self._admission = admission
        self._permissions = permissions
        self._answering = answering

    async def handle_directive(self, directive: Directive) -> Report:
        """Do what a driver wants of a party of this site, and return the state of the party.

        Raises NotGranted or PartyRefused for a rerun that the driver lacks grants for, JobNotFound.
        """
        refusal, adopted = None, dict[str, Adopted]()
        if directive.document is not None:
            adopted = self._jobs.adoptable(directive.document)
            permits = self._permissions.of(directive.driver)
            refusal = self._admission.refusal(directive.document, permits)
        if (denial := self._rerun_denial(directive)) is not None:
            # The driver shows the message alone, so the command that helps goes into it.
            text = f"{denial.message} ({denial.hint})" if denial.hint else denial.message
            raise type(denial)(text, data=denial.data)
        self._live.add(directive.job_id)
        with self._answering(directive.job_id, directive.party) as answer:
            missing = self._jobs.missing_outputs(directive)
            await self._scheduler.turn(DirectiveReceived(now_ms(), directive, refusal, adopted, missing))
        report = answer.report or self._engine.report(directive.job_id, directive.party)
        if report is None:
            raise JobNotFound(f"{directive.party} has no job {directive.job_id}")
        return report

    def handle_proposal(self, source: Party, proposal: Proposal) -> ProposalAnswer:
        """Tell a driver whether a party of this site would accept a document. Only the log keeps that it asked."""
        logger.info("%s asks whether %s would accept a job", source, proposal.document.party)
        return ProposalAnswer(self._admission.refusal(proposal.document, self._permissions.of(source)))

    async def handle_report(self, report: Report) -> Acknowledgement:
        """Take in the state of another site's party; return once it is saved."""
        await self._scheduler.turn(ReportReceived(now_ms(), report))
        return Acknowledgement(report.job_id, report.party, report.seq)

    def _rerun_denial(self, directive: Directive) -> FateFlowError | None:
        """What a driver lacks to run an earlier document again. It retries until it is granted or the job is stopped;
        stopping needs no grant.
        """
        permits = self._permissions.of(directive.driver)
        state = self._jobs.state(directive.job_id) if permits is not None else None
        record = state.parties.get(str(directive.party)) if state is not None else None
        if permits is None or state is None or record is None or directive.phase is Phase.FINISH:
            return None
        brings_new = directive.document is not None and directive.document_revision > record.document_revision
        document = state.documents.get(str(directive.party))
        return permits(document) if directive.run > record.directive.run and document and not brings_new else None


class JobVariables:
    """Which values the parties of a job may exchange; see `Variables` in `runtime.messages.bus`."""

    def __init__(self, engine: Engine, catalog: ModuleCatalog) -> None:
        self._engine = engine
        self._catalog = catalog

    def variable(self, job_id: str, component: str, party: Party, name: str) -> Variable | None:
        """What a component's module declares under this name; None if the party may not exchange it now."""
        state = self._engine.job(job_id)
        if state is None or has_ended_here(state):
            return None
        for document in state.documents.values():
            module = next((task.module for task in document.tasks if task.component == component), None)
            facts = self._catalog.facts(module) if module else None
            if facts is not None:
                members = map(str, document.roles.get(party.role, []))
                takes_part = party.role in facts.roles and party.party_id in members
                return facts.variables.get(name) if takes_part else None
        return None

    def has_ended(self, job_id: str) -> bool:
        """Whether this site's part of a job has ended."""
        state = self._engine.job(job_id)
        return state is not None and has_ended_here(state)

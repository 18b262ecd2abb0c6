"""A job of a pipeline: how it goes and what it leaves."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from fateflow_tui.core.document.problems import nearest
from fateflow_tui.core.errors import FateFlowError, NotFound
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import FailureCard
from fateflow_tui.core.status import Status
from fateflow_tui.sdk.calls.members import PartyLike, party_of
from fateflow_tui.sdk.client import FateFlow
from fateflow_tui.sdk.jobs import JobView
from fateflow_tui.sdk.pipeline.component import Component
from fateflow_tui.sdk.pipeline.outputs import OutputData
from fateflow_tui.sdk.results import LogLine, OutputModel, Series

if TYPE_CHECKING:
    from fateflow_tui.sdk.pipeline.deployed import Deployed

Progress = Callable[[JobView], None]
ComponentLike = Component | str


class RunFailed(FateFlowError):
    """A job of a pipeline has ended without success; the message has the failure cards of all parties.

    cards: of the parties of the asked site whole, of others without rows, paths and addresses.
    """

    code: ClassVar[str] = "run_failed"

    def __init__(self, job: JobView) -> None:
        lines = [f"job {job.job_id} has ended: {job.status}{f' ({job.reason})' if job.reason else ''}"]
        lines += [line for card in job.cards for line in _card_lines(card)]
        hint = f"see the log: fateflow log show {job.job_id}"
        super().__init__("\n".join(lines), hint=hint, data={"job_id": job.job_id, "status": str(job.status)})
        self.job = job
        self.cards = job.cards


class Run:
    """A submitted job. What it leaves is that of `party`, the initiator, unless another one is named."""

    def __init__(self, client: FateFlow, job_id: str, party: PartyLike) -> None:
        self.client, self.job_id, self.party = client, job_id, party_of(party)
        self._job: JobView | None = None

    @classmethod
    def of_job(cls, client: FateFlow, job_id: str) -> Self:
        """A job that was submitted earlier, also by others."""
        job = client.job(job_id)
        return cls(client, job.job_id, Party.parse(job.initiator))

    @property
    def job(self) -> JobView:
        """The job as it is now."""
        if self._job is None or not self._job.status.ended:
            self._job = self.client.job(self.job_id)
        return self._job

    @property
    def status(self) -> Status:
        return self.job.status

    def wait(self, progress: Progress | None = None, timeout: float | None = None) -> Self:
        """Returns when the job has succeeded. Raises RunFailed, or TimedOut after so many seconds."""
        for job in self.client.watch(self.job_id, timeout):
            if progress is not None:
                progress(job)
            self._job = job
        if self.job.status is not Status.SUCCESS:
            raise RunFailed(self.job)
        return self

    def stop(self, reason: str = "") -> None:
        """Stops it at all parties."""
        self.client.stop(self.job_id, reason=reason)

    def metrics(self, component: ComponentLike, party: PartyLike | None = None) -> dict[str, dict[str, Series]]:
        """Series by namespace and name."""
        return self.client.metrics(self.job_id, self._component(component), party or self.party)

    def summary(self, component: ComponentLike, party: PartyLike | None = None) -> dict[str, object]:
        """What a component says of its result."""
        return self.client.summary(self.job_id, self._component(component), party or self.party)

    def model(self, component: ComponentLike, party: PartyLike | None = None) -> OutputModel:
        """What a component has learned, as a party may see it."""
        return self.client.tracking.output_model(self.job_id, self._component(component), party or self.party)

    def output_data(self, component: ComponentLike, party: PartyLike | None = None, limit: int = -1) -> OutputData:
        """The output tables of a component. limit: rows of each, -1 for all. Raises FateFlowError when it has none."""
        name = self._component(component)
        with tempfile.TemporaryDirectory(prefix="fateflow-") as folder:
            target = Path(folder) / "output.tar.gz"
            self.client.tracking.output_archive(self.job_id, name, target, party or self.party, limit)
            return OutputData.read(target)

    def logs(self, component: ComponentLike = "", *, follow: bool = False) -> Iterator[LogLine]:
        """The log of the job or of one component."""
        name = self._component(component) if component else ""
        return self.client.logs(self.job_id, component=name, follow=follow)

    def deploy(self, components: Sequence[ComponentLike] = ()) -> Deployed:
        """Makes a version of the trained model to predict with, of all components or of those that are listed (and
        the readers, whose tables are named at each prediction).
        """
        from fateflow_tui.sdk.pipeline.deployed import Deployed

        return Deployed.deploy(self, [self._component(component) for component in components])

    def _component(self, component: ComponentLike) -> str:
        """Its name. Raises NotFound, with the one that was probably meant."""
        name, known = str(component), [view.name for view in self.job.components]
        if name in known:
            return name
        close = nearest(name, known)
        hint = f"did you mean {close}?" if close else f"it has {', '.join(known)}"
        raise NotFound(f"job {self.job_id} has no component {name}", hint=hint)

    def __repr__(self) -> str:
        return f"<Run {self.job_id} of {self.party}>"


def _card_lines(card: FailureCard) -> Iterable[str]:
    yield f"{card.component} at {card.party}: {card.cause or card.kind}"
    facts = {"where": card.where, "signal": card.signal, "fix": card.fix}
    yield from (f"  {name}: {value}" for name, value in facts.items() if value)

"""What a simulated world is made of: sites, jobs and the faults that befall them, all drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import msgspec

from fateflow_tui.core.ids import Party
from fateflow_tui.core.plan import ComponentPlan, JobOptions, JobPlan, PartyDocument, Resources, Reuse, TaskPlan
from fateflow_tui.engine import SiteFacts, Tunables


@dataclass(frozen=True)
class Faults:
    """How bad the world is, as probabilities per message, turn or worker. Times in ms."""

    loss: float = 0.0
    repeat: float = 0.0
    late: float = 0.0  # a message that is overtaken by others
    crash: float = 0.0  # of a site, per turn
    failure: float = 0.0  # of a worker
    mute_death: float = 0.0  # of a worker before its first word
    batch: float = 0.0  # of events that wait for the next one, to share its turn
    stale: float = 0.0  # of a commit: somebody else has saved first
    outages: int = 0  # crashes at any moment, between turns
    partitions: int = 0
    disk_losses: int = 0
    long_outages: bool = False  # longer than peers wait


@dataclass
class Scenario:
    """A world to be: `at` times are ms after its beginning."""

    sites: list[SiteFacts]
    jobs: list[tuple[int, JobPlan]]
    faults: Faults = field(default_factory=Faults)
    stops: list[tuple[int, str, str]] = field(default_factory=list)  # at, site, job
    reruns: list[tuple[int, str, bool]] = field(default_factory=list)  # at, job, force
    horizon: int = 60_000  # no fault begins after this
    tunables: Tunables = field(default_factory=Tunables)
    durations: tuple[int, ...] = (5, 50, 500, 3_000)  # of workers


# Sites that soon give one another up, so that a short outage is a long one for them.
HASTY = Tunables(
    reserve_ttl=2_000, heartbeat=1_000, peer_silence=2_500, peer_lost_timeout=6_000, ageing=4_000, stop_timeout=800
)


def plan_job(
    job_id: str,
    parties: list[Party],
    components: dict[str, tuple[list[str], list[Party]]],
    *,
    need: int = 4,
    needs: dict[Party, int] | None = None,
    options: JobOptions | None = None,
) -> JobPlan:
    """components: name -> (needs, parties; [] for all), in topological order. The first party drives."""
    options = options or JobOptions()
    whole = {name: (upstream, members or parties) for name, (upstream, members) in components.items()}
    documents = []
    for party in parties:
        own = [name for name, (_, members) in whole.items() if party in members]
        tasks = [TaskPlan(name, "Sleep", [up for up in whole[name][0] if up in own], {"seconds": 0}) for name in own]
        cores = (needs or {}).get(party, need)
        documents.append(
            PartyDocument(
                job_id,
                party,
                parties[0],
                {},
                {},
                {},
                {},
                tasks,
                Resources(cores),
                Resources(cores // options.task_parallelism),
                options,
            )
        )
    return JobPlan(
        job_id,
        parties[0],
        parties[0],
        [ComponentPlan(name, "Sleep", upstream, members) for name, (upstream, members) in whole.items()],
        documents,
        options,
        {},
        {},
    )


def again(plan: JobPlan, job_id: str) -> JobPlan:
    """A job like another one that wants to reuse all of it."""
    reuse = Reuse(plan.job_id, [component.name for component in plan.components])
    documents = [msgspec.structs.replace(document, job_id=job_id, reuse=reuse) for document in plan.documents]
    return msgspec.structs.replace(plan, job_id=job_id, documents=documents)


def draw(seed: int) -> Scenario:
    """A small world of its own kind for each seed."""
    chance = Random(seed)
    ids = ["9999", "10000", "8888"]
    number = chance.choice([1, 2, 2, 3, 3])
    capacity = chance.choice([8, 12, 20])
    if number == 1:
        sites = [SiteFacts("site-0", Resources(capacity + 4))]
    else:
        hosted = [ids[:2], ids[2:]] if number == 2 else [[name] for name in ids]
        sites = [SiteFacts(f"site-{i}", Resources(capacity), frozenset(names)) for i, names in enumerate(hosted)]
    jobs = [
        (chance.randrange(0, chance.choice([1_000, 10_000])), _draw_job(chance, f"2026010100000000000{i}", ids))
        for i in range(chance.choice([1, 1, 2, 3, 5]))
    ]
    scenario = Scenario(
        sites,
        jobs,
        _draw_faults(chance, seed),
        horizon=chance.choice([5_000, 20_000, 60_000]),
        tunables=chance.choice([Tunables(), HASTY]),
        durations=chance.choice([(5, 50, 500, 3_000), (2_000, 15_000), (1,)]),
    )
    if chance.random() < 0.5:
        # The same once more, when the first may have ended, been interrupted or still be under way.
        first = chance.choice(jobs)[1]
        jobs.append((chance.randrange(1_000, 40_000), again(first, f"{first.job_id}7")))
    for _, plan in jobs:
        if chance.random() < 0.2:
            scenario.stops.append((chance.randrange(0, 20_000), chance.choice(sites).name, plan.job_id))
        while chance.random() < 0.3:
            at = chance.randrange(2_000, 60_000)
            scenario.reruns.append((at, plan.job_id, chance.random() < 0.5))
    return scenario


def _draw_job(chance: Random, job_id: str, ids: list[str]) -> JobPlan:
    order = chance.sample(ids, 3)
    parties = [Party("guest", order[0])]
    if chance.random() < 0.85:
        parties.append(Party("host", order[1]))
        if chance.random() < 0.6:
            parties.append(Party("arbiter", chance.choice(order)))
    components: dict[str, tuple[list[str], list[Party]]] = {}
    for i in range(chance.choice([1, 2, 3, 4, 6])):
        upstream = [name for name in components if chance.random() < 0.5]
        members = parties if chance.random() < 0.6 else [p for p in parties if chance.random() < 0.6]
        components[f"step_{i}"] = (upstream, members or parties)
    options = JobOptions(
        schedule_mode=chance.choice(["coordinated", "independent"]),
        priority=chance.choice([0, 0, 1]),
        task_parallelism=chance.choice([1, 1, 2, 3]),
        auto_retries=chance.choice([0, 0, 1, 3]),
        auto_retry_delay=chance.choice([0, 500, 3_000]),
        waiting_timeout=chance.choice([0, 0, 0, 30_000]),
        running_timeout=chance.choice([600_000, 600_000, 20_000]),
        task_timeout=chance.choice([0, 0, 0, 10_000]),
    )
    return plan_job(job_id, parties, components, need=chance.choice([1, 3, 4, 6, 9]), options=options)


def _draw_faults(chance: Random, seed: int) -> Faults:
    if seed % 10 == 0:
        return Faults(failure=0.1)
    return Faults(
        loss=chance.choice([0, 0.05, 0.3]),
        repeat=chance.choice([0, 0.1]),
        late=chance.choice([0, 0.1]),
        crash=chance.choice([0, 0, 0.01, 0.05]),
        failure=chance.choice([0, 0.05, 0.2]),
        mute_death=chance.choice([0, 0.05]),
        batch=chance.choice([0, 0, 0.2]),
        stale=chance.choice([0, 0, 0.05]),
        outages=chance.choice([0, 0, 1, 3]),
        partitions=chance.choice([0, 0, 1, 2]),
        disk_losses=chance.choice([0, 0, 0, 0, 1]),
        long_outages=chance.random() < 0.15,
    )

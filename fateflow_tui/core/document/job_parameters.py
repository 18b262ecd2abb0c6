"""Job parameters: their names and types, and what they mean for scheduling and resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fateflow_tui.core.document.json_text import Path
from fateflow_tui.core.document.problems import Problems, kind_of, shown
from fateflow_tui.core.ids import Party
from fateflow_tui.core.plan import JobOptions, Resources

TASK_CORES: Final = 4
ARBITER_CORES: Final = 1
EGGROLL_CORES: Final = "eggroll.session.processors.per.node"

_MAX: Final = 2**31 - 1
# name -> (min, max) of integers; times are in seconds and may have decimals
_NUMBERS: Final = {
    "task_cores": (1, _MAX),
    "task_memory": (0, _MAX),
    "task_parallelism": (1, _MAX),
    "computing_partitions": (1, _MAX),
    "priority": (-_MAX, _MAX),
    "auto_retries": (0, 1_000),
}
_TIMES: Final = ("timeout", "waiting_timeout", "task_timeout", "auto_retry_delay")
_CHOICES: Final = {
    "work_mode": (0, 1),
    "backend": (0, 1, 2),
    "schedule_mode": ("coordinated", "independent"),
    "federated_mode": ("SINGLE", "MULTIPLE"),
    "federated_status_collect_type": ("PUSH", "PULL"),
}
_OBJECTS: Final = ("eggroll_run", "spark_run", "rabbitmq_run", "pulsar_run", "adaptation_parameters", "engines_address")
_OTHERS: Final = (
    "job_type",
    "model_id",
    "model_version",
    "computing_engine",
    "federation_engine",
    "storage_engine",
    "federation_info",
    "inheritance_info",
    "processors_per_node",
    "assistant_role",
    "map_table_name",
    "map_namespace",
    "federated_data_exchange_type",
    "dsl_version",
    "task_conf",
    "roles",
    "role_parameters",
    "user",
)
KNOWN: Final = (*_NUMBERS, *_TIMES, *_CHOICES, *_OBJECTS, *_OTHERS)
_OF_THE_JOB: Final = ("job_type", "model_id", "model_version")  # the same for all parties

# (work_mode, backend) -> engines for computing, federation, storage
_ENGINES: Final = {
    (0, 0): ("STANDALONE", "STANDALONE", "STANDALONE"),
    (1, 0): ("EGGROLL", "EGGROLL", "EGGROLL"),
    (0, 1): ("SPARK", "RABBITMQ", "HDFS"),
    (1, 1): ("SPARK", "RABBITMQ", "HDFS"),
    (0, 2): ("SPARK", "PULSAR", "HDFS"),
    (1, 2): ("SPARK", "PULSAR", "HDFS"),
}


def read_job_parameters(given: Mapping[str, Any], path: Path, problems: Problems) -> dict[str, Any]:
    """The valid parameters, with numbers in text converted. Unknown parameters are omitted with a warning."""
    clean: dict[str, Any] = {}
    for name, value in given.items():
        place: Path = (*path, name)
        if name not in KNOWN:
            message = f"unknown job parameter {name}; it is ignored"
            problems.warn("UnknownJobParameter", place, message, near=(name, KNOWN))
        elif value is None:
            continue
        elif name in _NUMBERS:
            low, high = _NUMBERS[name]
            number = _whole(value)
            if number is None or not low <= number <= high:
                message = f"{name} must be an integer from {low} to {high}, not {shown(value)}"
                problems.error("JobParameterValueError", place, message)
            else:
                clean[name] = number
        elif name in _TIMES:
            seconds = _seconds(value)
            if seconds is None:
                message = f"{name} must be a non-negative number of seconds, not {shown(value)}"
                problems.error("JobParameterValueError", place, message)
            else:
                clean[name] = seconds
        elif name in _CHOICES:
            _choose(name, value, clean, place, problems)
        elif name in _OBJECTS and not isinstance(value, dict):
            message = f"{name} must be an object, not {kind_of(value)}"
            problems.error("JobParameterValueError", place, message)
        else:
            clean[name] = value
    processors = _whole(clean.pop("processors_per_node", None))
    if processors:
        clean["eggroll_run"] = {EGGROLL_CORES: processors, **clean.get("eggroll_run", {})}
    return clean


def _choose(name: str, value: Any, clean: dict[str, Any], path: Path, problems: Problems) -> None:
    choices = _CHOICES[name]
    chosen = _whole(value) if isinstance(choices[0], int) else value
    if isinstance(chosen, int | str) and chosen in choices:
        clean[name] = chosen
        return
    required = name in ("work_mode", "backend")
    message = f"{name} must be {' or '.join(map(str, choices))}, not {shown(value)}"
    near = (value, map(str, choices)) if isinstance(value, str) else None
    code = "RequiredParameterValueError" if required else "JobParameterValueError"
    problems.error(code, path, message, near=near)


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and len(value) <= 12:
        try:
            return int(value)
        except ValueError:
            return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _seconds(value: Any) -> int | float | None:
    number = _whole(value) if not isinstance(value, float) else value
    return number if number is not None and 0 <= number <= _MAX else None


def options_of(parameters: Mapping[str, Any]) -> JobOptions:
    """The scheduling options of a job, with seconds converted to milliseconds."""
    default = JobOptions()

    def time(name: str, otherwise: int) -> int:
        return round(parameters[name] * 1000) if name in parameters else otherwise

    return JobOptions(
        schedule_mode=parameters.get("schedule_mode", default.schedule_mode),
        priority=parameters.get("priority", default.priority),
        task_parallelism=parameters.get("task_parallelism", default.task_parallelism),
        auto_retries=parameters.get("auto_retries", default.auto_retries),
        auto_retry_delay=time("auto_retry_delay", default.auto_retry_delay),
        waiting_timeout=time("waiting_timeout", default.waiting_timeout),
        running_timeout=time("timeout", default.running_timeout),
        task_timeout=time("task_timeout", default.task_timeout),
    )


def filled(parameters: Mapping[str, Any], model_id: str, model_version: str) -> dict[str, Any]:
    """The job parameters for all parties as clients see them, with FATE's defaults and computed values."""
    work_mode, backend = parameters.get("work_mode", 0), parameters.get("backend", 0)
    computing, federation, storage = _ENGINES[work_mode, backend]
    complete: dict[str, Any] = {
        "job_type": "train",
        "work_mode": work_mode,
        "backend": backend,
        "computing_engine": computing,
        "federation_engine": federation,
        "storage_engine": storage,
        "federated_status_collect_type": "PULL",
        "task_parallelism": 1,
        "eggroll_run": {},
        "spark_run": {},
        "rabbitmq_run": {},
        "pulsar_run": {},
        "engines_address": {},
        **parameters,
        "model_id": model_id,
        "model_version": model_version,
    }
    single = complete["computing_engine"] == "STANDALONE"
    complete.setdefault("federated_mode", "SINGLE" if single else "MULTIPLE")
    request = parameters.get("task_cores", TASK_CORES)
    nodes, cores = _task_shape(complete, request)
    complete["adaptation_parameters"] = _adaptation(nodes, cores, request, parameters, baseline=True)
    complete.setdefault("computing_partitions", nodes * cores)
    return complete


def of_party(complete: Mapping[str, Any], own: Mapping[str, Any], party: Party) -> tuple[dict[str, Any], Resources]:
    """The job parameters of one party, and the resources that each of its tasks needs.

    The `task_cores` of all parties do not apply to an arbiter, which computes little; its own do.
    """
    merged = {**complete, **own, **{name: complete[name] for name in _OF_THE_JOB}}
    otherwise = ARBITER_CORES if party.role == "arbiter" else merged.get("task_cores", TASK_CORES)
    request = own.get("task_cores", otherwise)
    nodes, cores = _task_shape(merged, request)
    merged["adaptation_parameters"] = _adaptation(nodes, cores, request, merged, baseline=False)
    if merged["computing_engine"] == "SPARK":
        merged["spark_run"] = {**merged["spark_run"], "num-executors": nodes, "executor-cores": cores}
    else:
        merged["eggroll_run"] = {**merged["eggroll_run"], EGGROLL_CORES: cores}
    return merged, Resources(nodes * cores, merged.get("task_memory", 0))


def _task_shape(parameters: Mapping[str, Any], request: int) -> tuple[int, int]:
    """(nodes, cores per node) of one task: one node unless spark_run says otherwise."""
    if parameters["computing_engine"] == "SPARK":
        run = parameters["spark_run"]
        nodes = max(_whole(run.get("num-executors")) or 1, 1)
        cores = _whole(run.get("executor-cores")) or 0
    else:
        nodes, cores = 1, _whole(parameters["eggroll_run"].get(EGGROLL_CORES)) or 0
    return nodes, cores if cores > 0 else max(1, request // nodes)


def _adaptation(
    nodes: int, cores: int, request: int, parameters: Mapping[str, Any], *, baseline: bool
) -> dict[str, Any]:
    return {
        "task_nodes": nodes,
        "task_cores_per_node": cores,
        "task_memory_per_node": parameters.get("task_memory", 0),
        "request_task_cores": request,
        "if_initiator_baseline": baseline,
    }

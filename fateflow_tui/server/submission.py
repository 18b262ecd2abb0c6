"""The answer to a submitted job, and what clients add to a conf that is not part of it."""

from __future__ import annotations

from typing import Any

from fateflow_tui.core.errors import BadDocument
from fateflow_tui.core.ids import Party
from fateflow_tui.core.records import JobState
from fateflow_tui.server.address import Address
from fateflow_tui.server.door import Site
from fateflow_tui.server.records import own_documents

_SHOWN = 20  # problems in one text

# Command line options that 1.x clients leave in the conf.
_CLIENT_WORDS = frozenset({"conf_path", "dsl_path", "output_path", "verbose", "local", "config", "dsl", "function"})


def client_free(conf: Any) -> Any:
    """The conf without client options; a text is the user's own and stays as it is."""
    if not isinstance(conf, dict):
        return conf
    return {name: value for name, value in conf.items() if name not in _CLIENT_WORDS}


def all_problems(error: BadDocument) -> str:
    """All errors of the documents in one text, for clients that get no list."""
    problems = [problem for problem in error.data or [] if problem["severity"] == "error"]
    lines = [f"{problem['document']} {problem['path']}: {problem['message']}" for problem in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        lines.append(f"and {len(problems) - _SHOWN} more")
    return "; ".join(lines) or error.message


def board_url(address: Address, job_id: str, party: Party) -> str:
    return f"{address.url}/index.html#/dashboard?job_id={job_id}&role={party.role}&party_id={party.party_id}"


def submission(site: Site, address: Address, state: JobState) -> dict[str, Any]:
    """`data` of job/submit, data/upload and data/download; clients need `board_url` and `model_info`."""
    document = next(iter(own_documents(state).values()))
    files = site.home.job_files(state.job_id)
    return {
        "job_id": state.job_id,
        "board_url": board_url(address, state.job_id, document.party),
        "model_info": {"model_id": document.model_id, "model_version": document.model_version},
        "logs_directory": str(site.home.job_logs(state.job_id)),
        "job_dsl_path": str(files / "job_dsl.json"),
        "job_runtime_conf_path": str(files / "job_runtime_conf.json"),
        "job_runtime_conf_on_party_path": str(files / document.party.role / "job_runtime_on_party_conf.json"),
        "train_runtime_conf_path": str(files / "train_runtime_conf.json"),
        "pipeline_dsl_path": str(files / "pipeline_dsl.json"),
    }

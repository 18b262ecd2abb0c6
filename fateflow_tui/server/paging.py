"""The paged lists of later FATE-Boards: records without `f_`, a page at a time."""

from __future__ import annotations

from typing import Any

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.server.body import Body
from fateflow_tui.server.door import Site
from fateflow_tui.server.filters import sort_key
from fateflow_tui.server.records import Record, job_records, task_records
from fateflow_tui.server.search import newest_first

_SIGNS = ("page", "order_by", "order", "role", "status", "partner", "description")
_JOB_FIELDS = ("job_id", "party_id", "role", "status")
_TASK_FIELDS = ("job_id", "party_id", "role", "component_name")


def is_paged(body: Body) -> bool:
    """Whether the request asks for the paged form; the plain one has only a limit."""
    return any(body.members.get(name) is not None for name in _SIGNS)


async def paged_jobs(site: Site, body: Body) -> dict[str, Any]:
    found = await newest_first(site, job_records, _wishes(body, _JOB_FIELDS))
    description, partner = body.text("description"), body.text("partner")
    kept = [
        record
        for record in found
        if description in record["f_description"] and (not partner or any(partner in i for i in _partners(record)))
    ]
    jobs = [{**_bare(record), "partners": _partners(record)} for record in _page(kept, body)]
    return {"jobs": jobs, "count": len(kept)}


async def paged_tasks(site: Site, body: Body) -> dict[str, Any]:
    found = await newest_first(site, task_records, _wishes(body, _TASK_FIELDS))
    return {"tasks": [_bare(record) for record in _page(found, body)], "count": len(found)}


def _wishes(body: Body, fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: body.members[name] for name in fields if body.members.get(name) not in (None, "", [])}


def _page(records: list[Record], body: Body) -> list[Record]:
    field = f"f_{body.text('order_by') or 'create_time'}"
    if records and field not in records[0]:
        raise BadRequest(f"order_by: there is no field {field.removeprefix('f_')!r}")
    ascending = body.text("order") == "asc"
    records = sorted(records, key=lambda record: sort_key(record[field]), reverse=not ascending)
    limit, page = body.integer("limit", 0), max(1, body.integer("page", 1))
    return records[(page - 1) * limit : page * limit] if limit > 0 else records


def _partners(record: Record) -> list[str]:
    """The ids of all other parties."""
    own = (record["f_role"], record["f_party_id"])
    return sorted({str(i) for role, ids in record["f_roles"].items() for i in ids if (role, str(i)) != own})


def _bare(record: Record) -> Record:
    return {name.removeprefix("f_"): value for name, value in record.items()}

"""FATE-Flow's `model` app: deploy, query, predict documents, load and bind, migrate, archives, a second location."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any, Final

import msgspec
from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.core.document import predict_conf_template
from fateflow_tui.core.errors import BadRequest, FateFlowError, NotFound
from fateflow_tui.core.ids import Party
from fateflow_tui.registry import Part
from fateflow_tui.runtime.models.versions import ModelNotFound, VersionResult, plain_answers
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.archives import WholeFile, json_file_answer
from fateflow_tui.server.context import ClientName, ThisAddress, ThisSite
from fateflow_tui.server.fate.envelope import answer, failure, file_failure, wants_detail
from fateflow_tui.server.fate.jobs import submission
from fateflow_tui.server.fate.records import model_record
from fateflow_tui.server.openapi import (
    DOCUMENT,
    FILE,
    FLAG,
    JOB,
    JSON_FILE,
    OBJECT,
    PARTIES,
    PARTY,
    TEXT,
    TEXTS,
    ZIP,
    described,
    members,
)
from fateflow_tui.server.requests import Body, JsonBody
from fateflow_tui.server.uploads import receive_file

router = APIRouter(tags=["model (FATE-Flow 1.x)"])

_ID: Final = "arbiter-10000#guest-9999#host-10000#model"
_OWNER: Final = "guest~9999~arbiter-10000~guest-9999~host-10000~model"
_MODEL: Final = {"model_id": _ID, "model_version": JOB}
_PART: Final = {**_MODEL, "role": "guest", "party_id": "9999"}
_AT_PARTIES: Final = {"guest": {"9999": 0}, "detail": {"guest": {"9999": {"retcode": 0, "retmsg": "success"}}}}
_DOCUMENTS: Final = members("model_id", "model_version", role=TEXT, party_id=TEXT, filename=TEXT)
_ONE_PART: Final = members("model_id", "model_version", "role", "party_id", force_update=FLAG)
_SERVED: Final = {"job_id": TEXT, "initiator": PARTY, "role": PARTIES, "job_parameters": OBJECT}
_EXPORT: Final = described(_ONE_PART, _PART, file=ZIP)
_QUERY: Final = described(
    members(model_version=TEXT, model_id=TEXT, role=TEXT, party_id=TEXT, query_filters=TEXTS),
    _MODEL,
    [{"f_role": "guest", "f_party_id": "9999", "f_model_version": JOB}],
)
_OTHER_ROLES: Final = {"guest": [10000], "host": [9999], "arbiter": [9999]}
_MIGRATION: Final = {
    **_MODEL,
    "migrate_initiator": {"role": "guest", "party_id": 10000},
    "role": {"guest": [9999], "host": [10000], "arbiter": [10000]},
    "migrate_role": _OTHER_ROLES,
    "execute_party": {"guest": [9999], "host": [10000], "arbiter": [10000]},
    "job_parameters": {"federated_mode": "MULTIPLE"},
}


@router.post(
    "/model/deploy",
    **described(
        members("model_id", "model_version", cpn_list=TEXTS, predict_dsl=DOCUMENT, dsl=DOCUMENT),
        _MODEL,
        {**_MODEL, **_AT_PARTIES},
    ),
)
async def deploy(request: Request, site: ThisSite, body: JsonBody, client: ClientName) -> Response:
    """Makes a version that can predict out of a trained one, at all of its parties or at none. What it predicts with:
    `predict_dsl` (or `dsl`), else `cpn_list`, else all components.
    """
    body.require("model_id", "model_version")
    dsl = _document(body, "predict_dsl") or _document(body, "dsl")
    try:
        made = await site.models.deploy(
            body.text("model_id"),
            body.text("model_version"),
            components=body.texts("cpn_list") or None,
            predict_dsl=dsl,
            by=client,
        )
    except ModelNotFound as error:
        # Clients of 1.11 look into `data` whatever the code is.
        return failure(request, error, data={} if wants_detail(request) else None)
    return _made(request, made)


@router.post("/model/get/predict/dsl", **described(_DOCUMENTS, _MODEL, {"components": {}}, file=JSON_FILE))
async def get_predict_dsl(request: Request, site: ThisSite, body: JsonBody) -> Response:
    """The DSL that a model version predicts with, {} for one that is not deployed; as a file if `filename` is given."""
    try:
        part = _part(site, body)
        dsl = part.pipeline.predict_dsl
        return json_file_answer(dsl, body.text("filename")) if body.text("filename") else answer(dsl)
    except FateFlowError as error:
        return file_failure(request, error)


@router.post("/model/get/predict/conf", **described(_DOCUMENTS, _MODEL, {"dsl_version": 2}, file=JSON_FILE))
async def get_predict_conf(request: Request, site: ThisSite, body: JsonBody) -> Response:
    """A conf for a predict job with a model version, tables to be filled in; as a file if `filename` is given."""
    try:
        pipeline = _part(site, body).pipeline
        conf = predict_conf_template(
            pipeline.train_conf, pipeline.predict_dsl, pipeline.model_id, pipeline.model_version, site.catalog
        )
        return json_file_answer(conf, body.text("filename")) if body.text("filename") else answer(conf)
    except FateFlowError as error:
        return file_failure(request, error)


@router.post("/model/query", **_QUERY)
@router.post("/model/query/detail", **_QUERY)
async def query(request: Request, site: ThisSite, body: JsonBody) -> Response:
    """The records of this site's parts of model versions, newest first. `query_filters` names the fields wanted."""
    wishes = {name: body.text(name) for name in ("model_id", "role", "party_id")}
    parts = await asyncio.to_thread(site.models.find, version=body.text("model_version"), **wishes)
    fields = {f"f_{name}" for name in body.texts("query_filters")}
    records = [model_record(site, part) for part in parts]
    if not records:
        text = "Query model info failed, cannot find model from db. No version of that name is registered here"
        return failure(request, ModelNotFound(text), data=[])
    if fields:
        records = [{name: value for name, value in record.items() if name in fields} for record in records]
    return answer(records, retmsg="Query model info from db success.")


@router.post("/model/load", **described(members(**_SERVED), {"job_id": JOB}, _AT_PARTIES))
async def load(site: ThisSite, body: JsonBody, client: ClientName) -> Response:
    """Publishes a deployed version to the serving part of every guest and host. Named by `job_id` (its version), or by
    `job_parameters` with model_id and model_version.
    """
    model_id, version = _named(site, body)
    answers = await site.models.load(model_id, version, by=client)
    ok = all(one.retcode == 0 for one in answers.values())
    return answer(
        plain_answers(answers), retcode=0 if ok else 101, retmsg="success" if ok else "failed", job_id=site.ids.new()
    )


@router.post("/model/bind", **described(members("service_id", **_SERVED), {"job_id": JOB, "service_id": "fraud"}))
async def bind(site: ThisSite, body: JsonBody, client: ClientName) -> Response:
    """Makes a loaded version the one that a service id answers with."""
    service = body.text("service_id")
    if not service:
        raise NotFound("no service id", hint="name it as service_id in the configuration")
    model_id, version = _named(site, body)
    site.models.bind(service, model_id, version, by=client)
    return answer(retmsg=f"service id is {service}")


@router.post(
    "/model/migrate",
    **described(
        members(
            *_MIGRATION,
            migrate_initiator=PARTY,
            role=PARTIES,
            migrate_role=PARTIES,
            execute_party=PARTIES,
            job_parameters=OBJECT,
            unify_model_version=TEXT,
        ),
        _MIGRATION,
        {**_MODEL, **_AT_PARTIES},
    ),
)
async def migrate(request: Request, site: ThisSite, body: JsonBody, client: ClientName) -> Response:
    """Rewrites a version for other party ids. Each executing party's archive lies at its own site, ready for export;
    import it where the new party lives.
    """
    body.require("migrate_initiator")
    body.require("role", "migrate_role", "model_id", "model_version", "execute_party", "job_parameters")
    made = await site.models.migrate(
        body.text("model_id"),
        body.text("model_version"),
        roles=_roles(body, "role"),
        new_roles=_roles(body, "migrate_role"),
        initiator=Body(body.mapping("migrate_initiator")).party(),
        executing=_roles(body, "execute_party"),
        new_version=body.text("unify_model_version"),
        by=client,
    )
    return _made(request, made, job_id=made.model_version)


@router.get("/model/export", **_EXPORT)
@router.post("/model/export", **_EXPORT)
async def export(request: Request, site: ThisSite, body: JsonBody, client: ClientName) -> Response:
    """One party's part as a zip archive with its manifest. A failure has HTTP status 210."""
    try:
        body.require("model_id", "model_version", "role", "party_id")
        party = Party(body.text("role"), body.text("party_id"))
        archive = await asyncio.to_thread(
            site.models.export, party, body.text("model_id"), body.text("model_version"), by=client
        )
    except BadRequest:
        raise
    except FateFlowError as error:
        return file_failure(request, error)
    # 1.x clients take all that follows `filename=` for the name.
    headers = {"Content-Disposition": f"attachment; filename={archive.name}", "Accept-Ranges": "none"}
    removed = BackgroundTask(archive.path.unlink, missing_ok=True) if archive.temporary else None
    return WholeFile(archive.path, media_type="application/zip", headers=headers, background=removed)


@router.post(
    "/model/import",
    **described(
        parts=members("model_id", "model_version", "role", "party_id", "file", file=FILE, force_update=FLAG),
        example={**_PART, "file": "part.zip"},
        answer=_PART,
    ),
)
async def import_(request: Request, site: ThisSite, client: ClientName) -> Response:
    """Takes in an archive (multipart part `file`) as the part of the party that `role` and `party_id` name."""
    path = site.home.uploads / secrets.token_hex(8)
    try:
        body = Body(dict(await receive_file(request, path)))
        body.require("role", "party_id", "model_id", "model_version")
        part = await asyncio.to_thread(
            site.models.import_archive,
            path,
            Party(body.text("role"), body.text("party_id")),
            body.text("model_id"),
            body.text("model_version"),
            force=body.flag("force_update"),
            by=client,
        )
    finally:
        path.unlink(missing_ok=True)
    data = {
        "job_id": part.pipeline.model_version,
        "role": part.pipeline.party.role,
        "party_id": part.pipeline.party.party_id,
        "model_id": part.pipeline.model_id,
        "model_version": part.pipeline.model_version,
    }
    return answer(data)


@router.post("/model/store", **described(_ONE_PART, _PART, {"job_id": JOB}))
async def store(site: ThisSite, address: ThisAddress, body: JsonBody, client: ClientName) -> Response:
    """Copies one party's part to the second location, by a job of the party local:0."""
    body.require("model_id", "model_version", "role", "party_id")
    state = await site.local_jobs.store_model(body.members, _second_location(site), by=client)
    return answer(submission(site, address, state), job_id=state.job_id)


@router.post("/model/restore", **described(_ONE_PART, _PART, {"job_id": JOB}))
async def restore(site: ThisSite, address: ThisAddress, body: JsonBody, client: ClientName) -> Response:
    """Brings one party's part back from the second location, by a job of the party local:0."""
    body.require("model_id", "model_version", "role", "party_id")
    state = await site.local_jobs.restore_model(body.members, _second_location(site), by=client)
    return answer(submission(site, address, state), job_id=state.job_id)


@router.post(
    "/model/transfer",
    **described(
        members("name", "namespace"),
        {"name": JOB, "namespace": f"guest#9999#{_ID}"},
        {"hetero_lr_0.model:HeteroLR": "e30="},
    ),
)
async def transfer(site: ThisSite, body: JsonBody) -> Response:
    """All of a part's component models, for serving programs: `<component>.<alias>:<kind>` -> base64 of its JSON."""
    body.require("name", "namespace")
    return answer(await asyncio.to_thread(site.models.buffers, body.text("namespace"), body.text("name")))


@router.post(
    "/model/transfer/{party_model_id}/{version}",
    **described(example={"party_model_id": _OWNER, "version": JOB}, answer={"hetero_lr_0.model:HeteroLR": "e30="}),
)
async def transfer_by_path(site: ThisSite, party_model_id: str, version: str) -> Response:
    """As `model/transfer`; `~` in the party model id stands for `#`."""
    return answer(await asyncio.to_thread(site.models.buffers, party_model_id.replace("~", "#"), version))


def _second_location(site: Site) -> str:
    directory = site.config.model_store.directory
    if not directory:
        raise BadRequest(
            "this site has no second location for models",
            hint=f'name one in {site.home.configuration}: [model_store] directory = "/full/path"',
        )
    return directory


def _made(request: Request, made: VersionResult, job_id: str | None = None) -> Response:
    data = {**plain_answers(made.answers), "model_id": made.model_id, "model_version": made.model_version}
    if made.ok:
        return answer(data, job_id=job_id)
    if wants_detail(request):
        return failure(request, made.failure(), data=data)
    return answer(data, retcode=101, retmsg="failed", job_id=job_id)


def _part(site: Site, body: Body) -> Part:
    body.require("model_id", "model_version")
    return site.models.part(
        body.text("model_id"), body.text("model_version"), role=body.text("role"), party_id=body.text("party_id")
    )


def _named(site: Site, body: Body) -> tuple[str, str]:
    """The model that a load or bind is about. Raises NotFound (101) as FATE-Flow does."""
    parameters = body.mapping("job_parameters")
    inner = Body(parameters.get("common", parameters) if isinstance(parameters.get("common"), dict) else parameters)
    model_id, version = inner.text("model_id"), inner.text("model_version")
    if job_id := body.text("job_id"):
        found = site.models.find(version=site.models.resolve(job_id))
        if not found:
            raise NotFound(
                f"model with version {job_id} can not be found here",
                hint="see the versions of this site: fateflow model list",
            )
        return found[0].pipeline.model_id, found[0].pipeline.model_version
    if not (model_id and version):
        raise BadRequest("required parameters are missing: job_id or job_parameters.model_id, model_version;")
    return model_id, version


def _document(body: Body, name: str) -> dict[str, Any] | None:
    """A document that is sent as object or as JSON text; None when it is not given."""
    value = body.members.get(name)
    if isinstance(value, str) and value.strip():
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            raise BadRequest(f"{name} is no JSON: {error}") from None
    if not value:
        return None
    if not isinstance(value, dict):
        raise BadRequest(f"{name} must be an object")
    return value


def _roles(body: Body, name: str) -> dict[str, list[int]]:
    roles: dict[str, list[int]] = {}
    for role, ids in body.mapping(name).items():
        if not isinstance(ids, list):
            raise BadRequest(f"{name}.{role} must be a list of party ids")
        try:
            roles[role] = [int(one) for one in ids]
        except (TypeError, ValueError):
            raise BadRequest(f"{name}.{role} must be a list of party ids, not {ids!r:.80}") from None
    return roles

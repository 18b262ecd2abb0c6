"""FATE-Flow's `model` app: deploy, query, predict documents, load and bind, migrate, archives, a second location."""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.core.document import predict_conf_template
from fateflow_tui.core.errors import BadRequest, NotFound
from fateflow_tui.core.ids import Party
from fateflow_tui.registry import Part
from fateflow_tui.runtime.models.versions import ModelNotFound, VersionResult, plain_answers
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.archives import WholeFile, json_file_answer
from fateflow_tui.server.context import ClientName, ThisAddress, ThisSite
from fateflow_tui.server.fate.envelope import answer, failure, wants_detail
from fateflow_tui.server.fate.jobs import submission
from fateflow_tui.server.fate.records import model_record
from fateflow_tui.server.openapi import JOB, JSON_FILE, ZIP, answers
from fateflow_tui.server.requests import (
    NO_MEMBERS,
    AtParty,
    Document,
    Flag,
    Json,
    Object,
    Parties,
    PartyObject,
    RequestBody,
    Roles,
    Text,
    Texts,
)
from fateflow_tui.server.uploads import receive_file

router = APIRouter(tags=["model (FATE-Flow 1.x)"])

_ID: Final = "arbiter-10000#guest-9999#host-10000#model"
_OWNER: Final = "guest~9999~arbiter-10000~guest-9999~host-10000~model"
_MODEL: Final = {"model_id": _ID, "model_version": JOB}
_PART: Final = {**_MODEL, "role": "guest", "party_id": "9999"}
_AT_PARTIES: Final = {"guest": {"9999": 0}, "detail": {"guest": {"9999": {"retcode": 0, "retmsg": "success"}}}}
_OTHER_ROLES: Final = {"guest": [10000], "host": [9999], "arbiter": [9999]}
_BUFFERS: Final = {"hetero_lr_0.model:HeteroLR": "e30="}


class ModelRequest(RequestBody, example=_MODEL):
    model_id: Text
    model_version: Text


class DeployRequest(ModelRequest):
    """What the version predicts with: the DSL, else the components, else all components."""

    cpn_list: Texts = ()
    predict_dsl: Document = None
    dsl: Document = None

    @property
    def predict_document(self) -> dict[str, Any] | None:
        return _document("predict_dsl", self.predict_dsl) or _document("dsl", self.dsl)


class PredictDocumentRequest(ModelRequest):
    role: Text = ""
    party_id: Text = ""
    filename: Annotated[Text, "answer with a file of this name"] = ""


class ModelQuery(RequestBody, example=_MODEL):
    model_version: Text = ""
    model_id: Text = ""
    role: Text = ""
    party_id: Text = ""
    query_filters: Annotated[Texts, "only these fields"] = ()


class LoadRequest(RequestBody, example={"job_id": JOB}):
    """The version is `job_id`, or `model_id` and `model_version` in `job_parameters`."""

    job_id: Text = ""
    initiator: PartyObject = NO_MEMBERS
    role: Parties = None
    job_parameters: Object = NO_MEMBERS

    def version(self, site: Site) -> tuple[str, str]:
        """Return the id and the version. Raises NotFound (101) as FATE-Flow does."""
        if self.job_id:
            found = site.models.find(version=site.models.resolve(self.job_id))
            if not found:
                raise NotFound(
                    f"model with version {self.job_id} can not be found here",
                    hint="list the versions of this site: fateflow model list",
                )
            return found[0].pipeline.model_id, found[0].pipeline.model_version
        common = self.job_parameters.get("common")
        model = _ModelParameters(common if isinstance(common, dict) else self.job_parameters)
        if not (model.model_id and model.model_version):
            raise BadRequest("required parameters are missing: job_id or job_parameters.model_id, model_version;")
        return model.model_id, model.model_version


class _ModelParameters(RequestBody):
    """`job_parameters` of a load or bind."""

    model_id: Text = ""
    model_version: Text = ""


class BindModelRequest(LoadRequest, example={"job_id": JOB, "service_id": "fraud"}):
    service_id: Text = ""


class MigrateRequest(
    ModelRequest,
    example={
        **_MODEL,
        "migrate_initiator": {"role": "guest", "party_id": 10000},
        "role": {"guest": [9999], "host": [10000], "arbiter": [10000]},
        "migrate_role": _OTHER_ROLES,
        "execute_party": {"guest": [9999], "host": [10000], "arbiter": [10000]},
        "job_parameters": {"federated_mode": "MULTIPLE"},
    },
):
    migrate_initiator: PartyObject
    role: Roles
    migrate_role: Roles
    execute_party: Roles
    job_parameters: Object
    unify_model_version: Text = ""


class PartRequest(ModelRequest, example=_PART):
    """One party's part of a version."""

    role: Text
    party_id: Text
    force_update: Flag = False

    @property
    def party(self) -> Party:
        return Party(self.role, self.party_id)


class ImportRequest(PartRequest, example={**_PART, "file": "part.zip"}):
    """The text parts of the multipart body; the archive is the part `file`."""


class TransferRequest(RequestBody, example={"name": JOB, "namespace": f"guest#9999#{_ID}"}):
    name: Text
    namespace: Text


@router.post("/model/deploy", **answers({**_MODEL, **_AT_PARTIES}))
async def deploy(request: Request, site: ThisSite, body: Json[DeployRequest], client: ClientName) -> Response:
    """Deploy a trained version: create one that can predict, at all of its parties or at none."""
    try:
        made = await site.models.deploy(
            body.model_id,
            body.model_version,
            components=list(body.cpn_list) or None,
            predict_dsl=body.predict_document,
            by=client,
        )
    except ModelNotFound as error:
        # Clients of 1.11 read `data` whatever the code is.
        return failure(request, error, data={} if wants_detail(request) else None)
    return _made(request, made)


@router.post("/model/get/predict/dsl", **answers({"components": {}}, file=JSON_FILE))
async def get_predict_dsl(site: ThisSite, body: Json[PredictDocumentRequest]) -> Response:
    """Return the predict DSL of a version; {} for a version that is not deployed."""
    dsl = _part(site, body).pipeline.predict_dsl
    return json_file_answer(dsl, body.filename) if body.filename else answer(dsl)


@router.post("/model/get/predict/conf", **answers({"dsl_version": 2}, file=JSON_FILE))
async def get_predict_conf(site: ThisSite, body: Json[PredictDocumentRequest]) -> Response:
    """Return a conf for a predict job with a version; the tables are left to be filled in."""
    pipeline = _part(site, body).pipeline
    conf = predict_conf_template(
        pipeline.train_conf, pipeline.predict_dsl, pipeline.model_id, pipeline.model_version, site.catalog
    )
    return json_file_answer(conf, body.filename) if body.filename else answer(conf)


@router.post("/model/query", **answers([{"f_role": "guest", "f_party_id": "9999", "f_model_version": JOB}]))
@router.post("/model/query/detail", **answers([{"f_role": "guest", "f_party_id": "9999", "f_model_version": JOB}]))
async def query(request: Request, site: ThisSite, body: Json[ModelQuery]) -> Response:
    """List the records of this site's parts of model versions, newest first."""
    parts = await asyncio.to_thread(
        site.models.find, version=body.model_version, model_id=body.model_id, role=body.role, party_id=body.party_id
    )
    records = [model_record(site, part) for part in parts]
    if not records:
        text = "Query model info failed, cannot find model from db. This site has no such version"
        return failure(request, ModelNotFound(text), data=[])
    if body.query_filters:
        fields = {f"f_{name}" for name in body.query_filters}
        records = [{name: value for name, value in record.items() if name in fields} for record in records]
    return answer(records, retmsg="Query model info from db success.")


@router.post("/model/load", **answers(_AT_PARTIES))
async def load(site: ThisSite, body: Json[LoadRequest], client: ClientName) -> Response:
    """Load a deployed version for inference at every guest and host."""
    model_id, version = body.version(site)
    outcomes = await site.models.load(model_id, version, by=client)
    ok = all(one.retcode == 0 for one in outcomes.values())
    return answer(
        plain_answers(outcomes), retcode=0 if ok else 101, retmsg="success" if ok else "failed", job_id=site.ids.new()
    )


@router.post("/model/bind", **answers())
async def bind(site: ThisSite, body: Json[BindModelRequest], client: ClientName) -> Response:
    """Bind a service id to a loaded version."""
    if not body.service_id:
        raise NotFound("no service id", hint="give it as service_id in the configuration")
    model_id, version = body.version(site)
    site.models.bind(body.service_id, model_id, version, by=client)
    return answer(retmsg=f"service id is {body.service_id}")


@router.post("/model/migrate", **answers({**_MODEL, **_AT_PARTIES}))
async def migrate(request: Request, site: ThisSite, body: Json[MigrateRequest], client: ClientName) -> Response:
    """Migrate a version to other party ids. Each executing party keeps its archive for export; import the archive at
    the site of the new party.
    """
    made = await site.models.migrate(
        body.model_id,
        body.model_version,
        roles=body.role,
        new_roles=body.migrate_role,
        initiator=AtParty(body.migrate_initiator).party_or_none(),
        executing=body.execute_party,
        new_version=body.unify_model_version,
        by=client,
    )
    return _made(request, made, job_id=made.model_version)


@router.get("/model/export", **answers(file=ZIP))
@router.post("/model/export", **answers(file=ZIP))
async def export(site: ThisSite, body: Json[PartRequest], client: ClientName) -> Response:
    """Export one party's part as a zip archive with its manifest."""
    archive = await asyncio.to_thread(site.models.export, body.party, body.model_id, body.model_version, by=client)
    # 1.x clients read everything after `filename=` as the name.
    headers = {"Content-Disposition": f"attachment; filename={archive.name}", "Accept-Ranges": "none"}
    removed = BackgroundTask(archive.path.unlink, missing_ok=True) if archive.temporary else None
    return WholeFile(archive.path, media_type="application/zip", headers=headers, background=removed)


@router.post("/model/import", **answers(_PART, multipart=ImportRequest))
async def import_(request: Request, site: ThisSite, client: ClientName) -> Response:
    """Import an archive as the part of one party."""
    path = site.home.uploads / secrets.token_hex(8)
    try:
        body = ImportRequest(await receive_file(request, path))
        part = await asyncio.to_thread(
            site.models.import_archive,
            path,
            body.party,
            body.model_id,
            body.model_version,
            force=body.force_update,
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


@router.post("/model/store", **answers({"job_id": JOB}))
async def store(site: ThisSite, address: ThisAddress, body: Json[PartRequest], client: ClientName) -> Response:
    """Copy one party's part to the second location, by a job of the party local:0."""
    state = await site.local_jobs.store_model(body.members, _second_location(site), by=client)
    return answer(submission(site, address, state), job_id=state.job_id)


@router.post("/model/restore", **answers({"job_id": JOB}))
async def restore(site: ThisSite, address: ThisAddress, body: Json[PartRequest], client: ClientName) -> Response:
    """Restore one party's part from the second location, by a job of the party local:0."""
    state = await site.local_jobs.restore_model(body.members, _second_location(site), by=client)
    return answer(submission(site, address, state), job_id=state.job_id)


@router.post("/model/transfer", **answers(_BUFFERS))
async def transfer(site: ThisSite, body: Json[TransferRequest]) -> Response:
    """Return all component models of a part for serving programs, as `<component>.<alias>:<kind>` with the base64 of
    their JSON.
    """
    return answer(await asyncio.to_thread(site.models.buffers, body.namespace, body.name))


@router.post(
    "/model/transfer/{party_model_id}/{version}",
    **answers(_BUFFERS, parameters={"party_model_id": _OWNER, "version": JOB}),
)
async def transfer_by_path(site: ThisSite, party_model_id: str, version: str) -> Response:
    """Return all component models of a part; `~` in the party model id stands for `#`."""
    return answer(await asyncio.to_thread(site.models.buffers, party_model_id.replace("~", "#"), version))


def _second_location(site: Site) -> str:
    directory = site.config.model_store.directory
    if not directory:
        raise BadRequest(
            "no second location for models is configured at this site",
            hint=f'set one in {site.home.configuration}: [model_store] directory = "/full/path"',
        )
    return directory


def _made(request: Request, made: VersionResult, job_id: str | None = None) -> Response:
    data = {**plain_answers(made.answers), "model_id": made.model_id, "model_version": made.model_version}
    if made.ok:
        return answer(data, job_id=job_id)
    if wants_detail(request):
        return failure(request, made.failure(), data=data)
    return answer(data, retcode=101, retmsg="failed", job_id=job_id)


def _part(site: Site, body: PredictDocumentRequest) -> Part:
    return site.models.part(body.model_id, body.model_version, role=body.role, party_id=body.party_id)


def _document(name: str, value: Any) -> dict[str, Any] | None:
    """A document that is sent as an object or as JSON text; None when it is not given."""
    if isinstance(value, str) and value.strip():
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            raise BadRequest(f"{name} is not valid JSON: {error}") from None
    if not value:
        return None
    if not isinstance(value, dict):
        raise BadRequest(f"{name} must be an object")
    return value

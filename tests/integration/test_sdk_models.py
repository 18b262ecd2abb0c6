"""The namespaces of the SDK for models, tags, serving, tables and permissions, against a real site."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fateflow_tui.core import errors
from fateflow_tui.core.status import Status
from fateflow_tui.sdk import AsyncFateFlow, FateFlow
from fateflow_tui.sdk.pipeline import Deployed, Pipeline, Run
from tests.integration.clusters import RunningSite, standalone

_DATA = Path(__file__).parents[2] / "demo" / "data"
_PARTY = "guest:9999"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with standalone(tmp_path_factory.mktemp("site")) as running:
        for name in ("guest", "host"):
            running.upload(name, _DATA / f"{name}.csv")
        yield running


@pytest.fixture(scope="module")
def flow(site: RunningSite) -> FateFlow:
    return site.flow


@pytest.fixture(scope="module")
def run(flow: FateFlow) -> Run:
    """A model that has been trained."""
    pipeline = Pipeline(guest=9999, host=10000, arbiter=10001, client=flow)
    reader = pipeline.reader(guest=("experiment", "guest"), host=("experiment", "host"))
    dataio = pipeline.add(
        "DataIO", data=reader.data, guest={"with_label": True, "label_name": "y"}, host={"with_label": False}
    )
    common = pipeline.add("Intersection", data=dataio.data)
    pipeline.add("HeteroLR", train_data=common.data, max_iter=2)
    return pipeline.fit(timeout=100)


@pytest.fixture(scope="module")
def deployed(run: Run) -> Deployed:
    return run.deploy()


def test_versions_are_listed_and_shown(flow: FateFlow, run: Run, deployed: Deployed) -> None:
    lines = {line.model_version: line for line in flow.models(limit=0)}
    assert lines[run.job_id].parent
    assert lines[deployed.model_version].parent_info["parent_model_version"] == run.job_id
    assert [line.model_version for line in flow.models(deployed=False)] == [run.job_id]
    assert flow.models.resolve("@last") == deployed.model_version
    view = flow.models.show(deployed.model_version)
    assert view.deployed
    assert set(view.parties) == {"guest:9999", "host:10000", "arbiter:10001"}
    assert all(part.here and not part.flaws for part in view.parties.values())
    assert view.components["hetero_lr_0"] == "HeteroLR"
    assert view.predict_dsl == deployed.dsl == flow.models.predict_dsl(view.model_id, view.model_version)
    records = flow.models.query(view.model_version, party=_PARTY)
    assert [(record.role, record.party_id, record.parent) for record in records] == [("guest", "9999", False)]
    conf = flow.models.predict_conf(view.model_id, view.model_version)
    assert conf["job_parameters"]["common"]["model_version"] == view.model_version
    with pytest.raises(errors.NotFound):
        flow.models.show("nosuch")


def test_versions_are_verified_and_compared(flow: FateFlow, run: Run, deployed: Deployed) -> None:
    found = flow.models.verify(run.job_id)
    assert found.ok
    assert found.parties.keys() == {"guest:9999", "host:10000", "arbiter:10001"}
    assert flow.models.diff(run.job_id, deployed.model_version).documents
    assert flow.models.checkpoints(deployed.model_id, deployed.model_version, _PARTY, "hetero_lr_0") == []
    with pytest.raises(errors.FateFlowError, match="no checkpoint"):
        flow.models.checkpoint(deployed.model_id, deployed.model_version, _PARTY, "hetero_lr_0", 3)
    buffers = flow.models.buffers(deployed.model_id, deployed.model_version, _PARTY)
    assert any(name.startswith("hetero_lr_0.") for name in buffers)


def test_versions_have_aliases(flow: FateFlow, run: Run, deployed: Deployed) -> None:
    assert flow.models.set_alias("lr@prod", run.job_id).model_version == run.job_id
    assert flow.models.set_alias("lr@prod", deployed.model_version).alias == "lr@prod"
    assert flow.models.aliases() == {"lr@prod": deployed.model_version}
    assert flow.models.show("lr@prod").aliases == ["lr@prod"]
    flow.models.remove_alias("lr@prod")
    assert flow.models.aliases() == {}


def test_versions_have_tags(flow: FateFlow, run: Run) -> None:
    flow.tags.create("churn", "who leaves")
    with pytest.raises(errors.FateFlowError):
        flow.tags.create("churn")
    flow.tags.attach(run.job_id, "churn")
    assert [(tag.name, tag.model_count) for tag in flow.tags()] == [("churn", 1)]
    assert [tag.description for tag in flow.tags.find("hur")] == ["who leaves"]
    assert {model.role for model in flow.tags.models("churn")} == {"guest", "host", "arbiter"}
    flow.tags.update("churn", new_name="churn-2")
    assert [tag.name for tag in flow.tags.of_model(run.job_id)] == ["churn-2"]
    assert flow.models.show(run.job_id).tags == ["churn-2"]
    flow.tags.detach(run.job_id, "churn-2")
    assert flow.tags.of_model(run.job_id) == []
    flow.tags.delete("churn-2")
    assert flow.tags() == []


def test_parts_are_exported_and_imported(flow: FateFlow, run: Run, tmp_path: Path) -> None:
    made = run.deploy()
    model = (made.model_id, made.model_version)
    archive = flow.models.export(*model, _PARTY, tmp_path / "part.zip")
    assert zipfile.is_zipfile(archive)
    assert list(tmp_path.iterdir()) == [archive]
    with pytest.raises(errors.Conflict):
        flow.models.import_(archive, _PARTY, *model)
    flow.models.import_(archive, _PARTY, *model, force=True)
    assert _PARTY in flow.models.delete(made.model_version)
    flow.models.import_(archive, _PARTY, *model)
    assert flow.models.query(made.model_version, party=_PARTY)[0].imported == 1
    with pytest.raises(errors.FateFlowError):
        flow.models.export(*model, "host:7", tmp_path / "none.zip")
    assert list(tmp_path.iterdir()) == [archive]


def test_a_model_is_migrated_to_other_parties(flow: FateFlow, deployed: Deployed) -> None:
    new = {"guest": [19999], "host": [20000], "arbiter": [20001]}
    outcomes = flow.models.migrate(deployed.model_id, deployed.model_version, migrate_roles=new)
    assert outcomes.messages.keys() == {"guest:9999", "host:10000", "arbiter:10001"}
    assert outcomes.job_id
    assert {answer["retcode"] for answers in outcomes.detail.values() for answer in answers.values()} == {0}


def test_a_deployed_model_is_served(flow: FateFlow, deployed: Deployed) -> None:
    with pytest.raises(errors.BadRequest, match="not bound to a service"):
        deployed.infer({})
    assert set(deployed.load().messages) == {"guest:9999", "host:10000"}
    assert deployed.bind("churn-scores")
    assert deployed.model_version in {model.model_version for model in flow.serving().models}
    assert [service.service_id for service in flow.serving().services] == ["churn-scores"]
    assert flow.serving.bind_features("host:10000", "experiment", "host").rows == 569
    assert [table.name for table in flow.serving.features()] == ["host"]
    header, *lines = (_DATA / "guest.csv").read_text().splitlines()
    rows = [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines[:3]]
    features = [{name: float(value) for name, value in row.items() if name not in ("id", "y")} for row in rows]
    ids = [{"id": row["id"]} for row in rows]
    one = deployed.infer(features[0], ids[0])
    assert one.score is not None
    assert 0 < one.score < 1
    assert one.model_version == deployed.model_version
    batch = flow.serving.infer_batch("churn-scores", features, ids)
    assert batch.scores[0] == pytest.approx(one.score)
    assert len(batch.scores) == 3
    flow.serving.unbind_features("host:10000")
    flow.serving.unbind("churn-scores")
    with pytest.raises(errors.FateFlowError):
        deployed.infer(features[0], ids[0])
    flow.serving.unload(deployed.model_id, deployed.model_version, _PARTY)


def test_tables_are_listed_bound_and_traced(flow: FateFlow, run: Run, tmp_path: Path) -> None:
    flow.tables.bind("experiment", "bound", str(_DATA / "guest.csv"))
    with pytest.raises(errors.Conflict):
        flow.tables.bind("experiment", "bound", str(_DATA / "guest.csv"))
    lines = {line.table_name: line for line in flow.tables("experiment")}
    assert lines.keys() == {"guest", "host", "bound"}
    assert lines["bound"].external
    shown = flow.tables.preview("experiment", "bound", 2)
    assert (len(shown.data), len(shown.header), shown.count) == (2, lines["bound"].columns, 569)
    flow.tables.disable("experiment", "bound")
    assert not {line.table_name: line for line in flow.tables("experiment")}["bound"].enable
    flow.tables.enable("experiment", "bound")
    flow.tables.update_schema("experiment", "bound", {"sid": "person"})
    assert (flow.tables.info("experiment", "bound").schema or {})["sid"] == "person"
    assert flow.tables.download("experiment", "bound", tmp_path / "t.tar.gz", limit=3).stat().st_size > 0
    flow.tables.disable("experiment", "bound")
    assert flow.tables.delete_disabled() == [{"namespace": "experiment", "table_name": "bound"}]
    assert run.job_id in flow.tables.jobs("experiment", "guest").job
    output = flow.output_tables(run.job_id, "dataio_0", _PARTY)[0]
    sources = flow.tables.source(output.table_namespace, output.table_name)
    assert {(source.source_table_name, source.job_id) for source in sources} == {("guest", run.job_id)}
    assert flow.tables.of_job(run.job_id, _PARTY)["dataio_0"].output
    assert {table["name"] for table in flow.jobs.lineage(run.job_id).tables_read if "name" in table} <= {
        "guest",
        "host",
    }
    flow.tables.create_connector("shelf", "FILE", {"path": str(_DATA)})
    assert flow.tables.connector("shelf")["connector_info"] == {"path": str(_DATA)}
    job = flow.data.write("experiment", "guest", output_namespace="experiment", output_name="copy")
    assert flow.wait(job.job_id, 60).status is Status.SUCCESS
    assert flow.tables.info("experiment", "copy").count == 569


def test_jobs_in_the_form_of_fate(flow: FateFlow, run: Run, tmp_path: Path) -> None:
    assert flow.jobs.query(job_id=run.job_id, role="guest")[0]["f_status"] == "success"
    assert len(flow.jobs.records(2)) == 2
    assert flow.tasks.records(1)
    assert {output.component_name for output in flow.jobs.outputs(run.job_id, _PARTY)} >= {"reader_0", "hetero_lr_0"}
    assert {times.component_name for times in flow.jobs.report(run.job_id)} >= {"hetero_lr_0"}
    assert run.job_id in flow.jobs.log_directory(run.job_id)
    assert flow.jobs.log_archive(run.job_id, tmp_path / "log.tar.gz").is_file()
    assert flow.tracking.components(run.job_id) == ["reader_0", "dataio_0", "intersection_0", "hetero_lr_0"]
    assert flow.tracking.metric_names(run.job_id, "hetero_lr_0", "arbiter:10001")["train"]
    series = flow.tracking.series(run.job_id, "hetero_lr_0", "train", "loss", "arbiter:10001")
    assert len(series.data) == 2
    assert flow.tracking.data_view(run.job_id).roles["guest"] == [9999]
    dependencies = flow.tracking.dependencies(run.job_id)
    assert dependencies.component_list[-1] == "hetero_lr_0"
    dsl = flow.job_config(run.job_id, _PARTY)["dsl"]
    assert flow.tracking.dsl_dependencies(dsl).component_list == dependencies.component_list
    assert set(flow.jobs.predict_dsl(dsl, ["dataio_0", "hetero_lr_0"])["components"]) == {"dataio_0", "hetero_lr_0"}
    count = flow.log.line_count("partyInfo", run.job_id, _PARTY)
    assert [line.line_num for line in flow.log.lines("partyInfo", run.job_id, 1, 2, _PARTY)] == [1, 2][:count]
    change = flow.jobs.change_parameters(run.job_id, component_parameters={"common": {"hetero_lr_0": {"max_iter": 1}}})
    assert change.components == ["hetero_lr_0"]
    assert "1 job" in flow.tracking.delete_metrics(run.job_id, "hetero_lr_0")


def test_the_site_namespace(flow: FateFlow, tmp_path: Path) -> None:
    assert flow.site() == flow.status()
    assert flow.site.versions("FATE") == {"FATE": "1.6.0"}
    assert flow.site.info()["http_port"]
    assert "task_cores" in flow.site.job_defaults()
    flow.site.reload()
    assert flow.site.check_component("sleep_0", "Sleep", {"guest": [1]}, {"common": {"sleep_0": {"seconds": 1}}}) == []
    with pytest.raises(errors.BadDocument):
        flow.site.check_component("sleep_0", "Sleep", {"guest": [1]}, {"common": {"sleep_0": {"secnods": 1}}})
    assert flow.site.example(tmp_path / "example.tar.gz").is_file()
    assert flow.parties.keys("9999")["9999"]["algorithm"] == "Ed25519"


def test_permissions_are_granted_and_revoked(flow: FateFlow) -> None:
    granted = flow.permissions.grant("guest:7", components=["intersection"], datasets="experiment.guest")
    assert (granted.component, granted.dataset) == (["intersection"], ["experiment.guest"])
    assert [grant.party for grant in flow.permissions()] == ["guest:7"]
    assert flow.permissions.revoke("guest:7", components="intersection").component == []
    flow.permissions.forget("guest:7")
    assert flow.permissions("guest:7") == []


def test_all_namespaces_can_be_awaited(site: RunningSite, run: Run) -> None:
    async def scenario() -> None:
        async with AsyncFateFlow(home=site.home) as flow:
            models, job = await asyncio.gather(flow.models(limit=1), flow.jobs.show(run.job_id))
            assert models[0].model_version
            assert job.status is Status.SUCCESS
            assert [view.status async for view in flow.watch(run.job_id)] == [Status.SUCCESS]
            points = [points async for points in flow.follow_metrics(run.job_id)]
            assert all(point.party for point in points)
            path = await flow.models.export(models[0].model_id, models[0].model_version, _PARTY, site.home / "x.zip")
            assert zipfile.is_zipfile(path)

    asyncio.run(scenario())

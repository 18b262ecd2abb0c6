"""Actions on model versions: deploying, loading, naming, exporting, deleting and predicting."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fateflow_tui.core.errors import BadRequest, Conflict, FateFlowError
from fateflow_tui.sdk.types.jobs import Lineage
from fateflow_tui.tui.actions import Selection, action, offline
from fateflow_tui.tui.queries import ModelRow
from fateflow_tui.tui.screens.dialog import FormDialog, FormField, Question, Values
from fateflow_tui.tui.screens.table_screen import MarkableTableScreen
from fateflow_tui.views.models import parties_of

if TYPE_CHECKING:
    from fateflow_tui.tui.dashboard import Dashboard


def version(selection: Selection) -> str:
    """The version that the command line names."""
    rows = selection.of("model")
    return rows[0].model_version if rows else "VERSION"


def no_model(selection: Selection) -> str:
    return "" if selection.of("model") else "no version selected"


def not_one_model(selection: Selection) -> str:
    reason = offline(selection) or no_model(selection)
    count = len(selection.of("model"))
    return reason or (f"{count} versions are marked; this works on one" if count > 1 else "")


def not_deployable(selection: Selection) -> str:
    reason = not_one_model(selection)
    if reason:
        return reason
    one = selection.of("model")[0]
    if one.deployed:
        return f"{one.model_version} is a deployed version; deploy the version that it was made from"
    return "" if one.components else f"{one.model_version} has no trained component"


def not_usable(selection: Selection) -> str:
    """Why the version cannot be loaded or used for prediction."""
    reason = not_one_model(selection)
    if not reason and not selection.of("model")[0].deployed:
        reason = f"{version(selection)} is not deployed; press d to deploy it"
    return reason


def not_bindable(selection: Selection) -> str:
    reason = not_usable(selection)
    if not reason and not selection.of("model")[0].loaded:
        reason = f"{version(selection)} is not loaded; press l to load it"
    return reason


def not_deletable(selection: Selection) -> str:
    reason = not_one_model(selection)
    if not reason and selection.of("model")[0].loaded:
        reason = f"{version(selection)} is loaded; run fateflow serving unload {version(selection)} first"
    return reason


def _no_job(selection: Selection) -> str:
    return no_model(selection) or (
        "" if selection.of("model")[0].job_id else "this version was imported, not trained here"
    )


def not_exportable(selection: Selection) -> str:
    return not_one_model(selection) or (
        "" if selection.of("model")[0].here else "this site has no part of this version"
    )


def not_two(selection: Selection) -> str:
    count = len(selection.of("model"))
    return offline(selection) or ("" if count == 2 else "mark two versions with space, then compare them")


class ModelActions(MarkableTableScreen[ModelRow]):
    """The actions on model versions; the subclass shows them."""

    @action(
        "model.job",
        key="enter",
        label="job",
        tooltip="Open the job that trained this version",
        command=lambda s: f"fateflow job show {s.of('model')[0].job_id if s.of('model') else 'JOB'}",
        disabled_reason=_no_job,
        footer=1,
    )
    def model_job(self, selection: Selection) -> None:
        self.dash.open_job(selection.of("model")[0].job_id)

    @action(
        "model.deploy",
        key="d",
        label="deploy",
        tooltip="Deploy this version at all its parties, to predict with it",
        command=lambda s: f"fateflow model deploy {version(s)}",
        disabled_reason=not_deployable,
        footer=2,
    )
    async def model_deploy(self, selection: Selection) -> None:
        model = self.chosen(selection)
        view = await self.client.models.show(model.model_version)
        components = view.train_dsl.get("components", {})
        modules = {name: str(one.get("module", "")) for name, one in components.items()} or dict.fromkeys(
            model.components, ""
        )
        made = await deployed(self.dash, model.model_id, model.model_version, modules, _at(model))
        if made:
            await self.reread(made)

    @action(
        "model.predict",
        key="p",
        label="predict",
        tooltip="Submit a job that predicts with this version",
        command=lambda s: f"fateflow model predict {version(s)} --table guest=NS.NAME --table host=NS.NAME",
        disabled_reason=not_usable,
        footer=3,
    )
    async def model_predict(self, selection: Selection) -> None:
        """Ask for the tables, then open the submit dialog with the conf."""
        from fateflow_tui.tui.screens.submit import Draft, open_submit

        model = self.chosen(selection)
        conf = await self.client.models.predict_conf(model.model_id, model.model_version)
        readers = _readers(conf)
        if not readers:
            raise Conflict(
                f"{model.model_version} has no Reader, so it cannot be fed", hint="deploy it with its Reader"
            )
        before = await _tables_before(self.dash, model.job_id)
        several = len({party for party, _ in readers}) < len(readers)

        def line(values: Values) -> str:
            given = [f"--table {name}={values[name] or 'NS.NAME'}" for name in values]
            return " ".join([f"fateflow model predict {model.model_version}", *given])

        def problem(values: Values) -> str:
            wrong = next((name for name, value in values.items() if not all(value.partition(".")[::2])), "")
            return f"{wrong}: enter a table as namespace.name" if wrong else ""

        names = {f"{party}.{reader}" if several else party: (party, reader) for party, reader in readers}
        values = await self.dash.push_screen_wait(
            FormDialog(
                f"Predict with {model.model_version}",
                [FormField(name, name, before.get(key, ""), "namespace.name") for name, key in names.items()],
                cli=line,
                problem=problem,
                lines=("tables to predict on:",),
                yes="continue",
            )
        )
        if values is None:
            return
        for name, key in names.items():
            namespace, _, table = values[name].partition(".")
            readers[key].update(namespace=namespace, name=table)
        await open_submit(self.dash, Draft(conf=conf, title=f"Predict with {model.model_version}", cli=line(values)))

    @action(
        "model.load",
        key="l",
        label="load",
        tooltip="Load this version at its guest and hosts for online inference",
        command=lambda s: f"fateflow model load {version(s)}",
        disabled_reason=not_usable,
        footer=4,
    )
    async def model_load(self, selection: Selection) -> None:
        model = self.chosen(selection)
        cli = self.command_line("model.load", selection)
        if not await self.dash.confirm(
            Question(f"Load {model.model_version}?", (f"for online inference at {_at(model)}",), cli, "load")
        ):
            return
        outcome = await self.client.models.load(model.model_id, model.model_version)
        await self.done(
            "\n".join(f"{party}: {words}" for party, words in outcome.messages.items()) or "loaded", cli=cli
        )

    @action(
        "model.bind",
        key="b",
        label="bind",
        tooltip="Serve online inference for a service id with this version",
        command=lambda s: f"fateflow model bind SERVICE {version(s)}",
        disabled_reason=not_bindable,
        footer=5,
    )
    async def model_bind(self, selection: Selection) -> None:
        model = self.chosen(selection)

        def line(values: Values) -> str:
            return f"fateflow model bind {values['service'] or 'SERVICE'} {model.model_version}"

        values = await self.dash.push_screen_wait(
            FormDialog(
                f"Bind {model.model_version}?",
                [
                    FormField(
                        "service",
                        "service id",
                        model.services[0] if model.services else "",
                        "the id that inference requests use",
                    )
                ],
                cli=line,
                problem=lambda values: "" if values["service"] else "enter a service id",
                lines=(f"inference for this service will use this version at {_at(model)}",),
                yes="bind",
            )
        )
        if values is not None:
            words = await self.client.models.bind(values["service"], model.model_id, model.model_version)
            await self.done(words, cli=line(values))

    @action(
        "model.compare",
        key="c",
        label="compare",
        tooltip="Compare two marked versions: documents, parameters, trained models",
        command=lambda s: f"fateflow model diff {' '.join(m.model_version for m in s.of('model')[:2])}",
        disabled_reason=not_two,
        footer=6,
    )
    async def model_compare(self, selection: Selection) -> None:
        from fateflow_tui.tui.screens.details import DiffDialog

        one, other = selection.of("model")
        self.dash.push_screen(DiffDialog(one, other))

    @action(
        "model.verify",
        key="v",
        label="verify",
        tooltip="Verify at all parties that their parts exist and are unchanged",
        command=lambda s: f"fateflow model verify {version(s)}",
        disabled_reason=not_one_model,
        footer=7,
    )
    def model_verify(self, selection: Selection) -> None:
        self.reload_details()

    @action(
        "model.alias",
        key="a",
        label="alias",
        tooltip="Give this version a name such as churn@prod",
        command=lambda s: f"fateflow model alias set NAME@TAG {version(s)}",
        disabled_reason=not_one_model,
    )
    async def model_alias(self, selection: Selection) -> None:
        model = self.chosen(selection)

        def line(values: Values) -> str:
            return f"fateflow model alias set {values['alias'] or 'NAME@TAG'} {model.model_version}"

        values = await self.dash.push_screen_wait(
            FormDialog(
                f"An alias for {model.model_version}",
                [FormField("alias", "name@tag", "", "churn@prod")],
                cli=line,
                problem=lambda values: "" if values["alias"] else "enter an alias such as churn@prod",
                lines=(f"now: {', '.join(model.aliases)}",) if model.aliases else (),
                yes="set",
            )
        )
        if values is not None:
            made = await self.client.models.set_alias(values["alias"], model.model_version)
            await self.done(f"{made.alias} now points to {made.model_version}", cli=line(values))

    @action(
        "model.tag",
        key="t",
        label="tag",
        tooltip="Add a tag to this version, or remove one",
        command=lambda s: f"fateflow model tag-model -j {version(s)} -t NAME",
        disabled_reason=not_one_model,
    )
    async def model_tag(self, selection: Selection) -> None:
        model = self.chosen(selection)

        def line(values: Values) -> str:
            remove = " --remove" if values["remove"] else ""
            return f"fateflow model tag-model -j {model.model_version} -t {values['tag'] or 'NAME'}{remove}"

        values = await self.dash.push_screen_wait(
            FormDialog(
                f"A tag for {model.model_version}",
                [FormField("tag", "tag", "", "churn"), FormField("remove", "", False, "remove this tag")],
                cli=line,
                problem=lambda values: "" if values["tag"] else "enter a tag",
                lines=(f"now: {', '.join(model.tags)}",) if model.tags else (),
                yes="save",
            )
        )
        if values is None:
            return
        if values["remove"]:
            await self.client.tags.detach(model.model_version, values["tag"])
            await self.done(f"removed the tag {values['tag']}", cli=line(values))
        else:
            await self.client.tags.attach(model.model_version, values["tag"])
            await self.done(f"tagged {values['tag']}", cli=line(values))

    @action(
        "model.export",
        key="e",
        label="export",
        tooltip="Export a party's part of this version to an archive file",
        command=lambda s: f"fateflow model export {version(s)} FILE --party ROLE:ID",
        disabled_reason=not_exportable,
    )
    async def model_export(self, selection: Selection) -> None:
        model = self.chosen(selection)
        party = next((one for one in model.here if one.startswith("guest:")), model.here[0])

        def line(values: Values) -> str:
            return f"fateflow model export {model.model_version} {values['file'] or 'FILE'} --party {values['party']}"

        def problem(values: Values) -> str:
            file = Path(values["file"]).expanduser()
            if values["party"] not in model.here:
                return f"this site has the parts of {', '.join(model.here)}"
            if not values["file"] or not file.parent.is_dir():
                return f"no such folder: {file.parent}"
            return f"the file exists already: {file}" if file.exists() else ""

        folder = self.dash.folder("models")
        name = f"{party.replace(':', '_')}_{model.model_version}.zip"
        values = await self.dash.push_screen_wait(
            FormDialog(
                f"Export {model.model_version}",
                [
                    FormField("party", "party", party, "guest:9999"),
                    FormField("file", "file", str(folder / name), "a file to write"),
                ],
                cli=line,
                problem=problem,
                yes="export",
            )
        )
        if values is not None:
            file = await self.client.models.export(model.model_id, model.model_version, values["party"], values["file"])
            self.dash.layout.set("models", "folder", str(file.parent))
            self.dash.toast(f"wrote {file}", cli=line(values))

    @action(
        "model.delete",
        key="D",
        label="delete",
        tooltip="Delete this site's parts of this version; parts at other sites stay",
        command=lambda s: f"fateflow model delete {version(s)}",
        disabled_reason=not_deletable,
    )
    async def model_delete(self, selection: Selection) -> None:
        model = self.chosen(selection)
        cli = self.command_line("model.delete", selection)
        here = ", ".join(model.here) or "no party"
        lines = [f"deletes the parts of {here} at this site"]
        elsewhere = [party for party in parties_of(model.roles) if party not in model.here]
        lines += [f"the parts of {', '.join(elsewhere)} stay"] if elsewhere else []
        lines += [f"removes the aliases {', '.join(model.aliases)}"] if model.aliases else []
        if await self.dash.confirm(
            Question(f"Delete {model.model_version}?", tuple(lines), cli, "delete", dangerous=True)
        ):
            parties = await self.client.models.delete(model.model_version)
            await self.done(f"deleted {model.model_version} of {', '.join(parties)}", cli=cli)

    @action(
        "model.copy",
        key="y",
        label="copy version",
        tooltip="Copy the marked versions, or the one under the cursor",
        command="fateflow model list -o name",
        disabled_reason=no_model,
    )
    async def model_copy(self, selection: Selection) -> None:
        versions = [model.model_version for model in selection.of("model")]
        self.dash.copy_to_clipboard("\n".join(versions))
        self.dash.toast(f"copied {' '.join(versions)}")


async def deployed(app: Dashboard, model_id: str, version: str, modules: Mapping[str, str], at: str) -> str:
    """Ask which components to deploy and deploy them. Return the new version, "" if cancelled.

    modules: of all components of the training, by name. at: the parties. Raises FateFlowError.
    """
    names = list(modules)

    def chosen(values: Values) -> list[str]:
        return [name for name in names if values[name]]

    def line(values: Values) -> str:
        some = chosen(values)
        return f"fateflow model deploy {version}" + (
            f" --components {','.join(some)}" if len(some) < len(names) else ""
        )

    values = await app.push_screen_wait(
        FormDialog(
            f"Deploy {version}?",
            [
                FormField(name, "" if at else "components", True, f"{name}  {modules[name]}")
                for at, name in enumerate(names)
            ],
            cli=line,
            problem=lambda values: "" if chosen(values) else "choose at least one component",
            lines=(f"creates a version for prediction at {at}",),
            yes="deploy",
        )
    )
    if values is None:
        return ""
    some = chosen(values)
    made = await app.store.client.models.deploy(model_id, version, some if len(some) < len(names) else ())
    app.toast(f"deployed as {made.model_version}", cli=line(values))
    return made.model_version


def _at(model: ModelRow) -> str:
    return ", ".join(parties_of(model.roles))


def _readers(conf: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the table to fill in, by party and reader. Raises BadRequest if the conf has another structure."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    try:
        for role, members in conf.get("component_parameters", {}).get("role", {}).items():
            for index, components in members.items():
                for reader, parameters in components.items():
                    if "table" in parameters:
                        party = f"{role}:{conf['role'][role][int(index)]}"
                        found[party, reader] = parameters["table"]
    except (AttributeError, KeyError, IndexError, ValueError, TypeError):
        raise BadRequest(
            "cannot fill in the tables: the prediction conf has an unexpected structure",
            hint="use fateflow model predict -c",
        ) from None
    return found


async def _tables_before(app: Dashboard, job_id: str) -> dict[tuple[str, str], str]:
    """Return the tables that the training has read, by party and reader, as a first proposal."""
    try:
        lineage = await app.store.client.jobs.lineage(job_id) if job_id else Lineage()
    except FateFlowError:
        return {}
    return {
        (str(one.get("party")), str(one.get("component"))): f"{one.get('namespace')}.{one.get('name')}"
        for one in lineage.tables_read
    }

"""Deploying versions, loading and naming them, taking them out and away."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fateflow_tui.core.errors import BadRequest, Conflict, FateFlowError
from fateflow_tui.sdk.types.jobs import Lineage
from fateflow_tui.tui.action import Selection
from fateflow_tui.tui.actions import ACTIONS
from fateflow_tui.tui.readings import ModelRow, reread
from fateflow_tui.tui.widgets.model_text import parties_of

if TYPE_CHECKING:
    from fateflow_tui.tui.app import DashApp


async def deploy(app: DashApp, selection: Selection) -> None:
    model: ModelRow = selection.of("model")[0]
    view = await app.feed.flow.models.show(model.model_version)
    components = view.train_dsl.get("components", {})
    modules = {name: str(one.get("module", "")) for name, one in components.items()} or dict.fromkeys(
        model.components, ""
    )
    made = await deployed(app, model.model_id, model.model_version, modules, _at(model))
    if made:
        await reread(app, "model", made)


async def deployed(app: DashApp, model_id: str, version: str, modules: Mapping[str, str], at: str) -> str:
    """Asks which components are to predict, and deploys these; the version that was made, "" for none. modules: of all
    components of the training, by name. at: the parties. Raises FateFlowError.
    """
    from fateflow_tui.tui.screens.dialog import Field, FormDialog, Values

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
                Field(name, "" if at else "components", True, f"{name}  {modules[name]}")
                for at, name in enumerate(names)
            ],
            cli=line,
            problem=lambda values: "" if chosen(values) else "choose at least one component",
            lines=(f"makes a version to predict with, at {at}",),
            yes="deploy",
        )
    )
    if values is None:
        return ""
    some = chosen(values)
    made = await app.feed.flow.models.deploy(model_id, version, some if len(some) < len(names) else ())
    app.tell(f"deployed as {made.model_version}", cli=line(values))
    return made.model_version


async def load(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.dialog import Question

    model: ModelRow = selection.of("model")[0]
    cli = ACTIONS["model.load"].cli(selection)
    if not await app.ask(
        Question(f"Load {model.model_version}?", (f"to answer inference, at {_at(model)}",), cli, "load")
    ):
        return
    outcome = await app.feed.flow.models.load(model.model_id, model.model_version)
    app.tell("\n".join(f"{party}: {words}" for party, words in outcome.messages.items()) or "loaded", cli=cli)
    await reread(app, "model")


async def bind(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.dialog import Field, FormDialog

    model: ModelRow = selection.of("model")[0]
    values = await app.push_screen_wait(
        FormDialog(
            f"Bind {model.model_version}?",
            [
                Field(
                    "service",
                    "service id",
                    model.services[0] if model.services else "",
                    "the name that inference asks for",
                )
            ],
            cli=lambda values: f"fateflow model bind {values['service'] or 'SERVICE'} {model.model_version}",
            problem=lambda values: "" if values["service"] else "a service needs a name",
            lines=(f"inference for this service is answered by it from now on, at {_at(model)}",),
            yes="bind",
        )
    )
    if values is not None:
        words = await app.feed.flow.models.bind(values["service"], model.model_id, model.model_version)
        app.tell(words, cli=f"fateflow model bind {values['service']} {model.model_version}")
        await reread(app, "model")


async def alias(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.dialog import Field, FormDialog

    model: ModelRow = selection.of("model")[0]
    values = await app.push_screen_wait(
        FormDialog(
            f"An alias for {model.model_version}",
            [Field("alias", "name@tag", "", "churn@prod")],
            cli=lambda values: f"fateflow model alias set {values['alias'] or 'NAME@TAG'} {model.model_version}",
            problem=lambda values: "" if values["alias"] else "an alias is like churn@prod",
            lines=(f"now: {', '.join(model.aliases)}",) if model.aliases else (),
            yes="set",
        )
    )
    if values is not None:
        made = await app.feed.flow.models.set_alias(values["alias"], model.model_version)
        app.tell(
            f"{made.alias} stands for {made.model_version}",
            cli=f"fateflow model alias set {made.alias} {made.model_version}",
        )
        await reread(app, "model")


async def tag(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.dialog import Field, FormDialog, Values

    model: ModelRow = selection.of("model")[0]

    def line(values: Values) -> str:
        remove = " --remove" if values["remove"] else ""
        return f"fateflow model tag-model -j {model.model_version} -t {values['tag'] or 'NAME'}{remove}"

    values = await app.push_screen_wait(
        FormDialog(
            f"A tag for {model.model_version}",
            [Field("tag", "tag", "", "churn"), Field("remove", "", False, "take this tag away")],
            cli=line,
            problem=lambda values: "" if values["tag"] else "a tag needs a name",
            lines=(f"now: {', '.join(model.tags)}",) if model.tags else (),
            yes="keep",
        )
    )
    if values is None:
        return
    if values["remove"]:
        await app.feed.flow.tags.detach(model.model_version, values["tag"])
        app.tell(f"the tag {values['tag']} is taken away", cli=line(values))
    else:
        await app.feed.flow.tags.attach(model.model_version, values["tag"])
        app.tell(f"tagged {values['tag']}", cli=line(values))
    await reread(app, "model")


async def compare(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.details import DiffDialog

    one, other = selection.of("model")
    app.push_screen(DiffDialog(one, other))


async def export(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.dialog import Field, FormDialog, Values

    model: ModelRow = selection.of("model")[0]
    party = next((one for one in model.here if one.startswith("guest:")), model.here[0])

    def line(values: Values) -> str:
        return f"fateflow model export {model.model_version} {values['file'] or 'FILE'} --party {values['party']}"

    def problem(values: Values) -> str:
        file = Path(values["file"]).expanduser()
        if values["party"] not in model.here:
            return f"parts here are those of {', '.join(model.here)}"
        if not values["file"] or not file.parent.is_dir():
            return f"there is no folder {file.parent}"
        return f"there is a file {file} already" if file.exists() else ""

    folder = app.folder("models")
    name = f"{party.replace(':', '_')}_{model.model_version}.zip"
    values = await app.push_screen_wait(
        FormDialog(
            f"Export {model.model_version}",
            [
                Field("party", "party", party, "guest:9999"),
                Field("file", "file", str(folder / name), "a file to write"),
            ],
            cli=line,
            problem=problem,
            yes="export",
        )
    )
    if values is not None:
        file = await app.feed.flow.models.export(model.model_id, model.model_version, values["party"], values["file"])
        app.layout.set("models", "folder", str(file.parent))
        app.tell(f"wrote {file}", cli=line(values))


async def delete(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.dialog import Question

    model: ModelRow = selection.of("model")[0]
    cli = ACTIONS["model.delete"].cli(selection)
    here = ", ".join(model.here) or "nobody"
    lines = [f"deletes the parts of {here} at this site"]
    elsewhere = [party for party in parties_of(model.roles) if party not in model.here]
    lines += [f"those of {', '.join(elsewhere)} stay where they are"] if elsewhere else []
    lines += [f"{', '.join(model.aliases)} stand for nothing then"] if model.aliases else []
    if await app.ask(Question(f"Delete {model.model_version}?", tuple(lines), cli, "delete", dangerous=True)):
        parties = await app.feed.flow.models.delete(model.model_version)
        app.tell(f"deleted {model.model_version} of {', '.join(parties)}", cli=cli)
        await reread(app, "model")


async def predict(app: DashApp, selection: Selection) -> None:
    """Asks for the tables, and leaves the rest to the dialog in which jobs are submitted."""
    from fateflow_tui.tui.deeds.submit import open_submit
    from fateflow_tui.tui.screens.dialog import Field, FormDialog, Values
    from fateflow_tui.tui.screens.submit import Draft

    model: ModelRow = selection.of("model")[0]
    conf = await app.feed.flow.models.predict_conf(model.model_id, model.model_version)
    readers = _readers(conf)
    if not readers:
        raise Conflict(f"{model.model_version} has no Reader, so it cannot be fed", hint="deploy it with its Reader")
    before = await _tables_before(app, model.job_id)
    several = len({party for party, _ in readers}) < len(readers)

    def line(values: Values) -> str:
        given = [f"--table {name}={values[name] or 'NS.NAME'}" for name in values]
        return " ".join([f"fateflow model predict {model.model_version}", *given])

    def problem(values: Values) -> str:
        wrong = next((name for name, value in values.items() if not all(value.partition(".")[::2])), "")
        return f"{wrong}: a table is namespace.name" if wrong else ""

    names = {f"{party}.{reader}" if several else party: (party, reader) for party, reader in readers}
    values = await app.push_screen_wait(
        FormDialog(
            f"Predict with {model.model_version}",
            [Field(name, name, before.get(key, ""), "namespace.name") for name, key in names.items()],
            cli=line,
            problem=problem,
            lines=("on which tables?",),
            yes="go on",
        )
    )
    if values is None:
        return
    for name, key in names.items():
        namespace, _, table = values[name].partition(".")
        readers[key].update(namespace=namespace, name=table)
    await open_submit(app, Draft(conf=conf, title=f"Predict with {model.model_version}", cli=line(values)))


async def copy(app: DashApp, selection: Selection) -> None:
    versions = [model.model_version for model in selection.of("model")]
    app.copy_to_clipboard("\n".join(versions))
    app.tell(f"copied {' '.join(versions)}")


def _at(model: ModelRow) -> str:
    return ", ".join(parties_of(model.roles))


def _readers(conf: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """By party and reader: the table of a conf that is to be filled in. Raises BadRequest for another kind of conf."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    try:
        for role, members in conf.get("component_parameters", {}).get("role", {}).items():
            for index, components in members.items():
                for reader, parameters in components.items():
                    if "table" in parameters:
                        party = f"{role}:{conf['role'][role][int(index)]}"
                        found[party, reader] = parameters["table"]
    except (AttributeError, KeyError, IndexError, ValueError, TypeError):
        raise BadRequest("the conf to predict with is of another kind", hint="use fateflow model predict -c") from None
    return found


async def _tables_before(app: DashApp, job_id: str) -> dict[tuple[str, str], str]:
    """What the training has read, by party and reader: a first proposal."""
    try:
        lineage = await app.feed.flow.jobs.lineage(job_id) if job_id else Lineage()
    except FateFlowError:
        return {}
    return {
        (str(one.get("party")), str(one.get("component"))): f"{one.get('namespace')}.{one.get('name')}"
        for one in lineage.tables_read
    }


DEEDS = {
    "model.deploy": deploy,
    "model.load": load,
    "model.bind": bind,
    "model.alias": alias,
    "model.tag": tag,
    "model.compare": compare,
    "model.export": export,
    "model.delete": delete,
    "model.predict": predict,
    "model.copy": copy,
}

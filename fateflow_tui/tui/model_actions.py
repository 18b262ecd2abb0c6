"""Actions on versions of models; pure."""

from __future__ import annotations

from fateflow_tui.tui.action import Action, Selection, offline

MODELS = ("models",)


def version(selection: Selection) -> str:
    """Of the one that is meant."""
    rows = selection.of("model")
    return rows[0].model_version if rows else "VERSION"


def no_model(selection: Selection) -> str:
    return "" if selection.of("model") else "there is no version to do it with"


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
        return f"{one.model_version} is deployed; deploy what it was made of once more"
    return "" if one.components else f"{one.model_version} has no component with a model"


def not_usable(selection: Selection) -> str:
    """To load it, or to predict with it."""
    reason = not_one_model(selection)
    if not reason and not selection.of("model")[0].deployed:
        reason = f"{version(selection)} was trained, not deployed; d deploys it"
    return reason


def not_bindable(selection: Selection) -> str:
    reason = not_usable(selection)
    if not reason and not selection.of("model")[0].loaded:
        reason = f"{version(selection)} is not loaded; l loads it"
    return reason


def not_deletable(selection: Selection) -> str:
    reason = not_one_model(selection)
    if not reason and selection.of("model")[0].loaded:
        reason = f"{version(selection)} is loaded; fateflow serving unload {version(selection)} comes first"
    return reason


def not_two(selection: Selection) -> str:
    count = len(selection.of("model"))
    return offline(selection) or ("" if count == 2 else "mark two versions with space, then compare them")


ACTIONS = (
    Action(
        id="model.job",
        key="enter",
        label="job",
        tooltip="The job that trained this version",
        screens=MODELS,
        cli=lambda s: f"fateflow job show {s.of('model')[0].job_id if s.of('model') else 'JOB'}",
        why_not=lambda s: no_model(s) or ("" if s.of("model")[0].job_id else "it was imported; no job here trained it"),
        footer=1,
    ),
    Action(
        id="model.deploy",
        key="d",
        label="deploy",
        tooltip="Make a version to predict with of this one, at all its parties",
        screens=MODELS,
        cli=lambda s: f"fateflow model deploy {version(s)}",
        why_not=not_deployable,
        footer=2,
    ),
    Action(
        id="model.predict",
        key="p",
        label="predict",
        tooltip="Submit a job that predicts with this version",
        screens=MODELS,
        cli=lambda s: f"fateflow model predict {version(s)} --table guest=NS.NAME --table host=NS.NAME",
        why_not=not_usable,
        footer=3,
    ),
    Action(
        id="model.load",
        key="l",
        label="load",
        tooltip="Load this version at its guest and hosts, so that it answers inference",
        screens=MODELS,
        cli=lambda s: f"fateflow model load {version(s)}",
        why_not=not_usable,
        footer=4,
    ),
    Action(
        id="model.bind",
        key="b",
        label="bind",
        tooltip="Let a service id be answered by this version from now on",
        screens=MODELS,
        cli=lambda s: f"fateflow model bind SERVICE {version(s)}",
        why_not=not_bindable,
        footer=5,
    ),
    Action(
        id="model.compare",
        key="c",
        label="compare",
        tooltip="How two marked versions differ: documents, parameters, what was learned",
        screens=MODELS,
        cli=lambda s: f"fateflow model diff {' '.join(m.model_version for m in s.of('model')[:2])}",
        why_not=not_two,
        footer=6,
    ),
    Action(
        id="model.verify",
        key="v",
        label="verify",
        tooltip="Ask all parties anew whether their parts are there, whole and unchanged",
        screens=MODELS,
        cli=lambda s: f"fateflow model verify {version(s)}",
        why_not=not_one_model,
        footer=7,
    ),
    Action(
        id="model.alias",
        key="a",
        label="alias",
        tooltip="Let a name such as churn@prod stand for this version",
        screens=MODELS,
        cli=lambda s: f"fateflow model alias set NAME@TAG {version(s)}",
        why_not=not_one_model,
    ),
    Action(
        id="model.tag",
        key="t",
        label="tag",
        tooltip="Put this version under a tag, or take it from there",
        screens=MODELS,
        cli=lambda s: f"fateflow model tag-model -j {version(s)} -t NAME",
        why_not=not_one_model,
    ),
    Action(
        id="model.export",
        key="e",
        label="export",
        tooltip="Write a party's part of this version to an archive",
        screens=MODELS,
        cli=lambda s: f"fateflow model export {version(s)} FILE --party ROLE:ID",
        why_not=lambda s: not_one_model(s) or ("" if s.of("model")[0].here else "no part of it is at this site"),
    ),
    Action(
        id="model.delete",
        key="D",
        label="delete",
        tooltip="Delete this site's parts of this version; those at other sites are theirs to delete",
        screens=MODELS,
        cli=lambda s: f"fateflow model delete {version(s)}",
        why_not=not_deletable,
    ),
    Action(
        id="model.copy",
        key="y",
        label="copy version",
        tooltip="Copy the marked versions, or the one under the cursor",
        screens=MODELS,
        cli=lambda s: "fateflow model list -o name",
        why_not=no_model,
    ),
)

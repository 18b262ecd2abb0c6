"""Typed results, one module per noun; those of jobs as a whole are in `fateflow_tui.sdk.jobs`.

Members that a scheduler does not send have their defaults, and members that this client does not know are left out.
"""

from fateflow_tui.sdk.results.jobs import (
    Lineage,
    OutputInfo,
    ParameterChange,
    Problem,
    RerunStep,
    StopOutcome,
    Task,
    TaskTimes,
)
from fateflow_tui.sdk.results.logs import Event, LogFileInfo, LogLine, LogPage, NumberedLine
from fateflow_tui.sdk.results.models import (
    Alias,
    Deployment,
    ModelDiff,
    ModelLine,
    ModelPart,
    ModelRecord,
    ModelVerification,
    ModelView,
    PartyOutcomes,
    Tag,
    TaggedModel,
)
from fateflow_tui.sdk.results.parties import Grant, PartyRoute, PeerState
from fateflow_tui.sdk.results.serving import (
    BatchAnswer,
    BatchInference,
    FeatureTable,
    Inference,
    LoadedModel,
    Service,
    Serving,
)
from fateflow_tui.sdk.results.site import Check, Module, SiteStatus
from fateflow_tui.sdk.results.tables import ComponentTables, TableInfo, TableJobs, TableLine, TablePreview, TableSource
from fateflow_tui.sdk.results.tracking import (
    DataPreview,
    DataView,
    Dependencies,
    MetricPoints,
    OutputModel,
    OutputTable,
    Series,
)

__all__ = [
    "Alias",
    "BatchAnswer",
    "BatchInference",
    "Check",
    "ComponentTables",
    "DataPreview",
    "DataView",
    "Dependencies",
    "Deployment",
    "Event",
    "FeatureTable",
    "Grant",
    "Inference",
    "Lineage",
    "LoadedModel",
    "LogFileInfo",
    "LogLine",
    "LogPage",
    "MetricPoints",
    "ModelDiff",
    "ModelLine",
    "ModelPart",
    "ModelRecord",
    "ModelVerification",
    "ModelView",
    "Module",
    "NumberedLine",
    "OutputInfo",
    "OutputModel",
    "OutputTable",
    "ParameterChange",
    "PartyOutcomes",
    "PartyRoute",
    "PeerState",
    "Problem",
    "RerunStep",
    "Series",
    "Service",
    "Serving",
    "SiteStatus",
    "StopOutcome",
    "TableInfo",
    "TableJobs",
    "TableLine",
    "TablePreview",
    "TableSource",
    "Tag",
    "TaggedModel",
    "Task",
    "TaskTimes",
]

"""Model parts on disk: registered versions, archives, migration and backup locations."""

from fateflow_tui.registry.archive import Archive, Limits, archive_name, export_archive, read_archive
from fateflow_tui.registry.difference import difference
from fateflow_tui.registry.location import ModelLocation
from fateflow_tui.registry.migrate import check_mapping, migrated, new_model_id, new_roles
from fateflow_tui.registry.names import AliasNotFound, ModelNames, Tag, TagNotFound, TagTaken
from fateflow_tui.registry.parts import Part, PartProblem
from fateflow_tui.registry.registry import Registry
from fateflow_tui.registry.storage import Damage, Staged

__all__ = [
    "AliasNotFound",
    "Archive",
    "Damage",
    "Limits",
    "ModelLocation",
    "ModelNames",
    "Part",
    "PartProblem",
    "Registry",
    "Staged",
    "Tag",
    "TagNotFound",
    "TagTaken",
    "archive_name",
    "check_mapping",
    "difference",
    "export_archive",
    "migrated",
    "new_model_id",
    "new_roles",
    "read_archive",
]

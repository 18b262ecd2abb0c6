"""Model parts on disk: registered versions, archives, migration, a second location."""

from fateflow_tui.registry.archive import Archive, archive_name, export_archive, read_archive
from fateflow_tui.registry.archive_entries import Limits
from fateflow_tui.registry.difference import difference
from fateflow_tui.registry.location import ModelLocation
from fateflow_tui.registry.migration import check_mapping, migrated, new_model_id, new_roles
from fateflow_tui.registry.names import AliasNotFound, ModelNames, Tag, TagNotFound, TagTaken
from fateflow_tui.registry.part import Part
from fateflow_tui.registry.parts import Registry
from fateflow_tui.registry.shelf import Damage
from fateflow_tui.registry.staging import Staged
from fateflow_tui.registry.verification import Flaw

__all__ = [
    "AliasNotFound",
    "Archive",
    "Damage",
    "Flaw",
    "Limits",
    "ModelLocation",
    "ModelNames",
    "Part",
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

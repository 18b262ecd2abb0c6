"""Whose part of which model an archive holds, as its manifest says; the site checks all of it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, Final

from fateflow_tui.core.errors import BadRequest

_MANIFEST: Final = "manifest.json"
_LARGEST: Final = 16_000_000  # bytes of a manifest


def facts_of(archive: Path, party: str | None = None) -> dict[str, Any]:
    """role, party_id, model_id and model_version, as an import needs them. party: in place of the archive's own.

    Raises BadRequest for what is no archive of a model part.
    """
    if not archive.is_file():
        raise BadRequest(f"there is no file {archive}")
    try:
        with zipfile.ZipFile(archive) as entries:
            if entries.getinfo(_MANIFEST).file_size > _LARGEST:
                raise BadRequest(f"the manifest in {archive} is larger than any can be")
            manifest = json.loads(entries.read(_MANIFEST))
        own = manifest["party"]
        found = {
            "role": own["role"],
            "party_id": own["party_id"],
            "model_id": manifest["model_id"],
            "model_version": manifest["model_version"],
        }
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, OSError):
        hint = "`fateflow model export` makes one; for archives of FATE-Flow's servers write a configuration for -c"
        raise BadRequest(f"{archive} is no archive of a model part", hint=hint) from None
    if party:
        role, _, party_id = party.partition(":")
        found |= {"role": role, "party_id": party_id}
    return found

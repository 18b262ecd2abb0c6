"""Finding a site's model versions: by id, by unique prefix, by their age, by the names that users gave them."""

from __future__ import annotations

import base64

from fateflow_tui.core.errors import Conflict, NotFound
from fateflow_tui.registry import Part, Registry
from fateflow_tui.registry.names import ModelNames


class ModelNotFound(NotFound):
    """No such model at this site; FATE-Flow answers 100."""

    code, retcode = "model_not_found", 100


class ModelLookup:
    """The registered versions of a site. tags: their names."""

    def __init__(self, registry: Registry, tags: ModelNames) -> None:
        self._registry = registry
        self.tags = tags

    def find(self, *, model_id: str = "", version: str = "", role: str = "", party_id: str = "") -> list[Part]:
        """Registered parts of this site, newest first."""
        return self._registry.find(model_id=model_id, version=version, role=role, party_id=party_id)

    def known(self, version: str) -> list[Part]:
        """This site's parts of a version, the initiator's first. Raises ModelNotFound."""
        parts = self.find(version=version)
        if not parts:
            raise ModelNotFound(
                f"there is no model version {version} at this site",
                hint="see those that exist: fateflow model list",
            )
        return sorted(parts, key=lambda part: part.party != part.pipeline.initiator)

    def part(self, model_id: str, version: str, *, role: str = "", party_id: str = "") -> Part:
        """The part of the named party, without a name that of the initiator, or whichever is here."""
        version = self.resolve(version)
        parts = [
            part
            for part in self.find(model_id=model_id, version=version)
            if role in ("", part.party.role) and party_id in ("", part.party.party_id)
        ]
        if not parts:
            whose = f" of {role}:{party_id}" if role or party_id else ""
            raise ModelNotFound(
                f"there is no model {model_id} version {version}{whose} at this site",
                hint="see those that exist: fateflow model list",
            )
        return min(parts, key=lambda part: part.party != part.pipeline.initiator)

    def resolve(self, word: str) -> str:
        """The version that a word stands for: itself, an alias `name@tag`, `@last`, `@2`, or a unique prefix. A word
        that stands for none is given back: whoever looks the version up says that there is none.
        """
        if word.startswith("@"):
            return self._newest(word)
        if "@" in word:
            return self.tags.version_of(word)
        versions = list(dict.fromkeys(part.model_version for part in self.find()))
        if word in versions:
            return word
        fitting = [version for version in versions if word and version.startswith(word)]
        if len(fitting) > 1:
            raise Conflict(
                f"{word} stands for {len(fitting)} model versions", hint=f"the newest are {', '.join(fitting[:3])}"
            )
        return fitting[0] if fitting else word

    def buffers(self, owner: str, version: str) -> dict[str, str]:
        """A part's component models for serving programs: `component.alias:module` -> base64 of its JSON."""
        try:
            part = self._registry.part(owner, version)
        except NotFound as error:
            raise ModelNotFound(error.message, hint=error.hint) from error
        return {
            f"{file.component}.{file.alias}:{file.module}": base64.b64encode(part.content(file)).decode()
            for file in part.files
        }

    def _newest(self, word: str) -> str:
        versions = list(dict.fromkeys(part.model_version for part in self.find()))
        place = 1 if word == "@last" else int(word[1:]) if word[1:].isdecimal() else 0
        if not 1 <= place <= len(versions):
            raise ModelNotFound(
                f"{word} stands for no model version; this site has {len(versions)}",
                hint="say @last, @1, @2 ..., or see: fateflow model list",
            )
        return versions[place - 1]

"""Tags and aliases of model versions.

A tag is FATE-Flow's: a name with a description, on any number of versions. An alias is written `name@tag`, such as
`fraud@production`, and points to exactly one version.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from fateflow_tui.core.errors import BadRequest, Conflict, NotFound, StaleVersion
from fateflow_tui.core.ports import RecordCollection

_TAG: Final = "tag:"
_ALIAS: Final = "alias:"
_LONGEST: Final = 100  # characters of a name
_LONGEST_TEXT: Final = 1000  # of a description
_TRIES: Final = 20  # attempts to save a record that is being changed concurrently


class TagNotFound(NotFound):
    """The tag does not exist, or the version does not have it. FATE-Flow's code is 100."""

    code, retcode = "tag_not_found", 100


class TagTaken(Conflict):
    """The tag already exists, or the version already has it. FATE-Flow's code is 100."""

    code, retcode = "tag_taken", 100


class AliasNotFound(NotFound):
    """The alias does not exist."""

    code, retcode = "alias_not_found", 100


class Tag(msgspec.Struct, frozen=True):
    """versions: tagged versions, in the order in which they were tagged."""

    name: str
    description: str = ""
    versions: list[str] = []


class ModelNames:
    """All tags and aliases of a site. Every method may raise the errors of a RecordCollection."""

    def __init__(self, records: RecordCollection) -> None:
        self._records = records

    # tags

    def create(self, name: str, description: str = "") -> Tag:
        """Create a tag. Raises BadRequest for an invalid name, TagTaken."""
        if not name:
            raise BadRequest(f"'{name}' tag created failed. Please input a valid tag name.")
        tag = Tag(_checked(name, "tag name"), _text(description))
        try:
            self._records.put(_TAG + name, msgspec.to_builtins(tag), expected_version=0)
        except StaleVersion as error:
            raise TagTaken(f"'{name}' has already exists in database.") from error
        return tag

    def change(self, tag: str, /, *, name: str | None = None, description: str | None = None) -> Tag:
        """Change a tag's name or description. Raises TagNotFound, TagTaken, BadRequest if neither changes."""
        version, old = self._found(tag)
        new = msgspec.structs.replace(
            old,
            name=_checked(name, "tag name") if name else tag,
            description=old.description if description is None else _text(description),
        )
        if new == old:
            raise BadRequest(f"Nothing to be updated of '{tag}' tag.")
        if new.name == tag:
            return self._update(tag, lambda found: msgspec.structs.replace(found, description=new.description))
        # The new tag is created before the old one is deleted, so that no version loses its tag after a crash in
        # between.
        try:
            self._records.put(_TAG + new.name, msgspec.to_builtins(new), expected_version=0)
        except StaleVersion as error:
            raise TagTaken(f"'{new.name}' tag already exists.") from error
        try:
            self._records.delete(_TAG + tag, expected_version=version)
        except StaleVersion as error:
            self._records.delete(_TAG + new.name)
            raise Conflict(f"tag {tag!r} was changed by another user at the same time", hint="try again") from error
        return new

    def destroy(self, name: str) -> None:
        """Delete a tag. Its versions are kept. Raises TagNotFound."""
        self._tag(name)
        self._records.delete(_TAG + name)

    def list(self) -> Sequence[Tag]:
        """Return all tags, oldest first."""
        records = self._records.all().items()
        return [msgspec.convert(found.record, Tag) for key, found in records if key.startswith(_TAG)]

    def get(self, name: str) -> Tag:
        """Return a tag. Raises TagNotFound."""
        return self._tag(name)

    def versions_of(self, name: str) -> Sequence[str]:
        """Return the versions with a tag. Raises TagNotFound."""
        return self._tag(name).versions

    def of_version(self, version: str) -> Sequence[str]:
        """Return the names of a version's tags."""
        return [tag.name for tag in self.list() if version in tag.versions]

    def tag(self, name: str, version: str) -> Tag:
        """Tag a version; create the tag if needed. Raises TagTaken if the version already has it."""

        def add(tag: Tag) -> Tag:
            if version in tag.versions:
                raise TagTaken(f"Model {version} already been tagged as tag '{name}'.")
            return msgspec.structs.replace(tag, versions=[*tag.versions, version])

        if self._records.get(_TAG + name) is None:
            with suppress(TagTaken):  # created concurrently
                self.create(name)
        return self._update(name, add)

    def untag(self, name: str, version: str) -> Tag:
        """Remove a tag from a version. Raises TagNotFound if it does not exist or the version does not have it."""

        def remove(tag: Tag) -> Tag:
            if version not in tag.versions:
                raise TagNotFound(f"Model {version} does not have tag '{name}'.")
            return msgspec.structs.replace(tag, versions=[other for other in tag.versions if other != version])

        return self._update(name, remove)

    # aliases

    def set_alias(self, alias: str, version: str) -> None:
        """Point an alias at a version instead of its current one. Raises BadRequest."""
        _check_alias(alias)
        self._records.put(_ALIAS + alias, {"alias": alias, "model_version": version})

    def remove_alias(self, alias: str) -> None:
        """Remove an alias. Raises AliasNotFound."""
        self.version_of(alias)
        self._records.delete(_ALIAS + alias)

    def version_of(self, alias: str) -> str:
        """Return the version that an alias points to. Raises AliasNotFound."""
        found = self._records.get(_ALIAS + alias)
        if found is None:
            raise AliasNotFound(f"alias {alias!r} does not exist", hint="list the aliases: fateflow model alias list")
        return str(found.record["model_version"])

    def aliases(self) -> dict[str, str]:
        """Return versions by alias, sorted."""
        records = self._records.all().items()
        found = {key.removeprefix(_ALIAS): one.record for key, one in records if key.startswith(_ALIAS)}
        return {alias: str(record["model_version"]) for alias, record in sorted(found.items())}

    def aliases_of(self, version: str) -> Sequence[str]:
        return [alias for alias, named in self.aliases().items() if named == version]

    def forget(self, version: str) -> None:
        """Remove the tags and aliases of a deleted version. The tags themselves stay."""
        for alias in self.aliases_of(version):
            self._records.delete(_ALIAS + alias)
        for name in self.of_version(version):
            self.untag(name, version)

    def _tag(self, name: str) -> Tag:
        return self._found(name)[1]

    def _found(self, name: str) -> tuple[int, Tag]:
        found = self._records.get(_TAG + name)
        if found is None:
            raise TagNotFound(f"Can not found '{name}' tag.")
        return found.version, msgspec.convert(found.record, Tag)

    def _update(self, name: str, change: Callable[[Tag], Tag]) -> Tag:
        for _ in range(_TRIES):
            version, tag = self._found(name)
            changed = change(tag)
            try:
                self._records.put(_TAG + name, msgspec.to_builtins(changed), expected_version=version)
            except StaleVersion:
                continue
            return changed
        raise Conflict(f"tag {name!r} keeps being changed by other users", hint="try again")


def _check_alias(alias: str) -> None:
    name, at, tag = _checked(alias, "alias").partition("@")
    if not (name and at and tag) or "@" in tag:
        raise BadRequest(f"invalid alias {alias!r}", hint="write name@tag, such as fraud@production")


def _checked(name: str, what: str) -> str:
    if not name.isprintable() or name != name.strip():
        raise BadRequest(f"{what} {name!r} has control characters, or leading or trailing spaces")
    if len(name) > _LONGEST:
        raise BadRequest(f"{what} {name[:20]!r}... has {len(name)} characters; {_LONGEST} are allowed")
    return name


def _text(description: Any) -> str:
    text = "" if description is None else str(description)
    if len(text) > _LONGEST_TEXT:
        raise BadRequest(f"the description has {len(text)} characters; {_LONGEST_TEXT} are allowed")
    return text

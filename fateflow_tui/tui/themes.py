"""Themes. A status is shown by a glyph and a word; colour only adds to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

DEFAULT: Final = "fateflow"
WITHOUT_COLORS: Final = "ansi"
_STATUSES: Final = {  # colours of statuses in themes that define none
    "ready": "foreground-muted",
    "waiting": "foreground-muted",
    "running": "accent",
    "success": "success",
    "failed": "error",
    "timeout": "error",
    "canceled": "foreground-muted",
    "pass": "foreground-muted",
}
_ANSI_MUTED: Final = "ansi_bright_black"


def _statuses(running: str, success: str, failed: str, muted: str) -> dict[str, str]:
    colors = {"running": running, "success": success, "failed": failed, "timeout": failed}
    return {f"status-{name}": colors.get(name, muted) for name in _STATUSES}


THEMES: Final = (
    Theme(
        name="fateflow",
        primary="#7aa2f7",
        secondary="#9d7cd8",
        accent="#7dcfff",
        success="#9ece6a",
        warning="#e0af68",
        error="#f7768e",
        foreground="#c0caf5",
        background="#16161e",
        surface="#1a1b26",
        panel="#232433",
        variables={
            **_statuses("#7dcfff", "#9ece6a", "#f7768e", "#7a82a8"),
            "muted": "#7a82a8",
            "frame": "#3b4261",
            "cursor": "#2a2f4a",
        },
    ),
    Theme(
        name="fateflow-light",
        primary="#2e5aac",
        secondary="#7847bd",
        accent="#0f7592",
        success="#3d7a1f",
        warning="#8f5e15",
        error="#b8264a",
        foreground="#2b3044",
        background="#f4f5f9",
        surface="#fbfbfe",
        panel="#e4e7f1",
        dark=False,
        variables={
            **_statuses("#0f7592", "#3d7a1f", "#b8264a", "#697096"),
            "muted": "#697096",
            "frame": "#b5bcd6",
            "cursor": "#dbe2f6",
        },
    ),
    Theme(  # distinguishable with every kind of colour blindness: blue, sky, vermilion, yellow
        name="colour-blind",
        primary="#56b4e9",
        secondary="#cc79a7",
        accent="#56b4e9",
        success="#0c9cf0",
        warning="#f0e442",
        error="#e8743b",
        foreground="#e6e6e6",
        background="#101318",
        surface="#15191f",
        panel="#20262f",
        variables={
            **_statuses("#f0e442", "#56b4e9", "#e8743b", "#8b93a1"),
            "muted": "#8b93a1",
            "frame": "#3d4654",
            "cursor": "#2b3442",
        },
    ),
    Theme(  # uses the terminal's own palette
        name="ansi",
        ansi=True,
        primary="ansi_blue",
        secondary="ansi_magenta",
        accent="ansi_cyan",
        success="ansi_green",
        warning="ansi_yellow",
        error="ansi_red",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        boost="ansi_default",
        variables={
            **_statuses("ansi_cyan", "ansi_green", "ansi_red", _ANSI_MUTED),
            "muted": _ANSI_MUTED,
            "frame": _ANSI_MUTED,
            "cursor": "ansi_default",
            "ansi-background": "ansi_black",
            "ansi-foreground": "ansi_white",
            "border-blurred": _ANSI_MUTED,
            "block-cursor-foreground": "ansi_black",
            "block-cursor-background": "ansi_white",
            "input-cursor-background": "ansi_white",
            "input-cursor-foreground": "ansi_black",
            "input-selection-background": "ansi_bright_blue",
            "input-selection-foreground": "ansi_black",
            "screen-selection-background": "ansi_bright_blue",
            "screen-selection-foreground": "ansi_black",
        },
    ),
)


def missing_variables(theme: Theme) -> dict[str, str]:
    """Return the variables that a theme of Textual lacks."""
    if theme.variables.get("status-running"):
        return {}
    plain = theme.foreground or "#c0c0c0"
    muted = _ANSI_MUTED if theme.ansi else Color.parse(plain).with_alpha(0.6).hex
    colors = {"accent": theme.accent or theme.primary, "success": theme.success or "#4ebf71"}
    colors |= {"error": theme.error or "#ba3c5b", "warning": theme.warning or "#ffa62b", "foreground-muted": muted}
    named = {f"status-{status}": colors[source] for status, source in _STATUSES.items()}
    cursor = "ansi_default" if theme.ansi else Color.parse(theme.primary).with_alpha(0.25).hex
    return {**named, "muted": muted, "frame": muted, "cursor": cursor}


class Palette:
    """Styles by name: the statuses, muted, frame, title, strong, match, accent, primary, success, warning, error,
    cursor.
    """

    def __init__(self, variables: Mapping[str, str], *, plain: bool) -> None:
        def colored(name: str) -> Style:
            return Style() if plain else Style(color=Color.parse(variables[name]).rich_color)

        ansi = variables.get("cursor") == "ansi_default"
        statuses = {status: colored(f"status-{status}") for status in _STATUSES}
        self._styles = {
            **statuses,
            "": Style(),
            "muted": Style(dim=True) if plain else colored("muted"),
            "strong": Style(bold=True),
            "accent": colored("accent"),
            "primary": colored("primary"),
            "warning": colored("warning"),
            "error": colored("error"),
            "title": Style(bold=True) if plain else colored("muted"),
            "frame": Style(dim=True) if plain else colored("frame"),
            "match": Style(bold=True, underline=True),
            "cursor": Style(bold=True) if ansi else Style(bgcolor=Color.parse(variables["cursor"]).rich_color),
        }
        self._mixed: dict[tuple[str, str], Style] = {}

    def __getitem__(self, names: str) -> Style:
        """Return a style, or several separated by spaces; later ones take precedence."""
        found = self._styles.get(names)
        if found is None:
            found = Style.null()
            for name in names.split():
                found += self._styles.get(name, Style.null())
            self._styles[names] = found
        return found

"""What the rest of the project contributes to the build: the letters it writes and the class names it uses."""

from __future__ import annotations

import re
from pathlib import Path

TEXT_SUFFIXES = {".html", ".py", ".po", ".toml", ".json", ".js", ".csv", ".txt"}
SHELL_PARTS = ("app/web", "app/public", "frontend/src")
_WORD = re.compile(r"[A-Za-z][\w-]*")


def _files(root: Path, parts: tuple[str, ...]) -> list[Path]:
    found = (
        path for part in parts for path in sorted((root / part).rglob("*")) if path.suffix in TEXT_SUFFIXES
    )
    return [path for path in found if "/static/dist/" not in path.as_posix() and path.is_file()]


def letters(root: Path, parts: tuple[str, ...]) -> set[int]:
    """Code points beyond ASCII in the text files under `parts` (folders below `root`)."""
    found: set[int] = set()
    for path in _files(root, parts):
        found.update(ord(character) for character in set(path.read_text(encoding="utf-8", errors="ignore")))
    return {code for code in found if code > 0x7F}


def class_words(root: Path) -> set[str]:
    """Every word in templates and scripts that could be a class name (too many is harmless)."""
    found: set[str] = set()
    for path in _files(root, ("app", "frontend/src")):
        if path.suffix in {".html", ".js", ".py"}:
            found.update(_WORD.findall(path.read_text(encoding="utf-8", errors="ignore")))
    # Names put together at run time ("bg-light-" ~ state) cannot be seen in the text.
    states = ("gray", "primary", "information", "success", "warning", "danger", "point")
    return found | {f"bg-light-{state}" for state in states}

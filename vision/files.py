"""Which files ``predict`` reads: those named, and of folders what looks like a picture; each once."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISDIR

ENDINGS = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".heic", ".heif", ".hif"),
    *(".bmp", ".tif", ".tiff", ".gif"),
}


@dataclass
class Picture:
    """A file to read. below: the argument it was found by first; names: every path it was found under."""

    path: Path
    below: Path
    names: list[Path] = field(default_factory=list)


def find_pictures(paths: Iterable[Path]) -> tuple[list[Picture], list[Path]]:
    """The files that these files and folders are or hold, in order, and the folders without any.

    A file found again, by whatever path, is the same picture. What is named is taken as it is, there or not.
    """
    found: dict[Hashable, Picture] = {}
    empty: list[Path] = []
    for given in paths:
        status = _status(given)
        inside = _inside(given) if status is not None and S_ISDIR(status.st_mode) else [given]
        if not inside:
            empty.append(given)
        for path in inside:
            found.setdefault(_identity(path), Picture(path, given)).names.append(path)
    return list(found.values()), empty


def _inside(folder: Path) -> list[Path]:
    return sorted(
        p
        for p in folder.rglob("*")
        if p.suffix.lower() in ENDINGS and not _hidden(p.relative_to(folder)) and p.is_file()
    )


def _hidden(path: Path) -> bool:
    """Whether it, or a folder on the way, is hidden: macOS keeps what is no picture in ``._x.jpg`` beside ``x.jpg``."""
    return any(part.startswith(".") for part in path.parts)


def _identity(path: Path) -> Hashable:
    status = _status(path)
    # Some file systems number no files.
    return (status.st_dev, status.st_ino) if status is not None and status.st_ino else os.path.realpath(path)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None

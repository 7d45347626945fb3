"""Which files ``predict`` reads: those named, and of folders what looks like a picture; each path once."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR

ENDINGS = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".heic", ".heif", ".hif"),
    *(".bmp", ".tif", ".tiff", ".gif"),
}


@dataclass
class Picture:
    """A file to read. below: the argument it was found by first; file: the same for every name (link) of one file."""

    path: Path
    below: Path
    file: Hashable


def find_pictures(paths: Iterable[Path]) -> tuple[list[Picture], list[Path]]:
    """The files that these files and folders are or hold, in order, and the folders without any.

    A path found again is the same picture. What is named is taken as it is, there or not.
    """
    found: dict[str, Picture] = {}
    empty: list[Path] = []
    for given in paths:
        status = _status(given)
        inside = _inside(given) if status is not None and S_ISDIR(status.st_mode) else [given]
        if not inside:
            empty.append(given)
        for path in inside:
            found.setdefault(os.path.normpath(path.absolute()), Picture(path, given, _identity(path)))
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

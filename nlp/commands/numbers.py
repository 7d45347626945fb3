"""Numbers on the command line: within their limits, or refused with those limits named."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable


def whole(low: int, high: int) -> Callable[[str], int]:
    """What takes an option's text as a whole number from ``low`` to ``high``; it raises ``ArgumentTypeError``."""

    def number(text: str) -> int:
        try:
            found = int(text)
        except ValueError:
            found = low - 1
        if not low <= found <= high:
            raise ArgumentTypeError(f"a whole number from {low} to {high} is needed, not {text!r}")
        return found

    return number


def seconds(high: float) -> Callable[[str], float]:
    """What takes an option's text as seconds from 0 to ``high``; it raises ``ArgumentTypeError``."""

    def number(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = -1.0
        if not 0 <= found <= high:  # never true of nan
            raise ArgumentTypeError(f"seconds from 0 to {high:g} are needed, not {text!r}")
        return found

    return number

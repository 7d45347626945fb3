"""Compile what builds a rule's addresses once in a process, not once for each portal that a test makes.

Werkzeug writes a function for each of the portal's hundreds of rules, which is a third of what most tests take. It
depends on the rule's own words alone: the rule it is for is its first argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


def compile_once() -> None:
    """Keep every builder for the rest of the process."""
    # Werkzeug's own, and named so: the tests break where it goes.
    compiled: Callable[[Rule, bool], Builder] = Rule._compile_builder
    kept: dict[tuple[Any, ...], Builder] = {}

    def builder(rule: Rule, append_unknown: bool = True) -> Builder:
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in kept:
            kept[key] = compiled(rule, append_unknown)
        return kept[key]

    Rule._compile_builder = builder  # type: ignore[method-assign]

"""Takes from KRDS only what is used: the custom properties our style sheets reach, and whole components by class.

The dark and the sharper theme come out of KRDS' own second set of semantic tokens: for each
`--krds-light-…` in use, its `--krds-high-contrast-…` twin is assigned under the dark theme.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

COMPONENTS = ("krds-btn", "krds-input", "krds-badge")
"""The components we take over; each stands for the rules of component.css that begin with its class."""

_DEFINITION = re.compile(r"(--krds-[\w-]+)\s*:\s*([^;]+);")
_USE = re.compile(r"var\(\s*(--[\w-]+)")
_CLASS = re.compile(r"\.([A-Za-z][\w-]*)")
_COMMENT = re.compile(r"/\*.*?\*/", re.S)


def tokens(css: str) -> dict[str, str]:
    """Custom properties defined in KRDS' token file: name → value."""
    return {name: value.strip() for name, value in _DEFINITION.findall(_COMMENT.sub("", css))}


def reach(names: Iterable[str], known: dict[str, str]) -> set[str]:
    """`names` and every token they are made of."""
    found: set[str] = set()
    waiting = [name for name in names if name in known]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting.extend(part for part in _USE.findall(known[name]) if part in known)
    return found


def rules(css: str) -> list[tuple[str, str]]:
    """Top-level rules of a style sheet as (selector or at-rule, body with braces stripped)."""
    css = _COMMENT.sub("", css)
    result: list[tuple[str, str]] = []
    start = depth = 0
    head = ""
    for position, character in enumerate(css):
        if character == "{":
            if depth == 0:
                head, start = css[start:position].strip(), position + 1
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                result.append((head, css[start:position].strip()))
                start = position + 1
        elif character == ";" and depth == 0:
            start = position + 1  # @charset and the like
    return result


def component_rules(css: str, classes: set[str]) -> list[str]:
    """The rules of `COMPONENTS` whose every class occurs in `classes`; media queries are filtered inside."""
    kept: list[str] = []
    for head, body in rules(css):
        if head.startswith("@media"):
            inner = component_rules(body, classes)
            if inner:
                kept.append(f"{head} {{\n" + "\n".join(inner) + "\n}")
        elif not head.startswith("@"):
            selectors = [part.strip() for part in _split(head) if _wanted(part.strip(), classes)]
            if selectors:
                kept.append(f"{', '.join(selectors)} {{ {_with_own_tokens_only(body)} }}")
    return kept


def _split(selectors: str) -> list[str]:
    """Split a selector list at its top-level commas."""
    return re.split(r",(?![^(]*\))", selectors)


def _wanted(selector: str, classes: set[str]) -> bool:
    named = _CLASS.findall(re.sub(r":not\([^)]*\)", "", selector))
    if not named or named[0] not in COMPONENTS or "::-ms" in selector or ":-ms" in selector:
        return False
    return all(name in classes for name in named)


def _with_own_tokens_only(body: str) -> str:
    return " ".join(line.strip() for line in body.splitlines() if line.strip())


def prune_definitions(css: str) -> str:
    """Drop component-level custom properties that nothing uses, until nothing changes."""
    while True:
        unused = {name for name, _ in _DEFINITION.findall(css) if "--" in name[2:]} - set(_USE.findall(css))
        smaller = css
        for name in unused:
            smaller = re.sub(re.escape(name) + r"\s*:[^;}]*;?", "", smaller)
        smaller = re.sub(r"[^{}]+\{\s*\}", "", smaller)
        if smaller == css:
            return css
        css = smaller


def style_sheet(krds: Path, own: str, classes: set[str]) -> str:
    """Build our cut of KRDS. krds: its css folder; own: our style sheets' text; classes: names in our templates."""
    known = tokens((krds / "token" / "krds_tokens.css").read_text(encoding="utf-8"))
    component_css = (krds / "component" / "component.css").read_text(encoding="utf-8")
    components = prune_definitions("\n".join(component_rules(component_css, classes)))
    # Overrides of ours count too, but only as far as something else asks for that token.
    used = reach(_USE.findall(own) + _USE.findall(components), known)
    dark = {
        name: name.replace("--krds-light-", "--krds-high-contrast-", 1)
        for name in sorted(used)
        if name.startswith("--krds-light-color-")
    }
    dark = {name: twin for name, twin in dark.items() if twin in known}
    used |= reach(dark.values(), known)
    root = "\n".join(f"  {name}: {known[name]};" for name in known if name in used)
    twins = "\n".join(f"  {name}: var({twin});" for name, twin in dark.items())
    return "\n".join(
        (
            f":root {{\n{root}\n}}",
            f':root[data-theme="dark"] {{\n{twins}\n}}',
            f'@media (prefers-color-scheme: dark) {{ :root[data-theme="system"] {{\n{twins}\n}} }}',
            components,
        )
    )

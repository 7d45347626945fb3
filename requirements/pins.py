"""Write constraints.txt: the exact version of everything that requirements.txt brings in (`make pins`).

The versions are those installed in the environment that runs this. Walking the requirements, rather than
freezing the environment, keeps out whatever somebody installed by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

HERE = Path(__file__).resolve().parent
PARTS = ("portal", "train", "dev")
HEADER = """\
# Exact versions of everything in requirements.txt and what it needs. Written by `make pins`; not by hand.
# Left out: parts of the CUDA build of torch, which nothing here needs.
"""
# Which of these a machine gets depends on the build of torch that its registry offers.
OPTIONAL = ("nvidia-", "cuda-", "triton")


def named(part: str) -> list[Requirement]:
    """Return the requirements that `requirements/<part>.txt` names itself."""
    lines = (HERE / f"{part}.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line.strip() and not line.lstrip().startswith(("#", "-"))]


def needed_by(requirement: Requirement) -> Iterator[Requirement]:
    """Yield what an installed distribution needs here, with the extras that `requirement` asks for."""
    for line in metadata.requires(requirement.name) or []:
        child = Requirement(line)
        extras = {"", *requirement.extras}
        if child.marker is None or any(child.marker.evaluate({"extra": extra}) for extra in extras):
            yield child


def closure(roots: list[Requirement]) -> dict[str, str]:
    """Return canonical name → public version of the roots and of everything they need.

    Raises `metadata.PackageNotFoundError` when something needed is not installed.
    """
    pins: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = list(roots)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        key = (name, frozenset(requirement.extras))
        if key in seen or name.startswith(OPTIONAL):
            continue
        seen.add(key)
        pins[name] = Version(metadata.version(name)).public  # without the label of a local build
        waiting.extend(needed_by(requirement))
    return pins


def main() -> int:
    """Write the file; return the exit code."""
    try:
        pins = closure([requirement for part in PARTS for requirement in named(part)])
    except metadata.PackageNotFoundError as error:
        print(
            f"not installed: {error}. Run `make test` or `requirements/install.py dev` first.",
            file=sys.stderr,
        )
        return 1
    lines = [f"{name}=={version}" for name, version in sorted(pins.items())]
    (HERE / "constraints.txt").write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"constraints.txt: {len(lines)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())

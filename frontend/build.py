"""Builds the front end into app/web/static/dist: `python frontend/build.py [--dev] [--force]`.

Silent and quick when nothing has changed: a stamp holds the hash of everything that goes in.
--dev also installs what only the tests need (axe-core). Exits 1 with one line when it cannot be done.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))

CACHE = HERE / ".cache"
DIST = ROOT / "app" / "web" / "static" / "dist"
COMPRESS = {".js", ".css", ".svg", ".json"}


def say(line: str) -> None:
    """One line of progress."""
    print(line, flush=True)


def stamp_of(shell: set[int], pages: set[int], words: set[str]) -> str:
    """The hash of everything the result depends on: our sources, the lock file, letters and class names."""
    digest = hashlib.sha256()
    own = [path for path in sorted(HERE.rglob("*")) if path.is_file() and _is_source(path)]
    for path in own:
        digest.update(path.relative_to(HERE).as_posix().encode() + b"\0" + path.read_bytes())
    digest.update(repr((sorted(shell), sorted(pages), sorted(words))).encode())
    return digest.hexdigest()


def _is_source(path: Path) -> bool:
    parts = path.relative_to(HERE).parts
    return not {"node_modules", ".cache", "__pycache__"} & set(parts)


def build(*, dev: bool, force: bool) -> None:
    """Bring packages and dist up to date."""
    from tools import fonts, krds, packages, sources

    if packages_missing(dev):
        say("front end: fetching packages (npm) …")
    packages.ensure(HERE, dev=dev)
    shell = sources.letters(ROOT, sources.SHELL_PARTS)
    pages = sources.letters(ROOT, ("app",))
    css_folder = HERE / "node_modules" / "krds-uiux" / "resources" / "css"
    component_css = (css_folder / "component" / "component.css").read_text(encoding="utf-8")
    # Only names that KRDS knows matter: other new classes in a template need no new build.
    words = sources.class_words(ROOT) & set(krds._CLASS.findall(component_css))
    stamp = stamp_of(shell, pages, words)
    mark = DIST / ".stamp"
    if not force and mark.exists() and mark.read_text() == stamp:
        return
    say("front end: building …")
    CACHE.mkdir(exist_ok=True)
    own = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted((HERE / "src" / "styles").glob("*.css"))
    )
    (CACHE / "krds.css").write_text(krds.style_sheet(css_folder, own, words), encoding="utf-8")
    font_source = HERE / "node_modules" / "krds-uiux" / "resources" / "fonts"
    faces = fonts.build(font_source, CACHE / "fonts", shell, pages, say)
    (CACHE / "fonts.css").write_text(faces, encoding="utf-8")
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        target = Path(folder) / "dist"
        bundle(target)
        write_manifest(target)
        compress(target)
        (target / ".stamp").write_text(stamp)
        publish(target)
    say(f"front end: built, first page about {first_page_size()} kB compressed without its HTML")


def packages_missing(dev: bool) -> bool:
    """Whether npm has to be asked (cheap look, for the progress line only)."""
    return not (HERE / "node_modules" / ("axe-core" if dev else "esbuild")).exists()


def bundle(target: Path) -> None:
    """Run esbuild: one style sheet, one small main script, further modules loaded when a page needs them."""
    from tools import icons, packages

    esbuild = HERE / "node_modules" / "esbuild" / "bin" / "esbuild"
    arguments = [
        str(esbuild),
        "src/main.js",
        "src/styles/main.css",
        "src/sw.js",
        "--bundle",
        "--minify",
        "--format=esm",
        "--splitting",
        "--target=es2020,chrome90,safari15,firefox100",
        "--charset=utf8",
        "--legal-comments=none",
        "--log-level=warning",
        "--loader:.woff2=file",
        "--entry-names=[name]-[hash]",
        "--chunk-names=js/[name]-[hash]",
        "--asset-names=fonts/[name]-[hash]",
        "--metafile=.cache/meta.json",
        f"--outdir={target}",
    ]
    packages.run_node(HERE, arguments)
    images = target / "img"
    images.mkdir()
    drawn = CACHE / "icons"
    drawn.mkdir(exist_ok=True)
    icons.draw(HERE / "src" / "img" / "favicon.svg", drawn)
    for path in [*sorted((HERE / "src" / "img").iterdir()), *sorted(drawn.iterdir())]:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8].upper()
        shutil.copyfile(path, images / f"{path.stem}-{digest}{path.suffix}")


def write_manifest(target: Path) -> None:
    """Write logical name → built name: main.css, main.js, fonts/shell-regular.woff2, img/favicon.svg …"""
    names: dict[str, str] = {}
    for path in sorted(target.rglob("*")):
        if not path.is_file():
            continue
        built = path.relative_to(target).as_posix()
        stem, _, rest = path.name.rpartition("-")
        stem = stem.split(".")[0]  # fonts carry the hash of their letters as well
        if path.parent.name == "js":  # loaded by main.js itself, nobody asks for them by name
            continue
        folder = "" if path.parent == target else path.parent.name + "/"
        names[f"{folder}{stem}{Path(rest).suffix}"] = built
    (target / "manifest.json").write_text(json.dumps(names, indent=1, sort_keys=True), encoding="utf-8")


def compress(target: Path) -> None:
    """Write .gz and .br beside what compresses, so that serving costs nothing."""
    import brotli

    for path in sorted(target.rglob("*")):
        if path.suffix in COMPRESS and path.name != "manifest.json":
            data = path.read_bytes()
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(data, 9, mtime=0))
            path.with_name(path.name + ".br").write_bytes(brotli.compress(data, quality=11))


def publish(target: Path) -> None:
    """Put the new build in place. Files of the previous build stay for pages that are still open."""
    DIST.mkdir(parents=True, exist_ok=True)
    previous: set[str] = set()
    manifest = DIST / ".files.json"
    if manifest.exists():
        previous = set(json.loads(manifest.read_text()))
    new = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    for path in sorted(DIST.rglob("*")):
        name = path.relative_to(DIST).as_posix()
        if path.is_file() and name not in previous and name not in new:
            path.unlink()
    for name in sorted(new - {"manifest.json", ".stamp"}):
        (DIST / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(target / name, DIST / name)
    manifest.write_text(json.dumps(sorted(new)))
    for name in ("manifest.json", ".stamp"):  # last: only now do pages ask for the new names
        part = DIST / (name + ".part")
        shutil.copyfile(target / name, part)
        part.replace(DIST / name)


def first_page_size() -> int:
    """Compressed kB that a first visit fetches besides its HTML: style sheet, main script, two shell fonts."""
    names = json.loads((DIST / "manifest.json").read_text())
    total: int = sum((DIST / (names[name] + ".br")).stat().st_size for name in ("main.css", "main.js"))
    total += sum(
        (DIST / names[f"fonts/shell-{weight}.woff2"]).stat().st_size for weight in ("regular", "bold")
    )
    return round(total / 1000)


def main() -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description="Build the front end into app/web/static/dist.")
    parser.add_argument("--dev", action="store_true", help="also install what the tests need")
    parser.add_argument("--force", action="store_true", help="build even if nothing has changed")
    options = parser.parse_args()
    try:
        from tools.packages import PackagesUnavailable
    except ImportError as error:
        print(f"front end: {error.name} is not installed in this Python; run `make run`", file=sys.stderr)
        return 1
    try:
        build(dev=options.dev, force=options.force)
    except PackagesUnavailable as error:
        print(f"front end: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"front end: the bundler refused:\n{(error.output or '').strip()}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"front end: cannot write the build: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

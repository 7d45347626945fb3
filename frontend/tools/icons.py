"""The icons of the installed portal, drawn from our own favicon: PNG, because phones take no SVG there."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

SIZES = {"icon-192": 192, "icon-512": 512, "touch-icon": 180, "maskable-512": 512}
GROUND = "#14707d"
"""The favicon's own ground. Phones cut their own shape out of these: no corner of ours may show."""
FULL = {"touch-icon", "maskable-512"}


def draw(svg: Path, folder: Path) -> None:
    """Write each icon as PNG into `folder`. The eye stays within the middle four fifths, as maskable icons ask."""
    import typst

    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "icon.typ"
        shutil.copyfile(svg, Path(name) / "icon.svg")
        for icon, side in SIZES.items():
            ground = f'rgb("{GROUND}")' if icon in FULL else "none"
            source.write_text(
                f"#set page(width: {side}pt, height: {side}pt, margin: 0pt, fill: {ground})\n"
                '#image("icon.svg", width: 100%)',
                encoding="utf-8",
            )
            (folder / f"{icon}.png").write_bytes(typst.compile(str(source), format="png", ppi=72.0))

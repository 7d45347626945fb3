"""Where on the body, as a drawing to print: the body map's own outlines with one place filled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from flask import current_app

SKIN, MARKED, EDGE = "#d5eaed", "#b3602f", "#ffffff"


def place_svg(site: str) -> bytes | None:
    """Return the front or the back of the body with the place filled, None if no drawing shows it."""
    module = current_app.jinja_env.get_template("components/body_map.html").module
    for name in ("FRONT", "BACK"):
        shapes = cast(Mapping[str, str], getattr(module, name))
        if site in shapes:
            return _drawn(shapes, site)
    return None


def _drawn(shapes: Mapping[str, str], site: str) -> bytes:
    paths = "".join(
        f'<path d="{shape}" fill="{MARKED if key == site else SKIN}" stroke="{EDGE}" stroke-width="3"/>'
        for key, shape in shapes.items()
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 616">{paths}</svg>'.encode()

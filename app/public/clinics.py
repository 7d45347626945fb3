"""Clinics near you: by province and district, or by the position that a person chose to give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import render_template, request, url_for
from flask_babel import get_locale
from flask_login import current_user

from app.permissions import Permission
from app.policy import holds, public
from app.public import clinic_map
from app.public.routes import blueprint
from app.regions import service
from app.regions.areas import Area, area, districts, provinces
from app.regions.geometry import Point, in_korea
from app.regions.kinds import ALL, SKIN, kinds

PER_PAGE = 10
NEXT_DOOR = 5
"""Of the districts around one that has few."""
MOST_PAGES = 5
"""Of a search by position: who looks farther down than fifty chooses a district."""


@dataclass(frozen=True)
class _Asked:
    area: Area | None
    here: Point | None
    kind: str | None
    page: int

    def address(self, **other: Any) -> str:
        """Return the address of this search, with some of it changed."""
        values: dict[str, Any] = {"area": self.area.code if self.area else None, "kind": self.kind}
        if self.here:
            values |= {"lat": self.here[0], "lon": self.here[1]}
        return url_for("public.clinics", **(values | other))


def _asked() -> tuple[_Asked, bool]:
    """Return what is asked for, and whether a position was given that is none of Korea."""
    latitude, longitude = request.args.get("lat", type=float), request.args.get("lon", type=float)
    here = None
    if latitude is not None and longitude is not None and in_korea(latitude, longitude):
        here = (latitude, longitude)
    outside = here is None and ("lat" in request.args or "lon" in request.args)
    kind = request.args.get("kind") or None
    if kind not in {SKIN, ALL, *kinds()}:
        kind = None
    page = max(1, min(request.args.get("page", 1, type=int), 10_000))
    found = None if here else area(request.args.get("area"))
    return _Asked(found, here, kind, page), outside


@blueprint.get("/clinics")
@public
def clinics() -> str:
    """Where to go near by; without a register, whom to call instead."""
    asked, outside = _asked()
    english = str(get_locale()) == "en"
    rows, pages, page = _found(asked)
    first = (page - 1) * PER_PAGE
    numbered = [(str(first + place), near) for place, near in enumerate(rows, 1)]
    beyond = [(str(len(rows) + place), near) for place, near in enumerate(_beyond(asked, len(rows)), 1)]
    dots = [
        (number, (near.clinic.latitude, near.clinic.longitude))
        for number, near in numbered + beyond
        if near.clinic.latitude is not None and near.clinic.longitude is not None
    ]
    return render_template(
        "public/clinics.html",
        register=service.current_register(),
        asked=asked,
        outside=outside,
        english=english,
        provinces=provinces(),
        districts=districts(asked.area.province) if asked.area else (),
        province=area(asked.area.province) if asked.area else None,
        kinds=[(one.key, one.en if english else one.ko) for one in kinds().values()],
        rows=numbered,
        beyond=beyond,
        page=page,
        pages=pages,
        base=asked.address(page="PAGE").replace("PAGE", "%d"),
        drawing=clinic_map.draw(dots, asked.here, english=english),
        own=_own_area() if asked.area is None and asked.here is None else None,
        may_load=holds(current_user, Permission.CLINIC_REGISTER_LOAD),
    )


def _own_area() -> Area | None:
    """Return the district of the patient who looks, if they have told it."""
    patient = getattr(current_user, "patient", None)
    return area(patient.area) if patient is not None else None


def _beyond(asked: _Asked, found: int) -> list[service.Near]:
    """Return the nearest of other districts, by the middle of the one asked for, where that one fills no page."""
    home = asked.area
    if home is None or home.is_province or asked.page > 1 or found >= PER_PAGE:
        return []
    near = service.clinics_near(home.latitude, home.longitude, kind=asked.kind, limit=found + PER_PAGE)
    return [one for one in near if one.clinic.area != home.code][: max(NEXT_DOOR, PER_PAGE - found)]


def _found(asked: _Asked) -> tuple[list[service.Near], int, int]:
    """Return the clinics of the page asked for, how many pages there are, and which one it is."""
    if asked.here:
        page = min(asked.page, MOST_PAGES)
        # One more than the page holds says whether another follows.
        found = service.clinics_near(*asked.here, kind=asked.kind, limit=page * PER_PAGE + 1)
        more = len(found) > page * PER_PAGE and page < MOST_PAGES
        page = min(page, max(1, -(-len(found) // PER_PAGE)))
        return found[(page - 1) * PER_PAGE : page * PER_PAGE], page + more, page
    if asked.area is None:
        return [], 1, 1
    count = service.count_in(asked.area.code, kind=asked.kind)
    pages = max(1, -(-count // PER_PAGE))
    page = min(asked.page, pages)
    offset = (page - 1) * PER_PAGE
    found = service.clinics_in(asked.area.code, kind=asked.kind, limit=PER_PAGE, offset=offset)
    return found, pages, page

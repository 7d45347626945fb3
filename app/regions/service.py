"""What others ask of the register of clinics: which is nearest, which are in a district, and a new register."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.infra import clock, jobs, storage
from app.infra.database import random_id, transaction
from app.regions import geometry
from app.regions.areas import area as area_of
from app.regions.kinds import SKIN, chosen
from app.regions.kinds import kinds as all_kinds
from app.regions.models import LOADING, Clinic, Register, RegisterState

LOAD_JOB = "regions.load_clinics"
REACH = 20_000
"""Within how many metres a place for skin goes before nearer ones that are none."""
FARTHEST = 100_000
"""No place farther away (metres) is called near."""
ENDINGS = (".csv", ".zip")
_Rings = tuple[tuple[int, int], ...]
_WIDE: _Rings = ((geometry.BLOCKS, 3),)
_WIDENING: _Rings = ((geometry.CELLS, 4), *_WIDE)
_TO_THE_END: _Rings = ((geometry.CELLS, 4), (geometry.BLOCKS, 1), *_WIDE, (geometry.BLOCKS, 12))
"""How a search widens: squares to a degree, and rings of them around the point's own; small squares first, because
large ones hold thousands."""
_BANDS = (0.3, 1.0)
"""How a search for what is rare widens: so many degrees to the north and south, from coast to coast. Such a band
holds some hundred places of a rare kind, and hundreds of squares would be looked into for them in vain."""
_Step = tuple[float, ColumnElement[bool]]
"""How far from the point one looks in every direction (metres), and what is looked into."""
_Turn = tuple[tuple[int, ...], float, Iterator[_Step]]


class NotARegister(Exception):
    """The file is empty or has none of the `ENDINGS`."""


class LoadUnderWay(Exception):
    """Another register is being loaded; it is `register`."""

    def __init__(self, register: Register) -> None:
        super().__init__(register.public_id)
        self.register = register


class DatedAhead(Exception):
    """A register cannot speak of a day that has not come."""


@dataclass(frozen=True)
class Near:
    """A clinic and how far it is (metres as the crow flies); None where that is not known."""

    clinic: Clinic
    metres: float | None


def current_register() -> Register | None:
    """Return the register in use, or None while none has been loaded."""
    return db.session.scalar(select(Register).where(Register.state == RegisterState.CURRENT))


def clinics_near(
    latitude: float, longitude: float, *, kind: str | None = None, limit: int = 10
) -> list[Near]:
    """Return the nearest clinics (WGS84, degrees), those for skin within `REACH` first; none without a register.

    Asked for one kind of place, its nearest come first, whatever they are for. Otherwise, a place whose name says
    dermatology goes before one that only counts it among its departments.

    kind: a key of kinds.toml, "skin" (only those) or "all"; None: wherever someone may look at a mole, which is no
    dentist. Nothing farther than `FARTHEST`. Raises `LookupError` for an unknown kind.
    """
    kinds = chosen(kind)
    register = current_register()
    if register is None or not geometry.in_korea(latitude, longitude):
        return []
    point = (latitude, longitude)
    found: dict[int, float] = {}
    rest = (0, 1) if kind == SKIN else (0, 1, 2)
    one = all_kinds().get(kind or "")
    last: _Turn = (rest, FARTHEST, _bands(point) if one and one.rare else _squares(point, _TO_THE_END))
    skin_first: list[_Turn] = [
        ((0,), REACH, _squares(point, _WIDE)),
        ((1,), REACH, _squares(point, _WIDENING)),
    ]
    for skin, reach, steps in [last] if one else [*skin_first, last]:
        some = (Clinic.register_id == register.id, Clinic.skin.in_(skin), Clinic.kind.in_(kinds))
        if len(found) < limit:
            for each, away in _nearest(point, some, limit, reach, steps):
                if len(found) < limit:
                    found.setdefault(each, away)
    return _with_clinics(found)


def _with_clinics(found: dict[int, float]) -> list[Near]:
    clinics = {one.id: one for one in db.session.scalars(select(Clinic).where(Clinic.id.in_(found)))}
    return [Near(clinics[each], away) for each, away in found.items() if each in clinics]


def _squares(point: geometry.Point, widening: _Rings) -> Iterator[_Step]:
    for per_degree, rings in widening:
        grid = Clinic.cell if per_degree == geometry.CELLS else Clinic.block
        here = grid.in_(geometry.squares_around(point, per_degree, rings))
        yield geometry.seen_around(point, per_degree, rings), here


def _bands(point: geometry.Point) -> Iterator[_Step]:
    latitude, longitude = point
    for half in _BANDS:
        seen = geometry.metres(point, (latitude + half, longitude))
        yield seen, Clinic.latitude.between(latitude - half, latitude + half)


def _nearest(
    point: geometry.Point,
    some: Sequence[ColumnElement[bool]],
    count: int,
    reach: float,
    steps: Iterable[_Step],
) -> list[tuple[int, float]]:
    """Return (id, metres) of the `count` nearest of `some` within `reach`, looking ever wider around."""
    kept: list[tuple[int, float]] = []
    for seen, here in steps:
        # What lies beyond may hide nearer ones where nobody looked.
        kept = [row for row in _nearest_of(point, count, (*some, here)) if row[1] <= min(seen, reach)]
        if len(kept) >= count or seen >= reach:
            break
    return kept


def _nearest_of(
    point: geometry.Point, count: int, some: Sequence[ColumnElement[bool]]
) -> list[tuple[int, float]]:
    latitude, longitude = point
    # The plane is as good as the sphere for an order, and every database can reckon it.
    north = Clinic.latitude - latitude
    east = (Clinic.longitude - longitude) * math.cos(math.radians(latitude))
    query = (
        select(Clinic.id, Clinic.latitude, Clinic.longitude)
        .where(*some)
        .order_by(north * north + east * east, Clinic.id)
        .limit(count)
    )
    rows = [
        (each, geometry.metres(point, (lat or 0.0, lon or 0.0)))
        for each, lat, lon in db.session.execute(query)
    ]
    return sorted(rows, key=lambda row: (row[1], row[0]))


def clinics_in(area_code: str, *, kind: str | None = None, limit: int = 10, offset: int = 0) -> list[Near]:
    """Return clinics of a province or district by name, those for skin first; distances are not known.

    kind as in `clinics_near`. None without a register or for a code that there is not.
    """
    here = _here(area_code, kind)
    if here is None:
        return []
    query = select(Clinic).where(*here).order_by(Clinic.skin, Clinic.name, Clinic.id)
    return [Near(clinic, None) for clinic in db.session.scalars(query.limit(limit).offset(offset))]


def clinics_around(area_code: str, *, limit: int = 10) -> list[Near]:
    """Return the nearest clinics to the middle of a district, in the order of `clinics_near`.

    Where no clinic of the register has a position, those of the district by name. None without a register or for a
    code that there is not.
    """
    area = area_of(area_code)
    if area is None:
        return []
    return clinics_near(area.latitude, area.longitude, limit=limit) or clinics_in(area_code, limit=limit)


def count_in(area_code: str, *, kind: str | None = None) -> int:
    """Return how many `clinics_in` has in all."""
    here = _here(area_code, kind)
    if here is None:
        return 0
    return db.session.scalar(select(func.count()).select_from(Clinic).where(*here)) or 0


def _here(area_code: str, kind: str | None) -> list[ColumnElement[bool]] | None:
    kinds, register, area = chosen(kind), current_register(), area_of(area_code)
    if register is None or area is None:
        return None
    place = Clinic.province == area.code if area.is_province else Clinic.area == area.code
    skin = (0, 1) if kind == SKIN else (0, 1, 2)
    return [Clinic.register_id == register.id, place, Clinic.skin.in_(skin), Clinic.kind.in_(kinds)]


def load_register(
    filename: str,
    content: bytes,
    *,
    dated: date,
    source: str,
    user_id: int | None,
    may_shrink: bool = False,
) -> Register:
    """Keep a file of the register and have the worker read it; the present register stays until that succeeded.

    Raises `NotARegister`, `DatedAhead`, or `LoadUnderWay`: one at a time.
    """
    name = _one_line(filename, 200)
    if not content or not name.lower().endswith(ENDINGS):
        raise NotARegister
    if dated > clock.today_in_korea().date():
        raise DatedAhead
    try:
        with transaction() as session:
            at_work = under_way()
            if at_work is not None:
                raise LoadUnderWay(at_work)
            register = Register(
                public_id=random_id(),
                filename=name,
                sha256=hashlib.sha256(content).hexdigest(),
                dated=dated,
                source=_one_line(source, 200),
                may_shrink=may_shrink,
                created_by_id=user_id,
                created_at=clock.now(),
                object=storage.put(content, "application/octet-stream"),
            )
            session.add(register)
            session.flush()
            jobs.enqueue(LOAD_JOB, dedupe_key=register.public_id, register_id=register.id)
            return register
    except IntegrityError:
        # Two requests at once: the unique index let one of them through.
        first = under_way()
        if first is None:
            raise
        raise LoadUnderWay(first) from None


def under_way() -> Register | None:
    """Return the register that is being loaded."""
    return db.session.scalar(select(Register).where(Register.state.in_(LOADING)))


def _one_line(text: str, longest: int) -> str:
    """Return the last part of a path as it may be stored and shown; the ending stays."""
    last = re.split(r"[\\/]", text)[-1] if text.lower().endswith(ENDINGS) else text
    clean = "".join(
        c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c)[0] != "C"
    ).strip()
    return clean if len(clean) <= longest else f"{clean[: longest - 5]}…{clean[-4:]}"

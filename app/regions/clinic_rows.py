"""From one row of the register to a clinic, or to the reason why it is none."""

from __future__ import annotations

import enum
import hashlib
import re
from dataclasses import dataclass, field

from app.regions import geometry
from app.regions.addresses import Place, place_of
from app.regions.areas import Area
from app.regions.kinds import kind_of, skin_of

FAR = 150_000
"""Metres from the middle of its district at which a position must be wrong: no district reaches so far."""
BROKEN = "\ufffd"
OPEN = ("영업", "운영", "정상", "개설")
_TELEPHONE = re.compile(r"\d(?:[\d ).-]*\d)?")
_NO_DATE = {"", "0", "00000000"}


class Verdict(enum.StrEnum):
    """What was wrong with a row: not taken, met before, or taken without its position or with a mended one."""

    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    POSITION = "position"


@dataclass(frozen=True)
class Raw:
    """The cells of one row by what they mean; empty where the file does not say."""

    name: str = ""
    kind: str = ""
    road: str = ""
    lot: str = ""
    telephone: str = ""
    departments: str = ""
    status: str = ""
    closed_on: str = ""
    number: str = ""
    latitude: str = ""
    longitude: str = ""
    x: str = ""
    y: str = ""

    @property
    def address(self) -> str:
        """The address by road if there is one, else by lot."""
        return " ".join((self.road or self.lot).split())


@dataclass
class Found:
    """One clinic of the file; its position is found batch by batch."""

    line: int
    part: str
    name: str
    kind: str
    kind_name: str
    skin: int
    address: str
    telephone: str
    place: Place
    numbers: tuple[float, float] | None
    """East and north as the file has them, in degrees or metres."""
    point: geometry.Point | None = None

    @property
    def district(self) -> Area | None:
        """Its district; of several that a city has, the one whose middle is nearest."""
        several = self.place.districts
        if len(several) > 1 and self.point is not None:
            point = self.point
            return min(several, key=lambda one: geometry.metres(point, (one.latitude, one.longitude)))
        return several[0] if len(several) == 1 else None


@dataclass(frozen=True)
class Note:
    """A row with something wrong."""

    verdict: Verdict
    part: str
    line: int
    name: str
    reason_ko: str
    reason_en: str


@dataclass
class Taken:
    """What some rows came to."""

    clinics: list[Found] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    total: int = 0
    closed: int = 0

    def count(self, verdict: Verdict) -> int:
        """Return how many notes there are of a kind."""
        return sum(note.verdict == verdict for note in self.notes)


class _No(Exception):
    """The row is no clinic."""

    def __init__(self, reason_ko: str, reason_en: str, verdict: Verdict = Verdict.REJECTED) -> None:
        super().__init__(reason_en)
        self.verdict, self.reason_ko, self.reason_en = verdict, reason_ko, reason_en


class Reader:
    """Takes the rows of one register, of however many files, and knows what it has seen."""

    def __init__(self) -> None:
        self._seen: dict[bytes, tuple[str, int]] = {}

    def take(self, raw: Raw, taken: Taken, part: str, line: int, *, whole: bool) -> None:
        """Add one row to `taken`: as a clinic, as closed, or with what is wrong."""
        taken.total += 1
        try:
            if not whole:
                raise _No(
                    "칸의 수가 첫 줄과 다릅니다. 줄이 끊겼거나 쉼표가 잘못 들어갔습니다.",
                    "It has another number of cells than the first line: cut off, or a stray comma.",
                )
            if is_closed(raw):
                taken.closed += 1
                return
            numbers, complaint = _numbers(raw)
            found = self._clinic(raw, part, line, numbers)
        except _No as no:
            note = Note(no.verdict, part, line, raw.name[:120], no.reason_ko, no.reason_en)
            taken.notes.append(note)
            return
        if complaint:
            taken.notes.append(Note(Verdict.POSITION, part, line, found.name, *complaint))
        taken.clinics.append(found)

    def _clinic(self, raw: Raw, part: str, line: int, numbers: tuple[float, float] | None) -> Found:
        if BROKEN in raw.name or BROKEN in raw.address:
            raise _No("글자가 깨져 있습니다.", "Its letters are broken.")
        if not raw.name:
            raise _No("이름이 없습니다.", "It has no name.")
        kind = kind_of(raw.kind) if raw.kind else kind_of(raw.name)
        if kind is None:
            said = raw.kind or raw.name
            raise _No(f"병의원이나 보건소가 아닙니다: {said[:40]}", f"Not a medical institution: {said[:40]}")
        if not raw.address:
            raise _No("주소가 없습니다.", "It has no address.")
        place = place_of(raw.road) or place_of(raw.lot)
        if place is None:
            raise _No(
                f"주소가 시·도로 시작하지 않습니다: {raw.address[:40]}",
                f"The address does not begin with a province: {raw.address[:40]}",
            )
        if len(place.districts) != 1:
            place = (
                place_of(raw.lot) or place
            )  # an address by lot often names the district that the other leaves out
        self._once(raw, part, line)
        return Found(
            line,
            part,
            raw.name[:120],
            kind,
            (raw.kind or "")[:40],
            skin_of(raw.name, raw.departments),
            raw.address[:200],
            telephone(raw.telephone),
            place,
            numbers,
        )

    def _once(self, raw: Raw, part: str, line: int) -> None:
        identity = raw.number or f"{''.join(raw.name.split())}\0{''.join(raw.address.split())}"
        key = hashlib.blake2b(identity.encode(), digest_size=12).digest()
        first_part, first_line = self._seen.setdefault(key, (part, line))
        if (first_part, first_line) != (part, line):
            where = f"{first_part} " if first_part != part else ""
            raise _No(
                f"{where}{first_line}줄과 같은 곳입니다.",
                f"The same place as line {first_line}{f' of {first_part}' if where else ''}.",
                Verdict.DUPLICATE,
            )

    def place(self, taken: Taken) -> None:
        """Turn the numbers of all clinics in `taken` into positions, or say what is wrong with them."""
        waiting = [found for found in taken.clinics if found.numbers is not None]
        for found, choices in zip(waiting, _choices(waiting), strict=True):
            found.point, complaint = _settle(found, choices)
            if complaint:
                note = Note(Verdict.POSITION, found.part, found.line, found.name, *complaint)
                taken.notes.append(note)
        taken.notes.sort(key=lambda note: (note.part, note.line))


def is_closed(raw: Raw) -> bool:
    """Whether the row speaks of a place that is no longer, or for now not, open."""
    if raw.status:
        return not raw.status.startswith(OPEN)
    return raw.closed_on.replace("-", "") not in _NO_DATE


def telephone(text: str) -> str:
    """Return the first telephone number in digits and hyphens, empty if there is none.

    Numbers of Seoul often lack their 02 in registers; nothing is guessed.
    """
    found = _TELEPHONE.search(text)
    if found is None:
        return ""
    number = re.sub(r"[^\d]+", "-", found[0])[:24]
    digits = number.replace("-", "")
    return number if 7 <= len(digits) <= 12 else ""


def _numbers(raw: Raw) -> tuple[tuple[float, float] | None, tuple[str, str] | None]:
    """Return (east, north) as they stand there, and what is wrong with them."""
    pairs = [pair for pair in ((raw.longitude, raw.latitude), (raw.x, raw.y)) if any(pair)]
    if not pairs:
        return None, None
    east, north = (text.replace(",", "") for text in pairs[0])
    try:
        return (float(east), float(north)), None
    except ValueError:
        return None, (
            f"좌표가 숫자가 아니어서 위치 없이 받았습니다: {east[:20]}, {north[:20]}",
            f"Its coordinates are no numbers; kept without a position: {east[:20]}, {north[:20]}",
        )


def _choices(waiting: list[Found]) -> list[tuple[geometry.Point, geometry.Point]]:
    """Return for each the position that its numbers mean, and the one that they mean if they are swapped."""
    plain: list[tuple[float, float]] = [found.numbers for found in waiting if found.numbers is not None]
    metric = [index for index, (east, north) in enumerate(plain) if abs(east) > 180 or abs(north) > 180]
    as_is = geometry.from_tm([plain[index] for index in metric])
    swapped = geometry.from_tm([plain[index][::-1] for index in metric])
    result = [((north, east), (east, north)) for east, north in plain]
    for index, one, other in zip(metric, as_is, swapped, strict=True):
        result[index] = (one, other)
    return result


def _settle(
    found: Found, choices: tuple[geometry.Point, geometry.Point]
) -> tuple[geometry.Point | None, tuple[str, str] | None]:
    """Return the position to keep, and what was wrong."""
    as_is, swapped = choices
    if _fits(found, as_is):
        return as_is, None
    if _fits(found, swapped):
        return swapped, (
            "좌표의 두 값이 서로 바뀌어 있어 바로잡았습니다.",
            "The two coordinates stood in each other’s place; put right.",
        )
    if not geometry.in_korea(*as_is):
        return None, (
            "좌표가 우리나라 밖이어서 위치 없이 받았습니다.",
            "Its coordinates lie outside of Korea; kept without a position.",
        )
    return None, (
        "좌표가 주소와 150km 넘게 떨어져 있어 위치 없이 받았습니다.",
        "Its coordinates are more than 150 km from its address; kept without a position.",
    )


def _fits(found: Found, point: geometry.Point) -> bool:
    if not geometry.in_korea(*point):
        return False
    middles = found.place.districts or (found.place.province,)
    return any(geometry.metres(point, (one.latitude, one.longitude)) <= FAR for one in middles)

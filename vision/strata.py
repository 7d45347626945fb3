"""Whom the figures hold for: pictures by age, sex, body site and skin, where these are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from vision.data import Record

SMALLEST = 30
"""A stratum of fewer pictures is named with its number and not measured: its figures would be noise."""
_AGES = ((40, "<40"), (60, "40–59"), (75, "60–74"))
_SITES: dict[str, tuple[str, ...]] = {
    "head and neck": ("head_neck_face", "head/neck", "face", "neck", "scalp", "ear", "nose", "lip"),
    "trunk": (
        *("trunk", "torso", "anterior torso", "posterior torso", "lateral torso"),
        *("back", "abdomen", "chest"),
    ),
    "arm": ("upper extremity", "upper_extremity", "arm", "forearm"),
    "leg": ("lower extremity", "lower_extremity", "thigh"),
    "hand and foot": ("hand", "foot", "acral", "palms/soles"),
    "oral and genital": ("genital", "oral/genital"),
}
_SITE_OF = {word: site for site, words in _SITES.items() for word in words}
_FITZPATRICK = {"1": "I–II", "2": "I–II", "3": "III–IV", "4": "III–IV", "5": "V–VI", "6": "V–VI"}
_TONES = {
    "0": "0–1 (darkest)",
    "1": "0–1 (darkest)",
    "2": "2–3",
    "3": "2–3",
    "4": "4–5 (lightest)",
    "5": "4–5 (lightest)",
}


def age_band(record: Record) -> str | None:
    """<40, 40–59, 60–74 or 75+."""
    if record.age is None:
        return None
    return next((name for limit, name in _AGES if record.age < limit), "75+")


def body_site(record: Record) -> str | None:
    """The part of the body; the sources name parts of different size, so they are brought together."""
    if record.body_site in {"", "unknown"}:
        return None
    return _SITE_OF.get(record.body_site, "elsewhere")


def sex(record: Record) -> str | None:
    """As the file says."""
    return record.sex if record.sex in {"female", "male"} else None


def fitzpatrick(record: Record) -> str | None:
    """Fitzpatrick's type in three pairs, as DDI reports it (Daneshjou et al. 2022)."""
    return _FITZPATRICK.get(record.fitzpatrick.removesuffix(".0"))


def skin_tone(record: Record) -> str | None:
    """MILK10k's six tones in three pairs."""
    return _TONES.get(record.skin_tone.removesuffix(".0"))


_ORDER = (
    *(name for _, name in _AGES),
    "75+",
    *_SITES,
    *dict.fromkeys(_FITZPATRICK.values()),
    *dict.fromkeys(_TONES.values()),
)


def in_order(names: Iterable[str]) -> list[str]:
    """Young before old, head before foot, one end of a scale before the other; what has no order by its letters."""
    return sorted(names, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))


STRATA: Mapping[str, Callable[[Record], str | None]] = {
    "age": age_band,
    "sex": sex,
    "body site": body_site,
    "Fitzpatrick type": fitzpatrick,
    "skin tone (MILK10k)": skin_tone,
}

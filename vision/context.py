"""What is known of the patient beside the photo: age, sex, site and symptoms shift the odds of the classes.

Late fusion by Bayes' rule, each attribute by itself: P(class | photo, a, s, t) ∝ P(class | photo) · Π P(value | class) /
P(value). What is unknown shifts nothing, so a prediction without it is the photo's own. How much of the shift
is used was set on validation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from vision.classes import KEYS
from vision.data import SYMPTOMS, Record

Array = npt.NDArray[np.float64]
ATTRIBUTES = ("age", "sex", "site", *SYMPTOMS)
#: Upper ends of the bands of age, in years.
AGES = (20, 35, 50, 65, 80)
#: Pseudo-pictures of each class, spread as in all pictures: rare classes must not swing on three of them.
SMOOTHING = 20.0
MELANOMA = KEYS.index("mel")
_SEXES = {
    **dict.fromkeys(("m", "male", "man", "남", "남자", "남성"), "m"),
    **dict.fromkeys(("f", "female", "woman", "여", "여자", "여성"), "f"),
}
_SITES = {
    "genital": (
        *("genital", "genitalia", "oral", "penis", "vulva", "scrotum", "labia", "anus"),
        *("성기", "생식기", "음부", "음경", "음낭", "항문"),
    ),
    "head": (
        *(
            "head",
            "face",
            "facial",
            "scalp",
            "neck",
            "nape",
            "ear",
            "earlobe",
            "nose",
            "lip",
            "mouth",
            "cheek",
        ),
        *("chin", "jaw", "forehead", "temple", "eye", "eyelid", "eyebrow"),
        *("머리", "얼굴", "안면", "두피", "목", "목덜미", "귀", "귓불", "코", "콧등", "콧볼", "입", "입술"),
        *("뺨", "볼", "턱", "이마", "관자놀이", "눈", "눈꺼풀", "눈썹", "눈가"),
    ),
    "hand": (
        *("hand", "palm", "finger", "fingertip", "fingernail", "thumb", "acral"),
        *("손", "손바닥", "손등", "손가락", "손끝", "손톱", "엄지손가락"),
    ),
    "foot": (
        *("foot", "feet", "sole", "toe", "toenail", "heel", "instep"),
        *("발", "발바닥", "발등", "발가락", "발톱", "발뒤꿈치", "뒤꿈치", "엄지발가락"),
    ),
    "arm": (
        *("upper extremity", "upper extremities", "upper limb", "arm", "upperarm", "forearm", "shoulder"),
        *("elbow", "wrist"),
        *("팔", "팔뚝", "팔꿈치", "어깨", "손목", "상지", "상완", "전완"),
    ),
    "leg": (
        *(
            "lower extremity",
            "lower extremities",
            "lower limb",
            "leg",
            "thigh",
            "knee",
            "shin",
            "calf",
            "calves",
        ),
        *("ankle", "hip"),
        *("다리", "허벅지", "무릎", "종아리", "정강이", "발목", "하지", "골반", "고관절"),
    ),
    "trunk": (
        *(
            "trunk",
            "torso",
            "back",
            "chest",
            "breast",
            "nipple",
            "abdomen",
            "belly",
            "stomach",
            "navel",
            "flank",
        ),
        *("waist", "buttock", "groin", "armpit", "axilla", "axillae"),
        *("몸통", "체간", "등", "등판", "허리", "가슴", "흉부", "유방", "젖꼭지", "유두", "배", "복부"),
        *("배꼽", "옆구리", "엉덩이", "사타구니", "서혜부", "겨드랑이"),
    ),
}
"""Whole words, the more telling group first: the back of a hand is a hand. ICD-O's borders: groin and armpit are
trunk, hip is leg, wrist is arm. The shares of each class were learned with this grouping of the data's own words, so
that its few "acral" and "palms/soles" stay where they were then."""
_BEFORE = re.compile(r"^(왼쪽|왼|오른쪽|오른|양쪽|양|윗|아랫|위|아래|앞|뒷)")
_BEHIND = re.compile(r"(s|에|의|쪽|부위)$")


@dataclass(frozen=True)
class Known:
    """What is known: age in years, sex and site as a plain word, English or Korean; ``None`` or empty: unknown.

    symptoms: by name of SYMPTOMS whether the lesion itches, grew, hurts, changed, bleeds, is raised; others are ignored.
    """

    age: float | None = None
    sex: str = ""
    site: str = ""
    symptoms: Mapping[str, bool] = field(default_factory=dict)

    def values(self) -> dict[str, str]:
        """The band or group of each attribute that is known."""
        found = {}
        if self.age is not None and 0 <= self.age < 130:
            found["age"] = str(sum(self.age >= end for end in AGES))
        if sex := _SEXES.get(self.sex.strip().lower()):
            found["sex"] = sex
        if site := site_group(self.site):
            found["site"] = site
        found.update({n: "yes" if self.symptoms[n] else "no" for n in SYMPTOMS if n in self.symptoms})
        return found


def site_group(site: str) -> str:
    """The part of the body that a site belongs to; empty if it is none that we know."""
    words = re.findall(r"[^\W\d_]+", unicodedata.normalize("NFC", site).lower())
    shorter = [_BEHIND.sub("", word) for word in words]
    bare = [_BEFORE.sub("", word) for word in shorter]
    said = " | ".join(" ".join(form) for form in (words, shorter, bare))
    for group, names in _SITES.items():
        if any(f" {name} " in f" {said} " for name in names):
            return group
    return ""


@dataclass(frozen=True)
class Context:
    """ratios: attribute → value → log P(value | class) / P(value), one per class; strength: share of it that is used."""

    ratios: Mapping[str, Mapping[str, Array]]
    strength: float

    def shift(self, known: Known) -> Array:
        """What is added to the logs of the probabilities, shape (classes,); zeros where nothing is known."""
        total = np.zeros(len(KEYS))
        for attribute, value in known.values().items():
            total += self.ratios.get(attribute, {}).get(value, np.zeros(len(KEYS)))
        return self.strength * total

    def used(self, known: Known) -> tuple[str, ...]:
        """Which attributes of ``known`` shift anything, as in ATTRIBUTES; none for a model that uses nothing."""
        values = known.values()
        return tuple(a for a in ATTRIBUTES if self.strength and values.get(a) in self.ratios.get(a, {}))

    def to_json(self) -> dict[str, Any]:
        """As config.json holds it."""
        return {
            "strength": self.strength,
            "log_ratios": {
                attribute: {value: [round(float(x), 4) for x in row] for value, row in sorted(values.items())}
                for attribute, values in self.ratios.items()
            },
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any] | None) -> Context:
        """What ``to_json`` made; a model without it uses nothing. Raises ``ValueError`` for a row of another length."""
        if not raw:
            return cls({}, 0.0)
        ratios = {
            attribute: {value: np.array(row, dtype=np.float64) for value, row in values.items()}
            for attribute, values in raw["log_ratios"].items()
        }
        if any(row.shape != (len(KEYS),) for values in ratios.values() for row in values.values()):
            raise ValueError("a row of log_ratios has not one number per class")
        return cls(ratios, float(raw["strength"]))


def of(record: Record) -> Known:
    """What a labelled picture says of its patient."""
    return Known(record.age, record.sex, record.body_site, dict(record.symptoms))


def shifted(probability: Array, shift: Array) -> Array:
    """Probabilities, shape (…, classes), with ``shift`` added to their logs; they sum to 1 again."""
    weighted = probability * np.exp(shift - shift.max(axis=-1, keepdims=True))
    out: Array = weighted / weighted.sum(axis=-1, keepdims=True)
    return out


def learn(records: Sequence[Record]) -> dict[str, dict[str, Array]]:
    """Log ratios from labelled pictures; each source weighs the same, so that none stands for all patients.

    A symptom that is there never speaks against melanoma: those who had it among the few with a melanoma are too few.
    """
    sizes: dict[str, int] = {}
    for record in records:
        sizes[record.domain] = sizes.get(record.domain, 0) + 1
    counts: dict[str, dict[str, Array]] = {attribute: {} for attribute in ATTRIBUTES}
    for record in records:
        for attribute, value in of(record).values().items():
            row = counts[attribute].setdefault(value, np.zeros(len(KEYS)))
            row[record.label] += len(records) / len(sizes) / sizes[record.domain]
    ratios: dict[str, dict[str, Array]] = {}
    for attribute, values in counts.items():
        per_class = np.sum(list(values.values()), axis=0)
        overall = {value: row.sum() / per_class.sum() for value, row in values.items()}
        ratios[attribute] = {
            value: np.log((row + SMOOTHING * overall[value]) / (per_class + SMOOTHING) / overall[value])
            for value, row in values.items()
        }
    for name in SYMPTOMS:
        if "yes" in ratios[name]:
            there = ratios[name]["yes"]
            there[MELANOMA] = max(0.0, float(there[MELANOMA]))
    return ratios

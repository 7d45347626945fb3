"""The few plain questions about a lesion: what is asked, which answers are on offer, how they read.

Answers are kept as {key: value}: `age` is an int (years), everything else one of the option keys.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from app.cases.errors import BadAnswers

YES, NO, UNKNOWN, UNSTATED = "yes", "no", "unknown", "unstated"
OLDEST = 120
YES_NO = ((YES, _l("예")), (NO, _l("아니요")), (UNKNOWN, _l("모름")))
SEXES = (("female", _l("여성")), ("male", _l("남성")), (UNSTATED, _l("답하지 않음")))
SINCE = (
    ("weeks", _l("한 달이 안 됐어요")),
    ("months", _l("한 달에서 여섯 달")),
    ("half_year", _l("여섯 달에서 한 해")),
    ("years", _l("한 해가 넘었어요")),
    ("always", _l("태어날 때나 어릴 때부터")),
    (UNKNOWN, _l("모르겠어요")),
)


CHANGED = _l("지난번과 달라진 점")


@dataclass(frozen=True)
class Question:
    """One question: its stored key, its words, a short form for lists, the answers on offer."""

    key: str
    words: LazyString
    short: LazyString
    options: tuple[tuple[str, LazyString], ...]

    def label(self, value: str) -> str:
        """The words of one answer; an unknown value as it is."""
        return str(dict(self.options).get(value, value))


ABOUT_LESION: tuple[Question, ...] = (
    Question("since", _l("언제부터 있었나요?"), _l("언제부터"), SINCE),
    Question("changed", _l("모양이나 색이 달라졌나요?"), _l("모양·색 변화"), YES_NO),
    Question("grew", _l("커졌나요?"), _l("커짐"), YES_NO),
    Question("raised", _l("만지면 볼록한가요?"), _l("볼록함"), YES_NO),
    Question("itches", _l("가려운가요?"), _l("가려움"), YES_NO),
    Question("hurts", _l("아픈가요?"), _l("아픔"), YES_NO),
    Question("bleeds", _l("피나 진물이 난 적이 있나요?"), _l("피·진물"), YES_NO),
)
ABOUT_PERSON: tuple[Question, ...] = (
    Question("sex", _l("성별"), _l("성별"), SEXES),
    Question("skin_cancer", _l("피부암을 앓은 적이 있나요?"), _l("피부암을 앓은 적"), YES_NO),
)
QUESTIONS = ABOUT_LESION + ABOUT_PERSON
_BY_KEY = {question.key: question for question in QUESTIONS}
AGE = "age"
LESION_KEYS = tuple(question.key for question in ABOUT_LESION)
PERSON_KEYS = (AGE, *(question.key for question in ABOUT_PERSON))
ALL_KEYS = LESION_KEYS + PERSON_KEYS


def find(key: str) -> Question | None:
    """Return the question with answers to choose from of that key, None for the age and for what is not asked."""
    return _BY_KEY.get(key)


def check(raw: Mapping[str, Any], keys: Collection[str] = ALL_KEYS) -> dict[str, Any]:
    """Return the answers to the questions named by `keys`.

    Raises `BadAnswers` naming those that are missing or not on offer.
    """
    bad = [key for key in keys if not _on_offer(key, raw.get(key))]
    if bad:
        raise BadAnswers(bad)
    return {key: raw[key] for key in keys}


def usable(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the answers that are on offer, of a form that is not filled in yet."""
    age = str(raw.get(AGE, ""))
    given = {**raw, AGE: int(age) if age.isascii() and age.isdecimal() and len(age) <= 3 else None}
    return {key: given[key] for key in ALL_KEYS if _on_offer(key, given.get(key))}


def _on_offer(key: str, value: Any) -> bool:
    if key == AGE:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= OLDEST
    return isinstance(value, str) and value in dict(_BY_KEY[key].options)


def complete(answers: Mapping[str, Any] | None, keys: Collection[str] = ALL_KEYS) -> bool:
    """True if every question named by `keys` has an answer that is on offer."""
    return all(_on_offer(key, (answers or {}).get(key)) for key in keys)


def in_words(answers: Mapping[str, Any] | None, note: str | None = None) -> list[tuple[str, str]]:
    """Return (short question, answer) for every question that was answered, in the reader's language.

    note: what the patient says has changed since the last photos.
    """
    lines = [(short, answer) for _, short, answer in by_key(answers)]
    if note:
        lines.insert(0, (str(CHANGED), note))
    return lines


def by_key(answers: Mapping[str, Any] | None) -> list[tuple[str, str, str]]:
    """Return (key, short question, answer) for every question that was answered, in the reader's language."""
    given = answers or {}
    lines = [(q.key, str(q.short), q.label(str(given[q.key]))) for q in QUESTIONS if q.key in given]
    if AGE in given:
        lines.append((AGE, str(_l("나이")), str(_l("%(age)s세", age=given[AGE]))))
    return lines


def age_on(birth_date: str | None, day: date) -> int | None:
    """Return how old someone born on an ISO date is on `day`, None if the date is not known."""
    if not birth_date:
        return None
    born = date.fromisoformat(birth_date)
    return max(0, day.year - born.year - ((day.month, day.day) < (born.month, born.day)))

"""Whether a consultation may be remote: the facts of one person and one doctor, against the rules of one day.

Nothing here reads the database: what is known comes in, and the answer says which rule admits, or why none does.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.consultations.eligibility_models import EligibilityRule, RuleKind

ORDER = list(RuleKind)
PROVINCE_DIGITS = 2


class Reason(enum.StrEnum):
    """Why a rule does not admit."""

    OFF = "off"
    NOT_YET = "not_yet"
    OVER = "over"
    NO_LESION = "no_lesion"
    NEVER_SEEN = "never_seen"
    TOO_LONG_AGO = "too_long_ago"
    AREA_UNKNOWN = "area_unknown"
    DOCTOR_AREA_UNKNOWN = "doctor_area_unknown"
    ELSEWHERE = "elsewhere"
    NOT_DECLARED = "not_declared"


OUT_OF_FORCE = {Reason.OFF, Reason.NOT_YET, Reason.OVER}


@dataclass(frozen=True)
class Facts:
    """What the rules ask about; areas are codes of `regions.areas`, exceptions are keys of rules.

    about_lesion: the consultation is about a spot that the portal knows. last_visit, last_reading: the last day
    on which this doctor, or another of the same clinic, saw the patient about it or signed a reading of it.
    """

    patient_area: str | None = None
    doctor_area: str | None = None
    about_lesion: bool = False
    last_visit: date | None = None
    last_reading: date | None = None
    exceptions: frozenset[str] = field(default_factory=frozenset)

    def as_json(self) -> dict[str, Any]:
        """Return the facts as they are kept with a booking."""
        return {
            "patient_area": self.patient_area,
            "doctor_area": self.doctor_area,
            "about_lesion": self.about_lesion,
            "last_visit": self.last_visit.isoformat() if self.last_visit else None,
            "last_reading": self.last_reading.isoformat() if self.last_reading else None,
            "exceptions": sorted(self.exceptions),
        }


@dataclass(frozen=True)
class Verdict:
    """One rule's answer; `reason` is None where it admits."""

    rule: EligibilityRule
    reason: Reason | None

    @property
    def admits(self) -> bool:
        """True if this rule alone would do."""
        return self.reason is None


@dataclass(frozen=True)
class Admission:
    """The answer: the first rule that admits (None: none), and every rule's own verdict in the order tried."""

    on: date
    facts: Facts
    verdicts: tuple[Verdict, ...]

    @property
    def rule(self) -> EligibilityRule | None:
        """The rule that admits."""
        return next((verdict.rule for verdict in self.verdicts if verdict.admits), None)

    @property
    def refusals(self) -> list[Verdict]:
        """The rules in force on that day that do not admit."""
        return [v for v in self.verdicts if v.reason is not None and v.reason not in OUT_OF_FORCE]

    def snapshot(self) -> dict[str, Any]:
        """Return what is kept with a booking: the day, the facts, and whether the doctor has to check."""
        rule = self.rule
        return {
            "on": self.on.isoformat(),
            "facts": self.facts.as_json(),
            "needs_check": rule is not None and rule.kind == RuleKind.EXCEPTION and rule.needs_check,
        }


class NotEligible(Exception):
    """No rule admits; `admission` says why not for each."""

    def __init__(self, admission: Admission) -> None:
        super().__init__("not eligible")
        self.admission = admission


def in_force(rule: EligibilityRule, on: date) -> bool:
    """True if consultations on the day `on` (in Korea) may rest on the rule."""
    return _out_of_force(rule, on) is None


def decide(facts: Facts, rules: Iterable[EligibilityRule], on: date) -> Admission:
    """Return which of `rules` admits a consultation on the day `on` in Korea.

    Revisit, region, exceptions that need no check, those that do, the trial: the first that fits is the one.
    """
    return Admission(on, facts, tuple(Verdict(rule, _reason(rule, facts, on)) for rule in in_order(rules)))


def in_order(rules: Iterable[EligibilityRule]) -> list[EligibilityRule]:
    """Return the rules in the order in which they are tried."""
    return sorted(rules, key=lambda r: (ORDER.index(RuleKind(r.kind)), r.needs_check, r.valid_from, r.key))


def _reason(rule: EligibilityRule, facts: Facts, on: date) -> Reason | None:
    away = _out_of_force(rule, on)
    if away is not None:
        return away
    match RuleKind(rule.kind):
        case RuleKind.REVISIT:
            return _no_revisit(rule, facts, on)
        case RuleKind.RESIDENCE:
            return _elsewhere(rule, facts)
        case RuleKind.EXCEPTION:
            return None if rule.key in facts.exceptions else Reason.NOT_DECLARED
        case RuleKind.PILOT:
            return None


def _out_of_force(rule: EligibilityRule, on: date) -> Reason | None:
    if not rule.active:
        return Reason.OFF
    if on < rule.valid_from:
        return Reason.NOT_YET
    return Reason.OVER if rule.valid_until is not None and rule.valid_until < on else None


def _no_revisit(rule: EligibilityRule, facts: Facts, on: date) -> Reason | None:
    seen = [facts.last_visit] + ([facts.last_reading] if rule.reading_counts else [])
    last = max((day for day in seen if day is not None and day <= on), default=None)
    if last is None:
        return Reason.NEVER_SEEN if facts.about_lesion else Reason.NO_LESION
    return Reason.TOO_LONG_AGO if (on - last).days > rule.within_days else None


def _elsewhere(rule: EligibilityRule, facts: Facts) -> Reason | None:
    if not facts.patient_area:
        return Reason.AREA_UNKNOWN
    if not facts.doctor_area:
        return Reason.DOCTOR_AREA_UNKNOWN
    if rule.level == "district":
        return None if facts.patient_area == facts.doctor_area else Reason.ELSEWHERE
    same = facts.patient_area[:PROVINCE_DIGITS] == facts.doctor_area[:PROVINCE_DIGITS]
    return None if same else Reason.ELSEWHERE

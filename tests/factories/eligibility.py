"""Rules of eligibility, in the hand and in the database."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

from app.accounts.models import User
from app.consultations import eligibility_rules
from app.consultations.eligibility_models import EligibilityRule, RuleKind
from app.consultations.eligibility_rules import RuleText

ACT = date(2026, 12, 24)
TRIAL_ENDS = date(2026, 12, 23)
SUNCHEON, YEOSU, SEOUL, JEONNAM = "36030", "36020", "11010", "36"
_numbers = itertools.count(1)


def rule(kind: RuleKind, key: str = "", **given: Any) -> EligibilityRule:
    """Return a rule that is in no database."""
    values: dict[str, Any] = {
        "key": key or f"{kind.value}-{next(_numbers)}",
        "version": 1,
        "kind": kind,
        "valid_from": ACT,
        "valid_until": None,
        "parameters": {},
        "active": True,
    }
    return EligibilityRule(**(values | given))


def rule_text(kind: RuleKind = RuleKind.PILOT, **given: Any) -> RuleText:
    """Return what an operator might write."""
    values: dict[str, Any] = {
        "kind": kind,
        "title_ko": "시험 규칙",
        "title_en": "A rule for tests",
        "explanation_ko": "누구나 됩니다.",
        "explanation_en": "Anybody may.",
        "basis_ko": "시험",
        "basis_en": "A test",
        "valid_from": date(2026, 11, 1),
        "valid_until": None,
        "parameters": {},
    }
    return RuleText(**(values | given))


def create_rule(operator: User, kind: RuleKind = RuleKind.PILOT, **given: Any) -> EligibilityRule:
    """Return a rule that an operator has added."""
    return eligibility_rules.add_rule(rule_text(kind, **given), operator.id)

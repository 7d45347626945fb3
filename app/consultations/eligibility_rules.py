"""The rules in the database: which there are, adding one, and replacing one by its next version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from app.audit import service as audit
from app.consultations.eligibility import in_force, in_order
from app.consultations.eligibility_models import EligibilityRule, RuleKind
from app.consultations.models import Booking
from app.extensions import db
from app.infra import clock
from app.infra.database import fresh, random_id, transaction

LONGEST_TITLE = 120
MAX_DAYS = 3650


@dataclass(frozen=True)
class RuleText:
    """What an operator writes: everything of a rule but its key and version."""

    kind: RuleKind
    title_ko: str
    title_en: str
    explanation_ko: str
    explanation_en: str
    basis_ko: str
    basis_en: str
    valid_from: date
    valid_until: date | None
    parameters: dict[str, Any]
    active: bool = True

    @classmethod
    def of(cls, rule: EligibilityRule) -> RuleText:
        """Return what a version says."""
        return cls(**{name: getattr(rule, name) for name in cls.__dataclass_fields__})


class RuleInvalid(Exception):
    """What was written cannot be a rule; `fault` is the name of the field."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class NoSuchRule(Exception):
    """There is no such rule."""


class RuleChanged(Exception):
    """Somebody else has replaced this version meanwhile; `now` is the one that holds."""

    def __init__(self, now: EligibilityRule) -> None:
        super().__init__("rule changed")
        self.now = now


def current_rules() -> list[EligibilityRule]:
    """Return the versions that hold, in the order in which they are tried."""
    return in_order(db.session.scalars(select(EligibilityRule).where(EligibilityRule.closed_at.is_(None))))


def rules_in_force(on: date) -> list[EligibilityRule]:
    """Return those that admit consultations on this day in Korea, in the order in which they are tried."""
    return [rule for rule in current_rules() if in_force(rule, on)]


def exceptions_on(on: date) -> list[EligibilityRule]:
    """Return the exceptions in force on this day: what a patient may be asked about."""
    return [rule for rule in rules_in_force(on) if rule.kind == RuleKind.EXCEPTION]


def history_of(key: str) -> list[EligibilityRule]:
    """Return every version of a rule, newest first."""
    query = select(EligibilityRule).where(EligibilityRule.key == key)
    return list(db.session.scalars(query.order_by(EligibilityRule.version.desc())))


def add_rule(text: RuleText, by_id: int) -> EligibilityRule:
    """Add a rule. Raises `RuleInvalid`."""
    _check(text)
    with transaction() as session:
        rule = _version(text, key=random_id(), version=1, by_id=by_id)
        session.add(rule)
        session.flush()
        audit.record("eligibility.added", f"rule:{rule.public_id}")
    return rule


def change_rule(rule_id: int, text: RuleText, by_id: int) -> EligibilityRule:
    """Close this version of a rule and open the next; what was booked keeps the one it was admitted by.

    What changes nothing stays as it is. Raises `RuleInvalid`, `NoSuchRule`, and `RuleChanged` for a version that
    has been replaced already: one of two wins, and the other is shown what holds now.
    """
    _check(text)
    with transaction():
        rule = fresh(EligibilityRule, rule_id)
        if rule is None:
            raise NoSuchRule
        if rule.closed_at is None:
            return _replaced(rule, text, by_id)
    raise RuleChanged(history_of(rule.key)[0])


def _replaced(rule: EligibilityRule, text: RuleText, by_id: int) -> EligibilityRule:
    if asdict(RuleText.of(rule)) == asdict(text):
        return rule
    rule.closed_at = clock.now()
    db.session.flush()  # before the next one is open: one open version of each key
    following = _version(text, key=rule.key, version=rule.version + 1, by_id=by_id)
    db.session.add(following)
    db.session.flush()
    audit.record("eligibility.changed", f"rule:{following.public_id}")
    return following


def end_rule(rule_id: int, last_day: date, by_id: int) -> EligibilityRule:
    """Let `last_day` be the last on which the rule admits; raises as `change_rule` does."""
    rule = db.session.get(EligibilityRule, rule_id)
    if rule is None:
        raise NoSuchRule
    return change_rule(rule_id, replace(RuleText.of(rule), valid_until=last_day), by_id)


def _version(text: RuleText, *, key: str, version: int, by_id: int) -> EligibilityRule:
    values = asdict(text)
    return EligibilityRule(
        public_id=random_id(),
        key=key,
        version=version,
        created_at=clock.now(),
        created_by_id=by_id,
        closed_at=None,
        **values,
    )


def _check(text: RuleText) -> None:
    for name in ("title_ko", "title_en", "explanation_ko", "explanation_en", "basis_ko", "basis_en"):
        if not getattr(text, name).strip():
            raise RuleInvalid(name)
    if len(text.title_ko) > LONGEST_TITLE or len(text.title_en) > LONGEST_TITLE:
        raise RuleInvalid("title_ko" if len(text.title_ko) > LONGEST_TITLE else "title_en")
    if text.valid_until is not None and text.valid_until < text.valid_from:
        raise RuleInvalid("valid_until")
    if text.kind == RuleKind.REVISIT and not 1 <= int(text.parameters.get("within_days") or 0) <= MAX_DAYS:
        raise RuleInvalid("within_days")
    if text.kind == RuleKind.RESIDENCE and text.parameters.get("level") not in ("province", "district"):
        raise RuleInvalid("level")


def next_change(today: date, until: date) -> date | None:
    """Return the first day after `today`, up to `until`, on which other rules begin or end; None if there is none."""
    rules = [rule for rule in current_rules() if rule.active]
    days = [rule.valid_from for rule in rules]
    days += [rule.valid_until + timedelta(days=1) for rule in rules if rule.valid_until is not None]
    return min((day for day in days if today < day <= until), default=None)


def admitted_counts(rules: Iterable[EligibilityRule]) -> dict[int, int]:
    """Return how many bookings each of these versions has admitted, by id."""
    ids = [rule.id for rule in rules]
    query = (
        select(Booking.admitted_by_id, func.count())
        .where(Booking.admitted_by_id.in_(ids))
        .group_by(Booking.admitted_by_id)
    )
    found = {rule_id: count for rule_id, count in db.session.execute(query) if rule_id is not None}
    return {rule_id: found.get(rule_id, 0) for rule_id in ids}

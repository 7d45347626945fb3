"""The rules by which a consultation may be remote: dated, edited by operators, and never changed in place."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, Mapper, attributes, mapped_column

from app.extensions import Base
from app.infra.database import Serial, UtcDateTime

_OPEN = text("closed_at IS NULL")


class RuleKind(enum.StrEnum):
    """What a rule looks at, in the order in which rules are tried: the first that fits admits."""

    REVISIT = "revisit"
    """The same doctor or clinic has seen the same spot before. within_days, reading_counts."""
    RESIDENCE = "residence"
    """The patient lives in the region of the clinic. level: "province" or "district"."""
    EXCEPTION = "exception"
    """The patient says that it applies to them. needs_check: the doctor has to look."""
    PILOT = "pilot"
    """Everybody, while the government's trial runs."""


class EligibilityRule(Base):
    """One version of one rule. An edit closes the version and opens the next, so bookings keep what admitted them."""

    __tablename__ = "eligibility_rule"
    __table_args__ = (
        UniqueConstraint("key", "version"),
        Index("uq_eligibility_rule_open", "key", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        CheckConstraint("valid_until IS NULL OR valid_from <= valid_until", name="span"),
        CheckConstraint("kind IN ('revisit', 'residence', 'exception', 'pilot')", name="kind"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    key: Mapped[str] = mapped_column(String(40))
    """The same in every version of a rule."""
    version: Mapped[int]
    kind: Mapped[RuleKind] = mapped_column(String(16))
    title_ko: Mapped[str] = mapped_column(String(120))
    title_en: Mapped[str] = mapped_column(String(120))
    explanation_ko: Mapped[str] = mapped_column(Text)
    explanation_en: Mapped[str] = mapped_column(Text)
    basis_ko: Mapped[str] = mapped_column(Text)
    """The law or notice that the rule rests on, and what is still open."""
    basis_en: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date] = mapped_column(Date)
    """The first day in Korea on which a consultation is admitted by it."""
    valid_until: Mapped[date | None] = mapped_column(Date)
    """The last such day."""
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """None for the rules that came with the portal."""
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the next version took its place."""

    @property
    def within_days(self) -> int:
        """For how many days after a visit the next one counts as a revisit."""
        return int(self.parameters.get("within_days", 0))

    @property
    def reading_counts(self) -> bool:
        """Whether a signed reading of the spot's photo counts like a visit."""
        return bool(self.parameters.get("reading_counts"))

    @property
    def level(self) -> str:
        """How near the patient has to live: in the same "province" or the same "district"."""
        return str(self.parameters.get("level", "province"))

    @property
    def needs_check(self) -> bool:
        """Whether the doctor has to check what the patient said."""
        return bool(self.parameters.get("needs_check"))


class RuleIsFixed(Exception):
    """Somebody tried to change a version in place."""


@event.listens_for(EligibilityRule, "before_update")
def _only_closed(_mapper: Mapper[EligibilityRule], _connection: Any, rule: EligibilityRule) -> None:
    for column in EligibilityRule.__mapper__.column_attrs:
        changed = attributes.get_history(rule, column.key).has_changes()
        if changed and column.key != "closed_at":
            raise RuleIsFixed(f"{rule.key} version {rule.version}: {column.key}")

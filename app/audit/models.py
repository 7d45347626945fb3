"""The table of the audit log."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.infra.crypto import EncryptedText
from app.infra.database import Serial, UtcDateTime
from app.infra.immutability import guard


class Outcome(enum.StrEnum):
    """How the action ended."""

    DONE = "done"
    DENIED = "denied"
    FAILED = "failed"


class AuditEntry(Base):
    """Who did what to whose data, when, from where, and how it ended.

    `number` counts from 1 without gaps; `mac` covers every other column and the `mac` before (`proxy` where
    there is one: entries from before it existed are signed as they were). The database
    refuses to change or remove an entry; who owns it can take that guard away, but not forge the chain.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_patient_at", "patient_id", "at"),)

    number: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[int | None] = mapped_column(Serial)
    """The user who acted; None for the system itself and for visitors."""
    actor_role: Mapped[str] = mapped_column(String(16))
    address: Mapped[str | None] = mapped_column(EncryptedText("audit_entry.address"))
    request_id: Mapped[str | None] = mapped_column(String(40))
    patient_id: Mapped[int | None] = mapped_column(Serial)
    """Whose data it was about."""
    proxy: Mapped[str | None] = mapped_column(String(24))
    """The patient's permission by which the user acted in their place; None for whoever needs none."""
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(96))
    outcome: Mapped[Outcome] = mapped_column(String(16))
    mac: Mapped[str] = mapped_column(String(64))


GUARDS = guard(AuditEntry, "the audit log is only ever added to")


class AuditHead(Base):
    """The one row that a writer locks, so that entries form a chain and not a tree."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(default=0)
    mac: Mapped[str] = mapped_column(String(64), default="")

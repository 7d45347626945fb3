"""What doctors leave behind while they read: cases put back, and findings not yet signed."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.cases import immutability as immutability  # the tables must not be made without their guards
from app.extensions import Base
from app.infra.crypto import EncryptedJson
from app.infra.database import Serial, UtcDateTime


class ReturnReason(enum.StrEnum):
    """Why a case went back to the queue."""

    PUT_BACK = "put_back"
    OVERDUE = "overdue"


class HandedBack(Base):
    """That a doctor gave a case back, so that they are offered others before it."""

    __tablename__ = "handed_back"
    __table_args__ = (Index("ix_handed_back_doctor_case", "doctor_id", "case_id"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    doctor_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    reason: Mapped[ReturnReason] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class FindingDraft(Base):
    """A finding as one doctor has written it so far; gone once it is signed."""

    __tablename__ = "finding_draft"
    __table_args__ = (UniqueConstraint("case_id", "doctor_id"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    doctor_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    content: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("finding_draft.content"))
    """`signing.Draft` as JSON."""
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)

"""Who speaks on the telephone for a child under 14."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.infra.crypto import EncryptedText
from app.infra.database import Serial, UtcDateTime


class TelephoneGuardian(Base):
    """The guardian as they gave themself to an operator, until the child has turned 14 and speaks for itself.

    A guardian with an account has a `Guardianship` as well.
    """

    __tablename__ = "telephone_guardian"

    patient_id: Mapped[int] = mapped_column(
        Serial, ForeignKey("patient.id"), primary_key=True, autoincrement=False
    )
    name: Mapped[str] = mapped_column(EncryptedText("telephone_guardian.name"))
    relation: Mapped[str] = mapped_column(String(40))
    """A value of `fields.RELATIONS`."""
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)

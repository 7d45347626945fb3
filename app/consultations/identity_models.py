"""That a doctor made sure at the start of a consultation whom they were talking to."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.consultations.models import Booking
from app.extensions import Base
from app.infra.database import Serial, UtcDateTime


class How(enum.StrEnum):
    """By what the doctor recognised the patient. Never what stood on a card."""

    CARD = "card"
    """An identity card held up to the camera."""
    KNOWN = "known"
    """A patient whom the doctor knows."""
    TOLD = "told"
    """The patient said their telephone number and day of birth, and both fit."""
    FAILED = "failed"
    """It could not be made sure."""


class IdentityCheck(Base):
    """One look at who somebody is, for one booking. A later one stands beside it; none is changed."""

    __tablename__ = "identity_check"

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"), index=True)
    checked_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    how: Mapped[How] = mapped_column(String(16))
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)

    booking: Mapped[Booking] = relationship()
    checked_by: Mapped[User] = relationship()

"""That an operator read clinics aloud to somebody on the telephone who is not, or not yet, seen remotely."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.extensions import Base
from app.infra.crypto import EncryptedJson, EncryptedText
from app.infra.database import Serial, UtcDateTime


class Why(enum.StrEnum):
    """Why clinics were read aloud, as the house knew it at that moment."""

    NO_CONSENT = "no_consent"
    """The caller has not agreed to what a remote consultation rests on."""
    NOT_ADMITTED = "not_admitted"
    """There are free times, and no rule admits the caller to any."""
    NO_TIME = "no_time"
    """No doctor has a free time; rules have nothing to do with it."""
    ASKED = "asked"
    """The caller wanted to know."""


class Referral(Base):
    """The clinics that were read aloud in one call. A later call stands beside it; none is changed."""

    __tablename__ = "referral"

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    told_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)
    why: Mapped[Why] = mapped_column(String(16))
    area: Mapped[str] = mapped_column(EncryptedText("referral.area"))
    """The district that the caller named: a code of `regions.areas`."""
    clinics: Mapped[list[dict[str, Any]]] = mapped_column(EncryptedJson("referral.clinics"))
    """name, kind (a key of the kinds of clinic), telephone ("" for none): as the register said it then."""

    told_by: Mapped[User] = relationship()

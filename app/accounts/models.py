"""Users, the patients they are or act for, invitations and consents."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from flask_security import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.infra.crypto import EncryptedJson, EncryptedText, LookupText
from app.infra.database import Serial, UtcDateTime
from app.permissions import Role


class User(Base, UserMixin):  # type: ignore[misc]  # Flask-Security's mixin is untyped
    """Someone who signs in, known by e-mail or mobile number (at least one of them)."""

    __tablename__ = "user"
    __table_args__ = (CheckConstraint("email IS NOT NULL OR mobile IS NOT NULL", name="reachable"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[Role] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(EncryptedText("user.name"))
    email: Mapped[str | None] = mapped_column(LookupText("user.email"), unique=True)
    us_phone_number: Mapped[str | None] = mapped_column("mobile", LookupText("user.mobile"), unique=True)
    """E.164; the attribute's name is Flask-Security's."""
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    locale: Mapped[str] = mapped_column(String(5), default="ko")
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    tf_primary_method: Mapped[str | None] = mapped_column(String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(EncryptedText("user.tf_totp_secret"))
    tf_phone_number: Mapped[str | None] = mapped_column(EncryptedText("user.tf_phone_number"))
    us_totp_secrets: Mapped[str | None] = mapped_column(EncryptedText("user.us_totp_secrets"))
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(EncryptedJson("user.mf_recovery_codes"))

    failed_attempts: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    doctor: Mapped[DoctorProfile | None] = relationship(back_populates="user")


class DoctorProfile(Base):
    """What patients may know of a doctor, and the licence that was checked."""

    __tablename__ = "doctor_profile"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    licence_number: Mapped[str] = mapped_column(LookupText("doctor_profile.licence_number"), unique=True)
    clinic: Mapped[str] = mapped_column(String(120))
    specialty: Mapped[str] = mapped_column(String(80))

    user: Mapped[User] = relationship(back_populates="doctor")


class Sex(enum.StrEnum):
    """As written in the resident registration; asked because risks differ."""

    FEMALE = "female"
    MALE = "male"
    UNSTATED = "unstated"


class Patient(Base):
    """A person who receives care: a user themself, or someone a user is the guardian of."""

    __tablename__ = "patient"

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), unique=True)
    name: Mapped[str] = mapped_column(EncryptedText("patient.name"))
    birth_date: Mapped[str | None] = mapped_column(EncryptedText("patient.birth_date"))
    """ISO date."""
    sex: Mapped[Sex] = mapped_column(String(16), default=Sex.UNSTATED)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Guardianship(Base):
    """A user who acts for a patient, from one moment until another."""

    __tablename__ = "guardianship"
    __table_args__ = (
        Index(
            "uq_guardianship_open",
            "guardian_id",
            "patient_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    guardian_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    relation: Mapped[str] = mapped_column(String(40))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ConsentKind(enum.StrEnum):
    """Each is asked for on its own, unticked."""

    TERMS = "terms"
    HEALTH_DATA = "health_data"
    TELEMEDICINE = "telemedicine"
    AI_NOTICE = "ai_notice"


class Consent(Base):
    """That someone agreed to one version of one text, for one patient, and when."""

    __tablename__ = "consent"

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"))
    kind: Mapped[ConsentKind] = mapped_column(String(24))
    version: Mapped[str] = mapped_column(String(16))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Invitation(Base):
    """A link, valid once and for a while, by which a doctor or an operator joins."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[Role] = mapped_column(String(16))
    email: Mapped[str] = mapped_column(EncryptedText("invitation.email"))
    details: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("invitation.details"))
    """For doctors: licence_number, clinic, specialty."""
    invited_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    accepted_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))


class OneTimeCode(Base):
    """A code sent by SMS or e-mail to prove that an address is one's own; only its MAC is kept."""

    __tablename__ = "one_time_code"
    __table_args__ = (UniqueConstraint("purpose", "address"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(24))
    address: Mapped[str] = mapped_column(LookupText("one_time_code.address"))
    code_mac: Mapped[str] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)

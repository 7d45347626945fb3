"""Users, the patients they are or act for, invitations and consents."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from flask import current_app
from flask_security import UserMixin, verify_password
from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.infra.crypto import EncryptedJson, EncryptedText, LookupText
from app.infra.database import Serial, UtcDateTime
from app.permissions import Role
from config import Settings


class User(Base, UserMixin):  # type: ignore[misc]  # Flask-Security's mixin is untyped
    """Someone who signs in, known by e-mail or mobile number (at least one of them)."""

    __tablename__ = "user"
    __table_args__ = (CheckConstraint("email IS NOT NULL OR mobile IS NOT NULL", name="reachable"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[Role] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(EncryptedText("user.name"))
    email: Mapped[str | None] = mapped_column(LookupText("user.email"), unique=True)
    """Lower case."""
    mobile: Mapped[str | None] = mapped_column(LookupText("user.mobile"), unique=True)
    """E.164 (+8210…)."""
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    locale: Mapped[str] = mapped_column(String(5), default="ko")
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    tf_primary_method: Mapped[str | None] = mapped_column(String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(EncryptedText("user.tf_totp_secret"))
    tf_last_counter: Mapped[int | None]
    """The time step of the last TOTP code that was accepted: none is accepted twice."""
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(EncryptedJson("user.mf_recovery_codes"))

    doctor: Mapped[DoctorProfile | None] = relationship(back_populates="user")
    patient: Mapped[Patient | None] = relationship(back_populates="user")
    """The person themself as a patient; only those with the role of a patient have this."""

    @property
    def display_name(self) -> str:
        """What the portal calls this person."""
        return self.name

    @property
    def needs_second_factor(self) -> bool:
        """Whether this person may only sign in with a second factor."""
        settings: Settings = current_app.extensions["salpim.settings"]
        return settings.second_factor == "required" and self.role in (Role.DOCTOR, Role.OPERATOR)

    def check_tf_required(
        self, tf_setup_methods: list[tuple[str, str]], tf_fresh: bool
    ) -> tuple[bool, list[tuple[str, str]]]:
        """Flask-Security asks at sign-in: is a second factor needed, and which ones are there?"""
        return self.needs_second_factor or bool(tf_setup_methods), tf_setup_methods

    def check_tf_required_setup(self) -> bool:
        """Flask-Security asks where the second factor is set up: may it be switched off?"""
        return self.needs_second_factor

    def verify_and_update_password(self, password: str) -> bool:
        """Compare with the stored hash. It is not rewritten here: a sign-in only reads."""
        return bool(self.password) and bool(verify_password(password, self.password))


class DoctorProfile(Base):
    """What patients may know of a doctor, and the licence that was checked."""

    __tablename__ = "doctor_profile"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    licence_number: Mapped[str] = mapped_column(LookupText("doctor_profile.licence_number"), unique=True)
    clinic: Mapped[str] = mapped_column(String(120))
    specialty: Mapped[str] = mapped_column(String(80))
    languages: Mapped[list[str]] = mapped_column(JSON, default=lambda: ["ko"])
    """Codes of `app.accounts.languages` in which the doctor consults."""
    area: Mapped[str | None] = mapped_column(String(5))
    """The province or district of the practice (`app.regions.areas`)."""
    telephone: Mapped[str | None] = mapped_column(String(20))
    """The practice's, as it is dialled in Korea: whom patients ask how they will meet."""
    works_on_holidays: Mapped[bool] = mapped_column(default=False)
    """Whether the weekly times hold on public holidays too."""

    user: Mapped[User] = relationship(back_populates="doctor")


class Sex(enum.StrEnum):
    """As written in the resident registration; asked because risks differ."""

    FEMALE = "female"
    MALE = "male"
    UNSTATED = "unstated"


class Patient(Base):
    """A person who receives care: a user themself, or someone whom a guardian or a helper acts for."""

    __tablename__ = "patient"

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), unique=True)
    name: Mapped[str] = mapped_column(EncryptedText("patient.name"))
    birth_date: Mapped[str | None] = mapped_column(EncryptedText("patient.birth_date"))
    """ISO date."""
    mobile: Mapped[str | None] = mapped_column(LookupText("patient.mobile"), index=True)
    """E.164: where somebody without an account is reached. Couples share a telephone, so it is not unique."""
    sex: Mapped[Sex] = mapped_column(String(16), default=Sex.UNSTATED)
    area: Mapped[str | None] = mapped_column(EncryptedText("patient.area"))
    """Where they live: a code of `regions.areas`. Asked before a consultation, since rules look at it."""
    exceptions: Mapped[list[str] | None] = mapped_column(EncryptedJson("patient.exceptions"))
    """What they said applies to them: keys of the rules of eligibility."""
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when nobody sees anything of this person: what is left is kept by law alone."""

    user: Mapped[User | None] = relationship(back_populates="patient")
    guardianships: Mapped[list[Guardianship]] = relationship(back_populates="patient")


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

    patient: Mapped[Patient] = relationship(back_populates="guardianships")
    guardian: Mapped[User] = relationship()


class ConsentKind(enum.StrEnum):
    """Each is asked for on its own, unticked."""

    TERMS = "terms"
    HEALTH_DATA = "health_data"
    TELEMEDICINE = "telemedicine"
    AI_NOTICE = "ai_notice"


class ConsentChannel(enum.StrEnum):
    """How a consent was given: on a page, or aloud to someone who wrote it down."""

    PORTAL = "portal"
    TELEPHONE = "telephone"


class Consent(Base):
    """That someone agreed to one version of one text, and when.

    The terms are agreed to by a user for themself (`patient_id` is None), everything else for one
    patient: by that patient, or by a guardian.
    """

    __tablename__ = "consent"
    __table_args__ = (
        Index(
            "uq_consent_open_patient",
            "patient_id",
            "kind",
            "version",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL AND patient_id IS NOT NULL"),
            postgresql_where=text("withdrawn_at IS NULL AND patient_id IS NOT NULL"),
        ),
        Index(
            "uq_consent_open_user",
            "user_id",
            "kind",
            "version",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL AND patient_id IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL AND patient_id IS NULL"),
        ),
        CheckConstraint("(kind = 'terms') = (patient_id IS NULL)", name="whose"),
        CheckConstraint("(channel = 'telephone') = (recorded_by_id IS NOT NULL)", name="recorded"),
        CheckConstraint("user_id IS NOT NULL OR channel = 'telephone'", name="agreed"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    """Who agreed; None for a patient without an account, who agreed for themself on the telephone."""
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"), index=True)
    """For whom."""
    kind: Mapped[ConsentKind] = mapped_column(String(24))
    version: Mapped[str] = mapped_column(String(16))
    channel: Mapped[ConsentChannel] = mapped_column(
        String(16), default=ConsentChannel.PORTAL, server_default=ConsentChannel.PORTAL.value
    )
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """Who read the text aloud and wrote down that it was agreed to."""
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Departure(Base):
    """The wish that everything about a patient be erased: asked → cancelled, or begun → done → all let go.

    `user_id` is set where an account closes with it: the patient's own.
    """

    __tablename__ = "departure"
    __table_args__ = (
        Index(
            "uq_departure_open",
            "patient_id",
            unique=True,
            sqlite_where=text("cancelled_at IS NULL"),
            postgresql_where=text("cancelled_at IS NULL"),
        ),
        CheckConstraint("cancelled_at IS NULL OR begun_at IS NULL", name="cancelled_in_time"),
        CheckConstraint("done_at IS NULL OR begun_at IS NOT NULL", name="begun_first"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    let_go_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When nothing was left: the last of what the law wanted kept was erased, and the name with it."""

    patient: Mapped[Patient] = relationship()


class Invitation(Base):
    """A link, valid once and for a while, by which a doctor or an operator joins."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[Role] = mapped_column(String(16))
    email: Mapped[str] = mapped_column(EncryptedText("invitation.email"))
    details: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("invitation.details"))
    """For doctors: name, licence_number, clinic, specialty."""
    invited_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    accepted_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OneTimeCode(Base):
    """A code sent by SMS or e-mail to prove that an address is one's own. It is derived, never stored.

    A row is made for whatever address was entered, known or not, so that nothing shows which are known.
    """

    __tablename__ = "one_time_code"
    __table_args__ = (UniqueConstraint("purpose", "address"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(24))
    address: Mapped[str] = mapped_column(LookupText("one_time_code.address"))
    nonce: Mapped[str] = mapped_column(String(24))
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_count: Mapped[int] = mapped_column(default=0)
    """How many were sent since `counted_from`."""
    counted_from: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FailedAttempts(Base):
    """How often a secret for one identity was tried in vain, known or not, so that guessing ends."""

    __tablename__ = "failed_attempts"
    __table_args__ = (UniqueConstraint("purpose", "identity"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(24))
    identity: Mapped[str] = mapped_column(LookupText("failed_attempts.identity"))
    count: Mapped[int] = mapped_column(default=0)
    first_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class EndedSession(Base):
    """A sign-in that was ended before its time: its cookie, if someone kept it, is good for nothing."""

    __tablename__ = "ended_session"

    session_id: Mapped[str] = mapped_column(String(24), primary_key=True)
    forget_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    """From when on the cookie is too old in any case."""

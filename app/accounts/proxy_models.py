"""Who acts for a grown patient with the patient's own permission, and how that was asked and given."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Patient, User
from app.extensions import Base
from app.infra.crypto import EncryptedText, LookupText
from app.infra.database import Serial, UtcDateTime

_IN_FORCE = text("revoked_at IS NULL")
_OPEN = text("closed_at IS NULL")


class Relation(enum.StrEnum):
    """What the helper is to the patient: as they say, except for a public-health post, which an operator checks."""

    CHILD = "child"
    GRANDCHILD = "grandchild"
    SPOUSE = "spouse"
    CHILD_IN_LAW = "child_in_law"
    SIBLING = "sibling"
    RELATIVE = "relative"
    NEIGHBOUR = "neighbour"
    CARER = "carer"
    HEALTH_POST = "health_post"


class Scope(enum.StrEnum):
    """What the permission covers."""

    SEND = "send"
    """Send photos and book."""
    READ = "read"
    """That, and read what the doctor answers."""


class Granted(enum.StrEnum):
    """How the patient gave the permission."""

    CODE = "code"
    """They read a code aloud that came to their telephone."""
    ACCOUNT = "account"
    """They were signed in themself."""


class Ended(enum.StrEnum):
    """How a permission ended before its time."""

    PATIENT = "patient"
    PROXY = "proxy"
    LINK = "link"
    """By the address in the text message: whoever holds the patient's telephone."""
    OPERATOR = "operator"
    REPLACED = "replaced"
    """By a newer permission for the same helper."""


class ProxyPermission(Base):
    """That a helper may act for a patient, from one moment until another. A row is never given a second life."""

    __tablename__ = "proxy_permission"
    __table_args__ = (
        Index(
            "uq_proxy_permission_open",
            "proxy_id",
            "patient_id",
            unique=True,
            sqlite_where=_IN_FORCE,
            postgresql_where=_IN_FORCE,
        ),
        Index("ix_proxy_permission_patient_id", "patient_id"),
        CheckConstraint("granted_at < ends_at", name="span"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_how IS NULL)", name="revoked"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    proxy_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    relation: Mapped[Relation] = mapped_column(String(16))
    scope: Mapped[Scope] = mapped_column(String(8))
    granted_how: Mapped[Granted] = mapped_column(String(16))
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """None for whoever used the address in the text message."""
    revoked_how: Mapped[Ended | None] = mapped_column(String(16))

    patient: Mapped[Patient] = relationship()
    proxy: Mapped[User] = relationship(foreign_keys=[proxy_id])


class ProxyRequest(Base):
    """That a helper has asked somebody for permission, by a code to the person's telephone."""

    __tablename__ = "proxy_request"
    __table_args__ = (Index("ix_proxy_request_proxy_at", "proxy_id", "created_at"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    proxy_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    mobile: Mapped[str] = mapped_column(LookupText("proxy_request.mobile"))
    name: Mapped[str] = mapped_column(EncryptedText("proxy_request.name"))
    """The patient's, as the helper wrote it."""
    relation: Mapped[Relation] = mapped_column(String(16))
    scope: Mapped[Scope] = mapped_column(String(8))
    nonce: Mapped[str] = mapped_column(String(24), unique=True)
    """Which code belongs to it: a code that another helper asked for is none for this one."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    proven_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    permission_id: Mapped[int | None] = mapped_column(ForeignKey("proxy_permission.id"))
    """What came of it."""

    proxy: Mapped[User] = relationship()
    permission: Mapped[ProxyPermission | None] = relationship()


class ProxyOffer(Base):
    """That a signed-in patient gives somebody permission, who has yet to take it up.

    A row is made for whatever address was entered, known or not, so that nothing shows which are known.
    """

    __tablename__ = "proxy_offer"
    __table_args__ = (
        Index(
            "uq_proxy_offer_open",
            "patient_id",
            "address",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_proxy_offer_address", "address"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    address: Mapped[str] = mapped_column(LookupText("proxy_offer.address"))
    """The helper's e-mail address or mobile number."""
    relation: Mapped[Relation] = mapped_column(String(16))
    scope: Mapped[Scope] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    permission_id: Mapped[int | None] = mapped_column(ForeignKey("proxy_permission.id"))
    """What came of it; None where it was taken back or turned down."""

    patient: Mapped[Patient] = relationship()


class HealthPost(Base):
    """That an operator has checked that a user works at a public-health post (보건진료소), and which."""

    __tablename__ = "health_post"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True, autoincrement=False)
    institution: Mapped[str] = mapped_column(String(80))
    checked_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)

    user: Mapped[User] = relationship(foreign_keys=[user_id])

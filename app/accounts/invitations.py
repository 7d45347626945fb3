"""Invitations: the only way by which doctors and operators join."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta

from sqlalchemy import select

from app.accounts import links, service
from app.accounts.errors import IdentityTaken, InvitationInvalid, LicenceTaken, NotYours
from app.accounts.identity import normalise_email
from app.accounts.models import DoctorProfile, Invitation, User
from app.audit import service as audit
from app.extensions import db
from app.infra import clock, jobs
from app.infra.crypto import keyring
from app.infra.database import fresh, random_id, transaction
from app.permissions import ROLE_PERMISSIONS, Permission, Role

VALID = timedelta(days=7)


def invite(
    *,
    invited_by: User | None,
    role: Role,
    email: str,
    name: str = "",
    licence_number: str = "",
    clinic: str = "",
    specialty: str = "",
    locale: str = "ko",
) -> Invitation:
    """Invite a doctor or an operator and send the link by e-mail; an open invitation of the address ends.

    `invited_by` is None on the command line only. Raises `NotYours` for someone who may not invite,
    `NotAnIdentity` for a wrong address, `IdentityTaken`, `LicenceTaken`, and `ValueError` for a
    patient's role or a doctor without licence number and clinic.
    """
    if invited_by is not None and Permission.INVITATION_SEND not in ROLE_PERMISSIONS[Role(invited_by.role)]:
        raise NotYours
    if role not in (Role.DOCTOR, Role.OPERATOR):
        raise ValueError("patients sign up by themselves")
    details = {"name": name.strip()}
    if role is Role.DOCTOR:
        details |= {
            "licence_number": licence_number.strip(),
            "clinic": clinic.strip(),
            "specialty": specialty.strip(),
        }
        if not details["licence_number"] or not details["clinic"]:
            raise ValueError("a doctor needs a licence number and a clinic")
    address = normalise_email(email)
    now = clock.now()
    with transaction() as session:
        _check_free(address, details.get("licence_number"))
        for earlier in pending_invitations():
            if earlier.email == address:
                earlier.revoked_at = now
        invitation = Invitation(
            public_id=random_id(),
            role=role,
            email=address,
            details=details,
            invited_by=invited_by.id if invited_by else None,
            created_at=now,
            expires_at=now + VALID,
        )
        invitation.token_sha256 = _digest(token_of(invitation))
        session.add(invitation)
        session.flush()
        audit.record("invitation.sent", f"invitation:{invitation.public_id}")
        jobs.enqueue("accounts.send_invitation", invitation_id=invitation.id, locale=locale)
    return invitation


def _check_free(email: str, licence_number: str | None) -> None:
    if service.find_user(email=email) is not None:
        raise IdentityTaken
    if licence_number:
        query = select(DoctorProfile.user_id).where(DoctorProfile.licence_number == licence_number)
        if db.session.scalar(query) is not None:
            raise LicenceTaken


def is_open(invitation: Invitation) -> bool:
    """True while the link is good."""
    used = invitation.accepted_at is not None or invitation.revoked_at is not None
    return not used and invitation.expires_at > clock.now()


def pending_invitations() -> list[Invitation]:
    """Return the invitations whose links are still good, newest first."""
    query = (
        select(Invitation)
        .where(
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > clock.now(),
        )
        .order_by(Invitation.created_at.desc(), Invitation.id.desc())
    )
    return list(db.session.scalars(query))


def revoke_invitation(public_id: str) -> Invitation:
    """Make a link void. Raises `InvitationInvalid` if it is not open."""
    with transaction() as session:
        found = session.scalar(select(Invitation.id).where(Invitation.public_id == public_id))
        invitation = fresh(Invitation, found) if found is not None else None
        if invitation is None or not is_open(invitation):
            raise InvitationInvalid
        invitation.revoked_at = clock.now()
        audit.record("invitation.revoked", f"invitation:{public_id}")
    return invitation


def token_of(invitation: Invitation) -> str:
    """Return the secret part of the link. Only a key that is not in the database yields it."""
    mac = hmac.digest(keyring().derive("invitation"), invitation.public_id.encode(), "sha256")
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def link(invitation: Invitation) -> str:
    """Return the address of the page where the invitation is accepted."""
    return links.absolute("account.join", token=token_of(invitation))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def open_invitation(token: str) -> Invitation:
    """Return the invitation that the link belongs to, or raise `InvitationInvalid`."""
    invitation = db.session.scalar(select(Invitation).where(Invitation.token_sha256 == _digest(token)))
    if invitation is None or not is_open(invitation):
        raise InvitationInvalid
    return invitation


def accept_invitation(token: str, *, name: str, password: str, locale: str = "ko") -> User:
    """Make the account that the invitation is for; the link is used up.

    Raises `InvitationInvalid`, `IdentityTaken`, `LicenceTaken`.
    """
    hashed = service.hashed(password)
    with transaction():
        invitation = fresh(Invitation, open_invitation(token).id)
        if invitation is None or not is_open(invitation):
            raise InvitationInvalid
        details = invitation.details
        if invitation.role == Role.DOCTOR:
            user = service.create_doctor(
                name=name,
                email=invitation.email,
                password_hash=hashed,
                licence_number=details["licence_number"],
                clinic=details["clinic"],
                specialty=details["specialty"],
                locale=locale,
            )
        else:
            user = service.create_operator(
                name=name, email=invitation.email, password_hash=hashed, locale=locale
            )
        invitation.accepted_at, invitation.accepted_by = clock.now(), user.id
        audit.record("invitation.accepted", f"invitation:{invitation.public_id}")
    return user

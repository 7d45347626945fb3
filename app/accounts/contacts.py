"""Changing what a person is known by, and their password."""

from __future__ import annotations

import base64
import secrets

from app.accounts import service
from app.accounts.errors import IdentityMissing, IdentityTaken, NotYours, PasswordMissing
from app.accounts.identity import Channel, Identity, parse
from app.accounts.models import User
from app.accounts.telephone_children import bring_home
from app.audit import service as audit
from app.infra import jobs
from app.infra.crypto import keyring
from app.infra.database import fresh, transaction
from app.permissions import Role

_PURPOSE = "notice of a changed contact"


def identities_of(user: User) -> list[Identity]:
    """Return what the person is known by, the mobile number first."""
    found = []
    if user.mobile is not None:
        found.append(Identity(Channel.MOBILE, user.mobile))
    if user.email is not None:
        found.append(Identity(Channel.EMAIL, user.email))
    return found


def set_contact(user: User, identity: Identity) -> User:
    """Make `identity`, proven by a code, the person's e-mail address or mobile number.

    The one before it is told. Raises `IdentityTaken`.
    """
    with transaction():
        row = _own(user)
        other = service.find_user(**{identity.channel.value: identity.value})
        if other is not None:
            raise IdentityTaken
        _tell(row, getattr(row, identity.channel.value), identity.channel)
        setattr(row, identity.channel.value, identity.value)
        service.flush_or(IdentityTaken)
        if identity.channel is Channel.MOBILE and row.role == Role.PATIENT:
            bring_home(row)
        audit.record("account.contact_changed", f"user:{row.id}")
    return row


def remove_contact(user: User, channel: Channel) -> User:
    """Forget the e-mail address or the mobile number, if the person can still sign in by the other.

    Raises `IdentityMissing` for the last one, `PasswordMissing` if codes were the only way to sign in.
    """
    with transaction():
        row = _own(user)
        rest = [i for i in identities_of(row) if i.channel is not channel]
        if not rest:
            raise IdentityMissing
        if channel is Channel.MOBILE and not row.password:
            raise PasswordMissing
        _tell(row, getattr(row, channel.value), channel)
        setattr(row, channel.value, None)
        audit.record("account.contact_changed", f"user:{row.id}")
    return row


def set_password(user: User, password: str) -> User:
    """Set a new password; every sign-in of the person ends, and they are told."""
    kept = service.hashed(password)
    with transaction():
        row = _own(user)
        row.password = kept
        row.fs_uniquifier = secrets.token_hex(32)
        password_was_changed(row)
    return row


def password_was_changed(user: User) -> None:
    """Record it and tell the person, in the transaction in progress."""
    with transaction():
        audit.record("account.password_changed", f"user:{user.id}")
        jobs.enqueue("accounts.tell_password_changed", user_id=user.id)


def sign_out_everywhere(user: User) -> User:
    """End every sign-in of the person, on all devices."""
    with transaction():
        row = _own(user)
        row.fs_uniquifier = secrets.token_hex(32)
        audit.record("account.signed_out_everywhere", f"user:{row.id}")
    return row


def _own(user: User) -> User:
    row = fresh(User, user.id)
    if row is None:
        raise NotYours
    return row


def _tell(user: User, address: str | None, channel: Channel) -> None:
    if address is not None:
        found = sealed(Identity(channel, address))
        jobs.enqueue("accounts.tell_contact_changed", sealed=found, locale=user.locale)


def sealed(identity: Identity) -> str:
    """Return an identity as a job may be given it."""
    # A job's arguments carry no personal data in the clear, and the row no longer has the address.
    return base64.b64encode(keyring().seal(_PURPOSE, identity.value.encode())).decode()


def unsealed(sealed: str) -> Identity:
    """Return the identity that a job was given."""
    return parse(keyring().open(_PURPOSE, base64.b64decode(sealed)).decode())

"""Codes of six digits by SMS or e-mail that prove that an address is one's own.

Nothing here depends on whether the address is known: a row is written and a job enqueued in any case,
and only the job, in the worker, looks at who has the address and decides what the message says, or
that there is none. So neither words nor time tell a visitor which addresses have an account.
"""

from __future__ import annotations

import enum
import hmac
import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, select

from app.accounts import attempts
from app.accounts.errors import CodeVoid, TooManyCodes
from app.accounts.identity import Identity
from app.accounts.models import OneTimeCode
from app.infra import clock, jobs
from app.infra.crypto import keyring
from app.infra.database import fresh, random_id, transaction

DIGITS = 6
VALID = timedelta(minutes=10)
TRIES = 5
"""How often one code may be entered wrongly."""
PAUSE = timedelta(seconds=30)
PER_HOUR = 6
KEEP = timedelta(days=1)


class Purpose(enum.StrEnum):
    """What a code is good for; a code for one purpose is none for another."""

    SIGN_UP = "sign_up"
    SIGN_IN = "sign_in"
    RECOVER = "recover"
    RESET_LINK = "reset_link"
    """Not a code: an e-mail with a link by which a new password can be set. Counted like codes."""
    CONFIRM = "confirm"
    """That whoever is signed in still has the address they are known by."""
    NEW_CONTACT = "new_contact"
    PROXY = "proxy"
    """That the owner of a number lets somebody act for them; the message says who, and for what."""


def request_code(purpose: Purpose, identity: Identity, locale: str) -> str:
    """Have a fresh code sent and return its nonce; the one before it is void. Raises `TooManyCodes`."""
    now = clock.now()
    with transaction():
        row = _locked_row(purpose, identity, now)
        if row.counted_from + timedelta(hours=1) <= now:
            row.counted_from, row.sent_count = now, 0
        again_at = row.sent_at + PAUSE if row.sent_count else now
        if row.sent_count >= PER_HOUR:
            again_at = row.counted_from + timedelta(hours=1)
        if again_at > now:
            raise TooManyCodes(again_at, is_good=row.expires_at > now and row.attempts < TRIES)
        row.nonce, row.attempts, row.sent_at, row.expires_at = random_id(), 0, now, now + VALID
        row.sent_count += 1
        jobs.enqueue("accounts.send_code", dedupe_key=row.nonce, code_id=row.id, locale=locale)
    return row.nonce


def check_code(purpose: Purpose, identity: Identity, entered: str, *, nonce: str | None = None) -> bool:
    """Return whether `entered` is the code that was sent; it is good once.

    With a nonce it must be that very code: one that somebody else has asked for since is no good. Raises
    `Locked`, and `CodeVoid` from the wrong try on that was one too many, whatever is entered.
    """
    key = str(identity)
    attempts.admit(f"code:{purpose}", key)
    with transaction() as session:
        row_id = session.scalar(select(OneTimeCode.id).where(_of(purpose, identity)))
        row = fresh(OneTimeCode, row_id) if row_id is not None else None
        if row is None or row.expires_at <= clock.now():
            return False
        if nonce is not None and row.nonce != nonce:
            return False
        right = _try(row, entered)
        void = not right and row.attempts >= TRIES
        if right:
            attempts.forget(f"code:{purpose}", key)
    if void:  # raised inside of the transaction it would take back that the try was counted
        raise CodeVoid
    return right


def _try(row: OneTimeCode, entered: str) -> bool:
    """Count one try at a code and return whether it is right; beyond the last one none is."""
    if row.attempts >= TRIES:
        return False
    row.attempts += 1
    if not hmac.compare_digest(code_of(row), _digits(entered)):
        return False
    # Void from now on; the row stays, so that asking again is still counted.
    row.expires_at = clock.now()
    return True


def code_of(row: OneTimeCode) -> str:
    """Return the code that belongs to the row. Only a key that is not in the database yields it."""
    message = f"{row.purpose}:{row.id}:{row.nonce}".encode()
    number = hmac.digest(keyring().derive("one-time code"), message, "sha256")
    return str(int.from_bytes(number[:8]) % 10**DIGITS).zfill(DIGITS)


def _digits(entered: str) -> str:
    # Full-width digits, and spaces or hyphens between groups, are how some people write numbers.
    plain = unicodedata.normalize("NFKC", entered)[:40]
    kept = "".join(c for c in plain if c not in " -")
    return kept if kept.isascii() else ""


def _of(purpose: Purpose, identity: Identity) -> ColumnElement[bool]:
    return and_(OneTimeCode.purpose == purpose, OneTimeCode.address == identity.value)


def _locked_row(purpose: Purpose, identity: Identity, now: datetime) -> OneTimeCode:
    row = attempts.upsert(
        OneTimeCode,
        "address",
        purpose=purpose,
        address=identity.value,
        nonce=random_id(),
        attempts=0,
        sent_at=now,
        sent_count=0,
        counted_from=now,
        expires_at=now,
    )
    if row.sent_count == 0:
        attempts.forget_rows(OneTimeCode, OneTimeCode.sent_at < now - KEEP)
    return row

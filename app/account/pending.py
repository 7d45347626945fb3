"""What a visitor has told us between two pages, before there is an account: kept sealed in their own cookie."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from flask import session

from app.accounts.codes import Purpose
from app.accounts.identity import Channel, Identity
from app.infra import clock
from app.infra.crypto import DecryptionError, keyring

LASTS = timedelta(minutes=30)
_KEY = "pending"


@dataclass(frozen=True)
class Pending:
    """An identity that was entered for a purpose; `proven` once its code was right."""

    purpose: str
    channel: str
    value: str
    until: float
    proven: bool = False
    next: str = ""
    shared: bool = False
    consents: Sequence[str] = ()
    """What was agreed to so far, by the kinds' names."""

    @property
    def identity(self) -> Identity:
        """The identity."""
        return Identity(Channel(self.channel), self.value)


def put(purpose: Purpose, identity: Identity, *, next_loc: str = "", shared: bool = False) -> None:
    """Remember the identity for the next page."""
    until = (clock.now() + LASTS).timestamp()
    _write(
        Pending(purpose.value, identity.channel.value, identity.value, until, next=next_loc, shared=shared)
    )


def prove(pending: Pending) -> None:
    """Remember that the code was right."""
    _write(replace(pending, proven=True, until=(clock.now() + LASTS).timestamp()))


def agree(pending: Pending, kinds: Iterable[str]) -> None:
    """Remember what was agreed to."""
    _write(replace(pending, consents=tuple(kinds), until=(clock.now() + LASTS).timestamp()))


def get(purpose: Purpose, *, proven: bool = False) -> Pending | None:
    """Return what was remembered for this purpose, None if there is nothing or it is too old."""
    raw = session.get(_KEY)
    if not isinstance(raw, str):
        return None
    try:
        found = Pending(**json.loads(keyring().open("pending", base64.b64decode(raw))))
    except (DecryptionError, ValueError, TypeError):
        return None
    fits = found.purpose == purpose.value and found.until > clock.now().timestamp()
    return found if fits and (found.proven or not proven) else None


def drop() -> None:
    """Forget it."""
    session.pop(_KEY, None)


def _write(pending: Pending) -> None:
    sealed = keyring().seal("pending", json.dumps(asdict(pending)).encode())
    session[_KEY] = base64.b64encode(sealed).decode()

"""Writing to the audit log and verifying it."""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from flask import Flask, current_app
from sqlalchemy import select

from app.audit import chain
from app.audit.models import AuditEntry, AuditHead, Outcome
from app.extensions import db
from app.infra import clock
from app.infra.database import after_commit, before_commit, fresh, transaction

_KEY = "salpim.audit"
ONLY_ROW = 1


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where. Set once at the door; the system itself outside of requests."""

    user_id: int | None = None
    role: str = "system"
    address: str | None = None
    request_id: str | None = None


SYSTEM = Actor()
_actor: ContextVar[Actor] = ContextVar("salpim.actor", default=SYSTEM)


@dataclass(frozen=True)
class _Log:
    key: bytes
    file: chain.HeadFile


def init_app(app: Flask, key: bytes, head: Path) -> None:
    """Give the application its chain key and the place of the head outside of the database."""
    app.extensions[_KEY] = _Log(key, chain.HeadFile(head, key))


def act_as(actor: Actor) -> None:
    """Say who acts in the rest of this context (a request, a command)."""
    _actor.set(actor)


def record(
    action: str, target: str, *, patient_id: int | None = None, outcome: Outcome = Outcome.DONE
) -> None:
    """Append one entry, in the transaction in progress or in one of its own.

    `action` is a dotted verb (``photo.read``), `target` names the object (``case:<public id>``);
    neither carries personal data.
    """
    actor = _actor.get()
    entry = AuditEntry(
        at=clock.now(),
        actor_id=actor.user_id,
        actor_role=actor.role,
        address=actor.address,
        request_id=actor.request_id,
        patient_id=patient_id,
        action=action,
        target=target,
        outcome=outcome,
    )
    with transaction():
        before_commit(lambda: _append(entry))


def _append(entry: AuditEntry) -> None:
    log = cast(_Log, current_app.extensions[_KEY])
    session = db.session
    head = fresh(AuditHead, ONLY_ROW)
    if head is None:
        head = AuditHead(id=ONLY_ROW, count=0, mac="")
        session.add(head)
    entry.number = head.count + 1
    entry.mac = chain.mac_of(entry, head.mac or chain.GENESIS, log.key)
    session.add(entry)
    head.count, head.mac = entry.number, entry.mac
    session.flush()
    count, mac = head.count, head.mac
    after_commit(lambda: log.file.advance(count, mac))


def verify() -> tuple[chain.Head, chain.Fault | None]:
    """Check the whole log against its key and both heads; return its end and the first fault."""
    log = cast(_Log, current_app.extensions[_KEY])
    try:
        outside = log.file.read()
    except ValueError as error:
        return chain.Head(0, ""), chain.Fault(0, str(error))
    _see_one_moment()
    inside = db.session.get(AuditHead, ONLY_ROW, populate_existing=True)
    query = select(AuditEntry).order_by(AuditEntry.number)
    with contextlib.closing(
        db.session.scalars(query, execution_options={"yield_per": 1000, "populate_existing": True})
    ) as entries:
        end, fault = chain.check(entries, log.key, outside)
    if fault is None and outside is None and end.count:
        fault = chain.Fault(end.count, "the head outside of the database is missing")
    if (
        fault is None
        and inside is not None
        and (inside.count, inside.mac or chain.GENESIS) != (end.count, end.mac)
    ):
        fault = chain.Fault(end.count, "the head inside the database says otherwise")
    db.session.commit()  # whatever is read next should be of its own moment again
    return end, fault


def _see_one_moment() -> None:
    """Let what follows be read from one snapshot: others write meanwhile, and head and log must agree."""
    db.session.commit()
    if db.engine.dialect.name == "postgresql":  # SQLite does so by itself
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})

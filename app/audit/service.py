"""Writing to the audit log and verifying it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import structlog
from flask import Flask, current_app
from sqlalchemy import func, select

from app.audit import chain
from app.audit.models import AuditEntry, AuditHead, Outcome
from app.extensions import db
from app.infra import clock
from app.infra.database import after_commit, before_commit, fresh, transaction

_KEY = "salpim.audit"
ONLY_ROW = 1
INSIDE = "the head inside the database says otherwise"

log = structlog.get_logger(__name__)


def nobody(_patient_id: int) -> str | None:
    """The answer of who acts in nobody's place."""
    return None


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where. Set once at the door; the system itself outside of requests."""

    user_id: int | None = None
    role: str = "system"
    address: str | None = None
    request_id: str | None = None
    proxy_for: Callable[[int], str | None] = nobody
    """Given a patient's id, the permission by which the actor acts in their place; None for whoever needs none."""


class LogIsBroken(Exception):
    """The log does not hold in itself, whatever its heads say."""

    def __init__(self, fault: chain.Fault) -> None:
        super().__init__(f"entry {fault.number}: {fault.what}")
        self.fault = fault


SYSTEM = Actor()
_actor: ContextVar[Actor] = ContextVar("salpim.actor", default=SYSTEM)


@dataclass(frozen=True)
class _Log:
    key: bytes
    file: chain.HeadFile


def init_app(app: Flask, key: bytes, head: Path) -> None:
    """Give the application its chain key and the place of the head outside of the database."""
    app.extensions[_KEY] = _Log(key, chain.HeadFile(head, key))


def _kept() -> _Log:
    return cast(_Log, current_app.extensions[_KEY])


def act_as(actor: Actor) -> None:
    """Say who acts in the rest of this context (a request, a command)."""
    _actor.set(actor)


@contextlib.contextmanager
def acting_as(user_id: int, role: str) -> Iterator[None]:
    """Let what is recorded meanwhile be the act of this user, in nobody's place; address and request stay."""
    before = _actor.set(replace(_actor.get(), user_id=user_id, role=role, proxy_for=nobody))
    try:
        yield
    finally:
        _actor.reset(before)


def record(
    action: str, target: str, *, patient_id: int | None = None, outcome: Outcome = Outcome.DONE
) -> None:
    """Append one entry, in the transaction in progress or in one of its own.

    `action` is a dotted verb (``photo.read``), `target` names the object (``case:<public id>``);
    neither carries personal data.
    """
    entry = _entry(action, target, patient_id, outcome)
    with transaction():
        before_commit(lambda: _append([entry]))


def record_each(action: str, targets: Iterable[tuple[str, int | None]]) -> None:
    """Append one entry for each target and the patient whose data it is, all in one go."""
    entries = [_entry(action, target, patient_id) for target, patient_id in targets]
    if entries:
        with transaction():
            before_commit(lambda: _append(entries))


def record_listed(action: str, targets: Iterable[tuple[str, int]]) -> None:
    """Append one entry for each target that stood in a list, and whose data it is: once for each reader and day.

    A list is opened again and again; the first time says that it was seen.
    """
    wanted = dict(targets)
    known = select(AuditEntry.target).where(
        AuditEntry.patient_id.in_(set(wanted.values())),
        AuditEntry.at >= clock.today_in_korea(),
        AuditEntry.actor_id == _actor.get().user_id,
        AuditEntry.action == action,
    )
    seen = set(db.session.scalars(known)) if wanted else set()
    record_each(action, [(target, patient) for target, patient in wanted.items() if target not in seen])


def _entry(
    action: str, target: str, patient_id: int | None = None, outcome: Outcome = Outcome.DONE
) -> AuditEntry:
    actor = _actor.get()
    return AuditEntry(
        at=clock.now(),
        actor_id=actor.user_id,
        actor_role=actor.role,
        address=actor.address,
        request_id=actor.request_id,
        patient_id=patient_id,
        proxy=None if patient_id is None else actor.proxy_for(patient_id),
        action=action,
        target=target,
        outcome=outcome,
    )


def _append(entries: list[AuditEntry], *, renew: bool = False) -> None:
    """Write the entries behind the last one; the head outside follows, or with `renew` is written anew."""
    kept, session = _kept(), db.session
    head = fresh(AuditHead, ONLY_ROW)
    if head is None:
        head = AuditHead(id=ONLY_ROW, count=0, mac="")
        session.add(head)
    last = session.scalar(select(func.max(AuditEntry.number))) or 0
    if head.count == last == 0:
        kept.file.begin()
    fault = None if renew else _fault_at_the_end(kept.file, head.count, last)
    # Whoever tampers with the log must not bring the portal to a stop: it goes on behind the last number.
    for number, entry in enumerate(entries, max(head.count, last) + 1):
        entry.number = number
        entry.mac = chain.mac_of(entry, head.mac or chain.GENESIS, kept.key)
        head.count, head.mac = number, entry.mac
    session.add_all(entries)
    session.flush()
    end = chain.Head(head.count, head.mac)
    if renew:
        after_commit(lambda: kept.file.renew(end))
    elif fault is None:
        after_commit(lambda: kept.file.advance(end))
    else:
        # The head outside stays where it is, for it is the proof that something was done to the log.
        log.error("audit.log_not_intact", what=fault, number=end.count)


def _fault_at_the_end(file: chain.HeadFile, count: int, last: int) -> str | None:
    """Return why the log is not the one that the head outside was written for; None if it is.

    It is if the entry at which that head was written still has its MAC: one look at one row. The head may lag
    behind by what others have committed just now, and by what one wrote who was killed before moving it.
    """
    if count != last:
        return INSIDE
    try:
        outside = file.read()
    except ValueError as error:
        return str(error)
    if outside is None:
        return chain.MISSING
    if outside.count == 0:
        return None
    mac = db.session.scalar(select(AuditEntry.mac).where(AuditEntry.number == outside.count))
    return None if mac == outside.mac else "the head outside of the database says otherwise"


def start_over() -> None:
    """Forget the head outside of the database: only for a log that is taken away as a whole."""
    cast(_Log, current_app.extensions[_KEY]).file.forget()


def verify() -> tuple[chain.Head, chain.Fault | None]:
    """Check the whole log against its key and both heads; return its end and the first fault."""
    file = _kept().file
    outside, unreadable = None, None
    try:
        outside = file.read()
    except ValueError as error:
        unreadable = chain.Fault(0, str(error))
    end, fault = _check(outside)
    if fault is None and outside is None:
        fault = unreadable or (chain.Fault(end.count, chain.MISSING) if end.count or file.begun else None)
    return end, fault


def _check(outside: chain.Head | None) -> tuple[chain.Head, chain.Fault | None]:
    _see_one_moment()
    inside = db.session.get(AuditHead, ONLY_ROW, populate_existing=True)
    end, fault = _walk(outside, at_once=1000)
    if fault is not None and fault.what == chain.UNREADABLE:
        end, fault = _walk(outside, at_once=1)  # which of the thousand
    said = chain.Head(inside.count, inside.mac or chain.GENESIS) if inside else chain.Head(0, chain.GENESIS)
    if fault is None and said != end:
        fault = chain.Fault(end.count, INSIDE)
    db.session.commit()  # whatever is read next should be of its own moment again
    return end, fault


def _walk(outside: chain.Head | None, at_once: int) -> tuple[chain.Head, chain.Fault | None]:
    query = select(AuditEntry).order_by(AuditEntry.number)
    options = {"yield_per": at_once, "populate_existing": True}
    with contextlib.closing(db.session.scalars(query, execution_options=options)) as entries:
        return chain.check(entries, _kept().key, outside)


def fault_of_head() -> chain.Fault | None:
    """Return what is wrong with the head outside; raise `LogIsBroken` if the log does not hold in itself."""
    _end, fault = verify()
    if fault is not None:
        _end, broken = _check(None)
        if broken is not None:
            raise LogIsBroken(broken)
    return fault


def renew_head(fault: chain.Fault) -> None:
    """Write the head outside anew for the log as it stands, and record that and what was wrong with it.

    For a head that was lost, a machine that has none yet, or a database put back from a copy.
    """
    entry = _entry("audit.head_renewed", f"head: {fault.what}")
    with transaction():
        before_commit(lambda: _append([entry], renew=True))


def _see_one_moment() -> None:
    """Let what follows be read from one snapshot: others write meanwhile, and head and log must agree."""
    db.session.commit()
    if db.engine.dialect.name == "postgresql":  # SQLite does so by itself
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})

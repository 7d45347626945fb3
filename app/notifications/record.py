"""What was sent: by which channel and template, in which form, how it stands. Never what it said, nor to which number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from app.accounts.models import Patient
from app.audit import service as audit
from app.extensions import db
from app.infra import jobs
from app.infra.database import fresh, transaction
from app.notifications.models import Channel, Delivery, DeliveryState, Notice, NoticeKind
from app.notifications.service import DELIVERY_JOB

PER_PAGE = 50


@dataclass(frozen=True)
class Filter:
    """Which messages: asked for from `since` to before `until` (aware); None means all."""

    since: datetime | None = None
    until: datetime | None = None
    state: DeliveryState | None = None
    channel: Channel | None = None
    kind: NoticeKind | None = None
    patient: str | None = None
    """A patient's public id."""


@dataclass(frozen=True)
class Page:
    """Some messages, newest first; pages count from 1."""

    deliveries: list[Delivery]
    page: int
    pages: int
    count: int


def _wanted(wanted: Filter) -> Select[Delivery]:
    query = select(Delivery).join(Notice, Notice.id == Delivery.notice_id)
    if wanted.since is not None:
        query = query.where(Notice.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Notice.created_at < wanted.until)
    for column, value in (
        (Delivery.state, wanted.state),
        (Delivery.channel, wanted.channel),
        (Notice.kind, wanted.kind),
        (Notice.arguments["patient"].as_string(), wanted.patient),
    ):
        if value:
            query = query.where(column == value)
    return query


def page(wanted: Filter, number: int) -> Page:
    """Return one page of the messages that fit; a page beyond the last is the last."""
    query = _wanted(wanted)
    count = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    pages = max(1, -(-count // PER_PAGE))
    number = min(max(number, 1), pages)
    newest = query.order_by(Delivery.id.desc()).limit(PER_PAGE).offset((number - 1) * PER_PAGE)
    both = joinedload(Delivery.notice).joinedload(Notice.user)
    return Page(list(db.session.scalars(newest.options(both))), number, pages, count)


def failed_count() -> int:
    """Return how many messages could not be sent and wait for somebody to look."""
    failed = Delivery.state == DeliveryState.FAILED
    return db.session.scalar(select(func.count()).select_from(Delivery).where(failed)) or 0


def send_again(delivery_id: int) -> bool:
    """Have a message that failed sent again; False if it did not fail, or somebody else was quicker."""
    with transaction():
        delivery = fresh(Delivery, delivery_id)
        if delivery is None or delivery.state != DeliveryState.FAILED:
            return False
        job = select(jobs.Job.id).where(
            jobs.Job.kind == DELIVERY_JOB, jobs.Job.dedupe_key == str(delivery_id)
        )
        job_id = db.session.scalar(job)
        if job_id is not None and not jobs.retry(job_id):
            return False  # it is in line already
        delivery.state, delivery.given_up_at = DeliveryState.WAITING, None
        if job_id is None:
            jobs.enqueue(DELIVERY_JOB, dedupe_key=str(delivery_id), delivery_id=delivery_id)
        audit.record("message.again", f"delivery:{delivery_id}", patient_id=_patient_id(delivery.notice))
    return True


def _patient_id(notice: Notice) -> int | None:
    return db.session.scalar(select(Patient.id).where(Patient.public_id == notice.arguments.get("patient")))

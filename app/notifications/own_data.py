"""What this room holds of one person: the notices to them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select

from app.accounts import holdings
from app.accounts.holdings import Holding
from app.accounts.models import Departure, Guardianship, Patient, User
from app.accounts.own_data import stamp
from app.extensions import db
from app.infra.database import transaction
from app.notifications.models import Delivery, Notice, NoticeKind
from app.notifications.policy import visible_notices
from app.notifications.words import WORDS


def register() -> None:
    """Make this part known."""
    holdings.register(Holding("notices", shown, erase))


def shown(user: User, patient: Patient) -> dict[str, Any]:
    """Return the notices about this patient that the user got."""
    query = visible_notices(user).order_by(Notice.id)
    about = [notice for notice in db.session.scalars(query) if _is_about(notice, patient)]
    return {
        "notices": [
            {
                "kind": str(notice.kind),
                "title": str(WORDS[NoticeKind(notice.kind)].title),
                "text": str(WORDS[NoticeKind(notice.kind)].text),
                "told_at": stamp(notice.created_at),
                "read_at": stamp(notice.read_at),
                "sent": [
                    {"by": str(delivery.channel), "at": stamp(delivery.sent_at)}
                    for delivery in notice.deliveries
                ],
            }
            for notice in about
        ]
    }


def _is_about(notice: Notice, patient: Patient) -> bool:
    return notice.arguments.get("patient") == patient.public_id


def erase(departure: Departure) -> None:
    """Delete the notices to whoever leaves, and those to guardians about the patient."""
    guardians = select(Guardianship.guardian_id).where(Guardianship.patient_id == departure.patient_id)
    with transaction() as session:
        patient = session.get(Patient, departure.patient_id)
        mine = Notice.user_id == (departure.user_id or 0)
        query = select(Notice).where(mine | Notice.user_id.in_(guardians)).order_by(Notice.id)
        gone = [
            notice.id
            for notice in session.scalars(query)
            if notice.user_id == departure.user_id or (patient is not None and _is_about(notice, patient))
        ]
        session.execute(delete(Delivery).where(Delivery.notice_id.in_(gone)))
        session.execute(delete(Notice).where(Notice.id.in_(gone)))

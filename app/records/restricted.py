"""Records that are kept by law of someone who has left: nobody sees them but for a request that the law knows.

There is no page for it. Whoever runs the portal gives a reason, which the audit log keeps beside the record's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.accounts.own_data import stamp
from app.audit import service as audit
from app.cases import diagnoses, questions, signing
from app.cases.models import Case, CaseState
from app.extensions import db
from app.infra import storage

REASON_LENGTH = 60


class NoReason(Exception):
    """A restricted record is shown for a reason only, in at most 60 characters."""


class NoSuchRecord(Exception):
    """There is no restricted record of this name."""


@dataclass(frozen=True)
class Record:
    """A restricted case: what must be kept, and its photos by name."""

    content: dict[str, Any]
    photos: dict[str, bytes]


def all_restricted() -> list[tuple[str, datetime]]:
    """Return the name of every restricted case and until when it is kept, the first to go first."""
    query = select(Case.public_id, Case.kept_until).where(
        Case.state == CaseState.RESTRICTED, Case.kept_until.is_not(None)
    )
    found = db.session.execute(query.order_by(Case.kept_until, Case.id))
    return [(name, until) for name, until in found if until is not None]


def find(name: str, birth_date: str) -> list[str]:
    """Return the restricted cases of people of this name and birth date (ISO); the search is recorded."""
    audit.record("record.searched", "restricted")
    query = select(Case).where(Case.state == CaseState.RESTRICTED, Case.kept_until.is_not(None))
    return [
        case.public_id
        for case in db.session.scalars(query.order_by(Case.id))
        if (case.patient.name, case.patient.birth_date) == (name, birth_date)
    ]


def read(public_id: str, reason: str) -> Record:
    """Return a restricted case; who asked on what ground stands in the audit log before anything is shown.

    reason: such as the number of a court's request, never a name. Raises `NoReason`, `NoSuchRecord`.
    """
    words = " ".join(reason.split())
    if not words or len(words) > REASON_LENGTH:
        raise NoReason
    case = db.session.scalar(
        select(Case).where(
            Case.public_id == public_id, Case.state == CaseState.RESTRICTED, Case.kept_until.is_not(None)
        )
    )
    if case is None:
        raise NoSuchRecord(public_id)
    audit.record("record.read", f"{case.topic} {words}", patient_id=case.patient_id)
    photos = {}
    for photo in case.photos:
        if photo.object.wrapped_key is not None:
            photos[f"{photo.public_id}.jpg"] = storage.get(photo.object)
    return Record(_content(case), photos)


def _content(case: Case) -> dict[str, Any]:
    return {
        "case": case.public_id,
        "kept_until": stamp(case.kept_until),
        "patient": {
            "name": case.patient.name,
            "birth_date": case.patient.birth_date,
            "sex": case.patient.sex,
        },
        "sent_at": stamp(case.submitted_at),
        "body_site": case.lesion.body_site if case.lesion is not None else None,
        "answers": dict(questions.in_words(case.answers)),
        "what_changed": case.note or None,
        "first_reads": [
            {"doctor": read.doctor_id, "diagnosis": read.diagnosis, "at": stamp(read.created_at)}
            for read in case.first_reads
        ],
        "findings": [
            {
                "version": finding.version,
                "doctor": finding.doctor.name,
                "diagnosis": diagnoses.find(finding.diagnosis).name,
                "advice": finding.advice,
                "reason": finding.reason,
                "next_step": str(finding.next_step),
                "signed_at": stamp(finding.signed_at),
                "signature_holds": signing.is_genuine(finding),
            }
            for finding in case.findings
        ],
        "question": {"text": case.question.text, "answer": case.question.answer} if case.question else None,
    }

"""Lesions, cases, photos, predictions, first reads, findings and the one question after them."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.accounts.models import Patient, User
from app.extensions import Base
from app.infra.crypto import EncryptedJson, EncryptedText
from app.infra.database import Serial, UtcDateTime
from app.infra.storage import StoredObject


class CaseState(enum.StrEnum):
    """draft → submitted (being analysed) → waiting → reading → signed; withdrawn from any but signed.

    A doctor may put a case back: reading → waiting. What a doctor has read of someone whose data were erased
    becomes restricted: kept for the time of the law, seen by nobody.
    """

    DRAFT = "draft"
    SUBMITTED = "submitted"
    WAITING = "waiting"
    READING = "reading"
    SIGNED = "signed"
    WITHDRAWN = "withdrawn"
    RESTRICTED = "restricted"


NEXT: dict[CaseState, frozenset[CaseState]] = {
    CaseState.DRAFT: frozenset({CaseState.SUBMITTED, CaseState.WITHDRAWN}),
    CaseState.SUBMITTED: frozenset({CaseState.WAITING, CaseState.WITHDRAWN}),
    CaseState.WAITING: frozenset({CaseState.READING, CaseState.WITHDRAWN}),
    CaseState.READING: frozenset({CaseState.WAITING, CaseState.SIGNED, CaseState.WITHDRAWN}),
    CaseState.SIGNED: frozenset({CaseState.RESTRICTED}),
    CaseState.WITHDRAWN: frozenset({CaseState.RESTRICTED}),
    CaseState.RESTRICTED: frozenset(),
}
"""Which state may follow which; `Case.state` refuses every other step."""


class ImpossibleTransition(Exception):
    """A case cannot go from the state it is in to the one asked for."""

    def __init__(self, now: CaseState, to: CaseState) -> None:
        super().__init__(f"{now} -> {to}")
        self.now, self.to = now, to


class Band(enum.StrEnum):
    """The two bands of the doctors' queue. Why a case stands in one is never told."""

    SOON = "soon"
    IN_TURN = "in_turn"


class UrgentReason(enum.StrEnum):
    """What an urgent notice to the patient rests on. Never shown to a doctor before their own reading."""

    MODEL = "model"
    ANSWERS = "answers"
    BOTH = "both"


class Lesion(Base):
    """One spot on one person's skin; it outlives the cases about it."""

    __tablename__ = "lesion"

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    body_site: Mapped[str] = mapped_column(String(32))
    """A key of body_sites.toml."""
    label: Mapped[str | None] = mapped_column(EncryptedText("lesion.label"))
    """What the patient calls it, such as 등 왼쪽 위 점."""
    photograph_again_on: Mapped[date | None] = mapped_column(Date, index=True)
    """The day in Korea on which the patient wants to be reminded to photograph it again."""
    watch_set_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """Who chose that day, or chose not to be reminded."""
    watch_set_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    patient: Mapped[Patient] = relationship()
    cases: Mapped[list[Case]] = relationship(back_populates="lesion", order_by="Case.id")

    @property
    def topic(self) -> str:
        """The name under which events tell of this lesion."""
        return f"lesion:{self.public_id}"


class Case(Base):
    """One request to have one lesion looked at."""

    __tablename__ = "case"
    __table_args__ = (
        UniqueConstraint("created_by_id", "form_key"),
        CheckConstraint("state IN ('draft', 'withdrawn') OR lesion_id IS NOT NULL", name="placed"),
        CheckConstraint("state IN ('draft', 'withdrawn') OR submitted_at IS NOT NULL", name="dated"),
        CheckConstraint("state <> 'reading' OR doctor_id IS NOT NULL", name="held"),
        CheckConstraint("state NOT IN ('waiting', 'reading') OR band IS NOT NULL", name="banded"),
        Index("ix_case_queue", "state", "band", "submitted_at"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    form_key: Mapped[str] = mapped_column(String(40))
    """Comes with the form, so that sending it twice makes one case."""
    lesion_id: Mapped[int | None] = mapped_column(ForeignKey("lesion.id"), index=True)
    state: Mapped[CaseState] = mapped_column(String(16), default=CaseState.DRAFT)
    answers: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJson("case.answers"))
    note: Mapped[str | None] = mapped_column(EncryptedText("case.note"))
    """What the patient says has changed since the last photos of the same lesion."""
    band: Mapped[Band | None] = mapped_column(String(16))
    urgent: Mapped[UrgentReason | None] = mapped_column(String(16))
    analysis_failed: Mapped[bool] = mapped_column(default=False)
    doctor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    """Who has it in hand, or signed it."""
    is_demo: Mapped[bool] = mapped_column(default=False)
    demo_source: Mapped[str | None] = mapped_column(String(200))
    """Where a demonstration case's photo comes from (attribution), shown beside it."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    touched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When something was last put into the draft."""
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    read_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the patient was told to expect the reading at the latest."""
    analysed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    signed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    without_ai_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the AI notice was taken back before a doctor saw the opinion: from then on no model has a part in it."""
    kept_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until when a restricted case is kept; None again once it was emptied."""

    patient: Mapped[Patient] = relationship()
    lesion: Mapped[Lesion | None] = relationship(back_populates="cases")
    doctor: Mapped[User | None] = relationship(foreign_keys=[doctor_id])
    photos: Mapped[list[Photo]] = relationship(back_populates="case", order_by="Photo.id")
    opinions: Mapped[list[CaseOpinion]] = relationship(back_populates="case", order_by="CaseOpinion.id")
    first_reads: Mapped[list[FirstRead]] = relationship(back_populates="case", order_by="FirstRead.id")
    findings: Mapped[list[Finding]] = relationship(back_populates="case", order_by="Finding.version")
    question: Mapped[Question | None] = relationship(back_populates="case")

    @property
    def topic(self) -> str:
        """The name under which live pages follow this case."""
        return f"case:{self.public_id}"

    @property
    def finding(self) -> Finding | None:
        """The finding that holds: its latest version."""
        return self.findings[-1] if self.findings else None

    @property
    def opinion(self) -> CaseOpinion | None:
        """What the newest model said of the photos together.

        None before the analysis, where it failed, and where the patient does not want it: what was said
        by then stays in `opinions`, as a record.
        """
        return self.opinions[-1] if self.opinions and self.without_ai_since is None else None

    @validates("state")
    def _only_possible_steps(self, _key: str, to: CaseState) -> CaseState:
        known: CaseState | None = self.state  # a new case has none yet
        now = CaseState(known or to)
        if now != to and CaseState(to) not in NEXT[now]:
            raise ImpossibleTransition(now, CaseState(to))
        return to


class PhotoView(enum.StrEnum):
    """From how far a photo was taken: to show where the lesion is, or what it looks like."""

    OVERVIEW = "overview"
    CLOSEUP = "closeup"


class Photo(Base):
    """One picture of a case's lesion, re-encoded and without metadata."""

    __tablename__ = "photo"
    __table_args__ = (
        UniqueConstraint("case_id", "upload_sha256"),
        CheckConstraint("view IN ('overview', 'closeup')", name="view"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    object_id: Mapped[int] = mapped_column(ForeignKey("stored_object.id"))
    thumbnail_id: Mapped[int] = mapped_column(ForeignKey("stored_object.id"))
    upload_sha256: Mapped[str] = mapped_column(String(64))
    """HMAC of what was uploaded, so that the same file sent twice is one photo."""
    width: Mapped[int]
    height: Mapped[int]
    view: Mapped[PhotoView | None] = mapped_column(String(16))
    """As the sender said; None if they did not."""
    quality: Mapped[list[dict[str, str]] | None] = mapped_column(JSON(none_as_null=True))
    """The quality checks that were not met (key, ko, en): [] if all were, None if they could not be made."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    case: Mapped[Case] = relationship(back_populates="photos")
    object: Mapped[StoredObject] = relationship(foreign_keys=[object_id])
    thumbnail: Mapped[StoredObject] = relationship(foreign_keys=[thumbnail_id])
    predictions: Mapped[list[Prediction]] = relationship(back_populates="photo", order_by="Prediction.id")


class Prediction(Base):
    """What one model said of one photo."""

    __tablename__ = "prediction"
    __table_args__ = (UniqueConstraint("photo_id", "model_sha256"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    photo_id: Mapped[int] = mapped_column(ForeignKey("photo.id"))
    model_name: Mapped[str] = mapped_column(String(64))
    model_version: Mapped[str] = mapped_column(String(32))
    model_sha256: Mapped[str] = mapped_column(String(64))
    opinion: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("prediction.opinion"))
    """probabilities, top, prediction_set, risk, outcome, reason, urgent, quality: `vision`'s Prediction.to_json()."""
    milliseconds: Mapped[dict[str, float]] = mapped_column(JSON)
    heatmap_id: Mapped[int | None] = mapped_column(ForeignKey("stored_object.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    photo: Mapped[Photo] = relationship(back_populates="predictions")
    heatmap: Mapped[StoredObject | None] = relationship(foreign_keys=[heatmap_id])


class CaseOpinion(Base):
    """What one model said of all photos of a case together (see `opinion.py` for how)."""

    __tablename__ = "case_opinion"
    __table_args__ = (UniqueConstraint("case_id", "model_sha256"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    model_name: Mapped[str] = mapped_column(String(64))
    model_version: Mapped[str] = mapped_column(String(32))
    model_sha256: Mapped[str] = mapped_column(String(64))
    opinion: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("case_opinion.opinion"))
    """`opinion.Combined.to_json()`: probabilities, top, risk, outcome, reason, urgent, photos read."""
    urgent_share: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """The share of the model's urgent notices, measured on single photos, that proved malignant or premalignant: share,
    low, high, count."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    case: Mapped[Case] = relationship(back_populates="opinions")


class FirstRead(Base):
    """A doctor's own reading, stored before anything of the model's opinion was sent."""

    __tablename__ = "first_read"
    __table_args__ = (UniqueConstraint("case_id", "doctor_id"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    doctor_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    diagnosis: Mapped[str] = mapped_column(EncryptedText("first_read.diagnosis"))
    confidence: Mapped[str] = mapped_column(String(16))
    note: Mapped[str | None] = mapped_column(EncryptedText("first_read.note"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revealed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    case: Mapped[Case] = relationship(back_populates="first_reads")


class Agreement(enum.StrEnum):
    """How the signed diagnosis stands to the model's opinion."""

    CONFIRMED = "confirmed"
    OVERRIDDEN = "overridden"
    NO_OPINION = "no_opinion"


class NextStep(enum.StrEnum):
    """What the patient should do."""

    NOTHING = "nothing"
    WATCH = "watch"
    CONSULT = "consult"
    IN_PERSON = "in_person"


class Finding(Base):
    """A doctor's signed word. It never changes; an amendment is a new version."""

    __tablename__ = "finding"
    __table_args__ = (
        UniqueConstraint("case_id", "version"),
        CheckConstraint("agreement <> 'overridden' OR reason IS NOT NULL", name="reasoned"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    version: Mapped[int]
    doctor_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    first_read_id: Mapped[int] = mapped_column(ForeignKey("first_read.id"))
    before_consultation: Mapped[bool] = mapped_column(default=True)
    """Signed before any consultation: labelled 상담 전 판독, neither diagnosis nor prescription."""
    diagnosis: Mapped[str] = mapped_column(EncryptedText("finding.diagnosis"))
    agreement: Mapped[Agreement] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(EncryptedText("finding.reason"))
    advice: Mapped[str] = mapped_column(EncryptedText("finding.advice"))
    next_step: Mapped[NextStep] = mapped_column(String(16))
    within_days: Mapped[int | None]
    see_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The day that `within_days` ends; an amendment that changes neither these nor the next step keeps it."""
    amendment_reason: Mapped[str | None] = mapped_column(EncryptedText("finding.amendment_reason"))
    signed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    signature: Mapped[str] = mapped_column(String(64))
    """HMAC over every other field, so that a change behind the portal's back shows."""

    case: Mapped[Case] = relationship(back_populates="findings")
    doctor: Mapped[User] = relationship(foreign_keys=[doctor_id])


class ExpiredCase(Base):
    """The key by which the database lets findings go: a row stands here only while one case is emptied."""

    __tablename__ = "expired_case"

    case_id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=False)


class Question(Base):
    """The one question that a patient may ask after the finding, and its answer."""

    __tablename__ = "question"

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), unique=True)
    text: Mapped[str] = mapped_column(EncryptedText("question.text"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer: Mapped[str | None] = mapped_column(EncryptedText("question.answer"))
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    case: Mapped[Case] = relationship(back_populates="question")

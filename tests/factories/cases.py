"""Cases in any state, made through the services themselves wherever these are quick.

Photos are small drawn pictures, encrypted and stored like real ones. What the model says of them is
given, not computed: `OPINION` (calm) or `WORRYING`.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from app.accounts import service as accounts
from app.accounts.models import Patient, User
from app.cases import analysis, drafts, lesions, photos, reading, service, signing, uploads
from app.cases.models import Case, CaseState, Photo, PhotoView
from app.cases.opinion import Pooled, Thresholds
from app.cases.upload_models import Upload
from app.extensions import db
from app.infra import clock, storage
from app.infra.database import fresh, random_id, transaction
from tests.factories.accounts import create_doctor, create_patient
from vision.several import pooled

CALM = {
    "since": "years",
    "changed": "no",
    "grew": "no",
    "raised": "no",
    "itches": "no",
    "hurts": "no",
    "bleeds": "no",
    "sex": "female",
    "skin_cancer": "no",
    "age": 71,
}
"""Answers without any red flag."""
RED_FLAGS = CALM | {"since": "months", "changed": "yes", "grew": "yes", "bleeds": "yes"}
"""Answers that alone call for an urgent notice."""

CLASSES = ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")
OPINION: dict[str, Any] = {
    "probabilities": {
        "akiec": 0.02,
        "bcc": 0.03,
        "bkl": 0.1,
        "df": 0.02,
        "mel": 0.05,
        "nv": 0.77,
        "vasc": 0.01,
    },
    "top": "nv",
    "prediction_set": ["nv"],
    "risk": 0.1,
    "outcome": "reading",
    "reason": "confident",
    "urgent": False,
    "quality": {"ok": True, "checks": []},
}
WORRYING: dict[str, Any] = OPINION | {
    "probabilities": {
        "akiec": 0.02,
        "bcc": 0.03,
        "bkl": 0.02,
        "df": 0.01,
        "mel": 0.88,
        "nv": 0.03,
        "vasc": 0.01,
    },
    "top": "mel",
    "prediction_set": ["bkl", "mel"],
    "risk": 0.93,
    "urgent": True,
    "known": ["age", "sex", "site", "grew", "bleed"],
}


def pool(opinions: Sequence[Mapping[str, Any]]) -> Pooled:
    """What a model to which all classes are as common makes of several photos."""
    each = np.array([[said["probabilities"][key] for key in CLASSES] for said in opinions])
    together, shares = pooled(each, np.full_like(each, 1 / len(CLASSES)))
    by_class = dict(zip(CLASSES, together.tolist(), strict=True))
    return Pooled(
        by_class, CLASSES[int(shares.argmax())], by_class["akiec"] + by_class["bcc"] + by_class["mel"]
    )


MODEL = analysis.Model(
    name="drawn",
    version="1.0",
    sha256="ab" * 32,
    thresholds=Thresholds(risk=0.35, urgent=0.8),
    pool=pool,
    urgent_share={"share": 0.74, "low": 0.66, "high": 0.81, "count": 120, "source": "drawn lesions"},
)

_numbers = itertools.count(1)


def lesion_jpeg(seed: int | None = None, side: int = 160) -> bytes:
    """Return a small JPEG of a brown spot on skin; each call another one."""
    number = next(_numbers) if seed is None else seed
    picture = Image.new("RGB", (side, side), (224, 186, 160))
    draw = ImageDraw.Draw(picture)
    left, top = side * 0.3 + number % 17, side * 0.3 + number % 13
    draw.ellipse((left, top, left + side * 0.4, top + side * 0.36), fill=(96 + number % 60, 60, 40))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88, comment=str(number).encode())
    return out.getvalue()


def create_sender(**given: Any) -> User:
    """Return a patient's user who has agreed to everything that sending a case needs."""
    return create_patient(**({"consents": accounts.BEFORE_A_CASE} | given))


def create_reader(**given: Any) -> User:
    """Return a doctor."""
    return create_doctor(**given)


def create_photo(case: Case, data: bytes | None = None, view: PhotoView | None = None) -> Photo:
    """Put a photo into a case, without the checks that an upload goes through."""
    jpeg = data or lesion_jpeg()
    with transaction() as session:
        photo = Photo(
            public_id=random_id(), case=case, upload_sha256=photos.fingerprint(jpeg), created_at=clock.now()
        )
        photo.object, photo.thumbnail = storage.put(jpeg, "image/jpeg"), storage.put(jpeg, "image/jpeg")
        photo.width, photo.height = Image.open(io.BytesIO(jpeg)).size
        photo.quality, photo.view = [], view
        session.add(photo)
    return photo


def create_upload(user: User, case: Case, received: bytes = b"", length: int = 1000) -> Upload:
    """Begin to send a photo into a draft; `received` has come in already."""
    upload = uploads.begin(user, case.public_id, length, most=25_000_000)
    if received:
        uploads.append(upload.id, 0, received)
    db.session.refresh(upload)
    return upload


def heatmap_png() -> bytes:
    """Return a small transparent PNG."""
    out = io.BytesIO()
    Image.new("RGBA", (16, 16), (255, 0, 0, 60)).save(out, "PNG")
    return out.getvalue()


def analyse(
    case: Case,
    opinion: dict[str, Any] = OPINION,
    model: analysis.Model = MODEL,
    seen: Sequence[Photo] | None = None,
) -> Case:
    """Store `opinion` as what the model said of each photo (or of those `seen`); the case joins the queue."""
    spoken = [
        analysis.PhotoOpinion(photo.id, opinion, {"read": 1.0, "infer": 12.0, "total": 20.0}, heatmap_png())
        for photo in (case.photos if seen is None else seen)
    ]
    with transaction():
        analysis.store(case.id, model, spoken)
    return case


def sign_finding(case: Case, doctor: User, **given: Any) -> Case:
    """Have the doctor who holds the case read it alone, see the opinion, and sign."""
    reading.store_first_read(case.id, doctor.id, diagnosis=given.get("diagnosis", "nv"), confidence="likely")
    reading.reveal(case.id, doctor.id)
    values = {
        "diagnosis": "nv",
        "advice": "해롭지 않은 점으로 보입니다. 석 달에 한 번 사진으로 견주어 보세요.",
    }
    values |= {"next_step": "watch"}
    draft = signing.Draft(**(values | given))
    signing.save_draft(case.id, doctor.id, draft)
    signing.sign(case.id, doctor.id, draft.digest)
    return case


def create_case(
    user: User | None = None,
    *,
    state: CaseState = CaseState.SIGNED,
    patient: Patient | None = None,
    doctor: User | None = None,
    answers: dict[str, Any] = CALM,
    opinion: dict[str, Any] | None = OPINION,
    photo_count: int = 1,
    site: str = "face",
    **finding: Any,
) -> Case:
    """Return a case in `state`, sent by `user` for `patient` (by default themself).

    opinion None: the analysis failed. From READING on it is in the hand of `doctor`; `finding` is passed
    on to `signing.Draft`. A withdrawn case was waiting before.
    """
    sender = user or create_sender()
    subject = patient or accounts.patients_for(sender)[0]
    case = drafts.open_draft(sender, subject.id, drafts.new_form_key())
    for _ in range(photo_count):
        create_photo(case)
    drafts.place(sender, case.public_id, site)
    drafts.answer(sender, case.public_id, answers)
    return _go_on(case, sender, subject, state=state, doctor=doctor, opinion=opinion, **finding)


def create_follow_up(
    user: User,
    earlier: Case,
    *,
    state: CaseState = CaseState.SIGNED,
    doctor: User | None = None,
    note: str = "",
    opinion: dict[str, Any] | None = OPINION,
    **finding: Any,
) -> Case:
    """Return a later case in `state` about the lesion of `earlier`."""
    assert earlier.lesion is not None
    case = lesions.again(user, earlier.lesion.public_id)
    create_photo(case)
    drafts.answer(user, case.public_id, CALM)
    lesions.write_note(user, case.public_id, note)
    return _go_on(case, user, case.patient, state=state, doctor=doctor, opinion=opinion, **finding)


def _go_on(
    case: Case,
    sender: User,
    subject: Patient,
    *,
    state: CaseState,
    doctor: User | None,
    opinion: dict[str, Any] | None,
    **finding: Any,
) -> Case:
    if state == CaseState.DRAFT:
        return case
    accounts.give_consents(sender, subject, accounts.BEFORE_A_CASE)
    case = service.submit(sender, case.public_id, reading_hours=24)
    if state == CaseState.SUBMITTED:
        return case
    if opinion is None:
        with transaction():
            analysis.give_up(case.id)
    else:
        analyse(case, opinion)
    if state == CaseState.WITHDRAWN:
        return service.withdraw(sender, case.public_id)
    if state == CaseState.WAITING:
        return case
    reader = doctor or create_reader()
    take(case, reader)
    if state == CaseState.READING:
        return case
    case = sign_finding(case, reader, **finding)
    return _restrict(case) if state == CaseState.RESTRICTED else case


def _restrict(case: Case) -> Case:
    """As when its patient has left: kept for the law alone."""
    with transaction():
        case.state, case.kept_until = CaseState.RESTRICTED, clock.now() + timedelta(days=5 * 365)
    return case


def take(case: Case, doctor: User) -> Case:
    """Put this very case into the doctor's hand (the queue would give the next one)."""
    with transaction():
        row = fresh(Case, case.id)
        assert row is not None
        row.state, row.doctor_id, row.taken_at = CaseState.READING, doctor.id, clock.now()
    db.session.refresh(case)
    return case

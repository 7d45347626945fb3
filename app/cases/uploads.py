"""A photo that comes in piece by piece, so that a connection that breaks costs nothing of what has arrived.

How much has come in and the piece itself are kept in one transaction: whenever the portal stops, what the
row says is what can be read. Each piece is an encrypted object of its own, destroyed once the photo is made.
"""

from __future__ import annotations

from sqlalchemy import or_, select

from app.accounts.models import User
from app.audit import service as audit
from app.cases import drafts, photos
from app.cases.draft_rules import rules
from app.cases.errors import NotComplete, UploadGone, WrongOffset
from app.cases.models import Case, CaseState, Photo, PhotoView
from app.cases.upload_models import Upload, UploadChunk, UploadState
from app.extensions import db
from app.infra import clock, storage
from app.infra.database import fresh, random_id, transaction
from app.infra.images import BadImage
from app.infra.storage import ObjectLost, StoredObject

OCTETS = "application/octet-stream"
FILE_TOO_LARGE = "file_too_large"
BATCH = 200


def begin(user: User, public_id: str, length: int, view: PhotoView | None = None, *, most: int) -> Upload:
    """Expect a file of `length` bytes for a draft.

    Whoever has begun many and finished none loses the oldest. Raises `BadImage` for more than `most` bytes,
    `CaseClosed` once the case was sent, `OfAge`, `NoSuchCase`.
    """
    if length > most:
        raise BadImage(FILE_TOO_LARGE)
    with transaction() as session:
        case = drafts.open_for_change(user, public_id)
        _make_room(user)
        moment = clock.now()
        upload = Upload(public_id=random_id(), case_id=case.id, user_id=user.id, view=view, length=length)
        upload.created_at, upload.expires_at = moment, moment + rules().upload_keep
        upload.received, upload.state = 0, UploadState.OPEN
        session.add(upload)
        audit.record("upload.begin", f"upload:{upload.public_id}", patient_id=case.patient_id)
    return upload


def _make_room(user: User) -> None:
    under_way = select(Upload).where(Upload.user_id == user.id, Upload.state == UploadState.OPEN)
    # Not refused: nobody sees what they left half-way elsewhere, so they could not clear it away either.
    newest_first = under_way.order_by(Upload.expires_at.desc(), Upload.id.desc())
    for upload in db.session.scalars(newest_first.offset(rules().uploads - 1)):
        _drop(upload)


def still_there(upload: Upload) -> None:
    """Raise `UploadGone` for one that has expired, or whose case takes no photos any more."""
    if upload.expires_at <= clock.now() or upload.case.state != CaseState.DRAFT:
        raise UploadGone(upload.public_id)


def append(upload_id: int, offset: int, data: bytes) -> int:
    """Keep the piece that begins at `offset`; return how many bytes have come in by now.

    Raises `WrongOffset` if that is not where the file goes on (of two at once the second finds this),
    `BadImage` for more bytes than were announced, `UploadGone`.
    """
    with transaction() as session:
        upload = fresh(Upload, upload_id)
        if upload is None or upload.state != UploadState.OPEN:
            raise UploadGone(str(upload_id))
        still_there(upload)
        if upload.received != offset:
            raise WrongOffset(upload.received)
        if offset + len(data) > upload.length:
            raise BadImage(FILE_TOO_LARGE)
        session.add(UploadChunk(upload_id=upload.id, start=offset, object=storage.put(data, OCTETS)))
        upload.received = offset + len(data)
        upload.expires_at = clock.now() + rules().upload_keep
        return upload.received


def settle(user: User, upload: Upload, *, limit: int) -> Photo:
    """Make the photo of an upload that is complete; asked again, return the same photo.

    Raises what `photos.add_photo` raises (a file that is no photo stays refused), `NotComplete`, and
    `UploadGone` if the photo was taken out since.
    """
    upload = _anew(upload)
    if not upload.complete:
        raise NotComplete(upload.public_id)
    if upload.state == UploadState.OPEN:
        still_there(upload)
        _make_photo(user, upload, limit)
        upload = _anew(upload)
    if upload.reason is not None:
        raise BadImage(upload.reason)
    if upload.photo is None:
        raise UploadGone(upload.public_id)
    return upload.photo


def _make_photo(user: User, upload: Upload, limit: int) -> None:
    try:
        data = _all_bytes(upload)
        photo = photos.add_photo(user, upload.case.public_id, data, view=upload.view, limit=limit)
    except BadImage as error:
        _close(upload.id, reason=error.reason)
    except ObjectLost:
        # Either another request has just made the photo, or a piece was lost: then this changes something.
        _close(upload.id, reason="broken")
    else:
        _close(upload.id, photo=photo)


def _all_bytes(upload: Upload) -> bytes:
    """Put the pieces together. Raises `ObjectLost` if one is missing."""
    data = b"".join(storage.get(chunk.object) for chunk in upload.chunks)
    if len(data) != upload.length:
        raise ObjectLost("a piece is missing")
    return data


def _close(upload_id: int, photo: Photo | None = None, reason: str | None = None) -> None:
    with transaction():
        upload = fresh(Upload, upload_id)
        if upload is None or upload.state != UploadState.OPEN:
            return
        upload.state = UploadState.REFUSED if photo is None else UploadState.TAKEN
        upload.photo_id, upload.reason = photo.id if photo else None, reason
        _erase_chunks(upload)


def _anew(upload: Upload) -> Upload:
    found = db.session.get(Upload, upload.id, populate_existing=True)
    if found is None:
        raise UploadGone(upload.public_id)
    return found


def _erase_chunks(upload: Upload) -> None:
    chunks = select(UploadChunk).where(UploadChunk.upload_id == upload.id).order_by(UploadChunk.start)
    for chunk in list(db.session.scalars(chunks)):
        stored = fresh(StoredObject, chunk.object_id)
        db.session.delete(chunk)
        db.session.flush()
        if stored is not None:
            storage.erase(stored)
            db.session.delete(stored)


def _drop(upload: Upload) -> None:
    """Erase what has come in, in the transaction in progress."""
    if fresh(Upload, upload.id) is None:  # the lock: a piece that is just being kept goes as well
        return
    _erase_chunks(upload)
    audit.record("upload.drop", f"upload:{upload.public_id}", patient_id=upload.case.patient_id)
    db.session.delete(upload)
    db.session.flush()


def give_up(upload: Upload) -> None:
    """Stop an upload at its sender's wish and erase what has come in; one that is gone already is no error."""
    with transaction():
        _drop(upload)


def drop_all(case: Case) -> None:
    """Erase everything on its way into a case, in the transaction in progress."""
    for upload in list(
        db.session.scalars(select(Upload).where(Upload.case_id == case.id).order_by(Upload.id))
    ):
        _drop(upload)


def forget() -> int:
    """Erase the uploads that were left lying, or whose case takes no more photos; return how many, some at a time."""
    over = or_(Upload.expires_at <= clock.now(), Case.state != CaseState.DRAFT)
    query = select(Upload).join(Upload.case).where(over).order_by(Upload.id).limit(BATCH)
    with transaction():
        locked = query.with_for_update(skip_locked=True, of=Upload).execution_options(populate_existing=True)
        found = list(db.session.scalars(locked))
        for upload in found:
            _drop(upload)
    return len(found)

"""The photos of a draft: taking one in, taking one out."""

from __future__ import annotations

import hashlib
import hmac
import io

from PIL import Image
from sqlalchemy import func, select

from app.accounts.models import User
from app.audit import service as audit
from app.cases import drafts, quality
from app.cases.errors import NoSuchCase, TooManyPhotos
from app.cases.models import Photo, PhotoView
from app.extensions import db
from app.infra import clock, images, storage
from app.infra.crypto import keyring
from app.infra.database import fresh, random_id, transaction
from app.infra.storage import StoredObject

JPEG = "image/jpeg"
THUMBNAIL_SIDE = 480
THUMBNAIL_QUALITY = 82


def fingerprint(data: bytes) -> str:
    """Return a keyed hash of an uploaded file: equal files are found, what was in them is not."""
    return hmac.new(keyring().derive("photo.upload"), data, hashlib.sha256).hexdigest()


def thumbnail(jpeg: bytes) -> bytes:
    """Return a small JPEG of a photo for lists, its longer side at most 480 px."""
    picture = Image.open(io.BytesIO(jpeg))
    picture.draft("RGB", (THUMBNAIL_SIDE * 2, THUMBNAIL_SIDE * 2))
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=THUMBNAIL_QUALITY)
    return out.getvalue()


def add_photo(user: User, public_id: str, data: bytes, *, limit: int, view: PhotoView | None = None) -> Photo:
    """Take an uploaded file into a draft and check its quality; the same file again is the same photo.

    Raises `images.BadImage` for what cannot become a photo, `TooManyPhotos`, `CaseClosed` once the case
    was sent, `NoSuchCase`.
    """
    mark = fingerprint(data)
    known = _same(drafts.own(user, public_id).id, mark)
    if known is not None:
        return known
    clean = images.clean(data)  # slow: before the transaction
    with images.few_at_once:
        small, checks = (
            thumbnail(clean.jpeg),
            quality.shortcomings(clean.jpeg, overview=view == PhotoView.OVERVIEW),
        )
    with transaction() as session:
        case = drafts.open_for_change(user, public_id)
        known = _same(case.id, mark)
        if known is not None:
            return known
        count = session.scalar(select(func.count()).where(Photo.case_id == case.id)) or 0
        if count >= limit:
            raise TooManyPhotos(limit)
        photo = Photo(public_id=random_id(), case=case, upload_sha256=mark, view=view)
        photo.created_at = clock.now()
        photo.object, photo.thumbnail = storage.put(clean.jpeg, JPEG), storage.put(small, JPEG)
        photo.width, photo.height, photo.quality = clean.width, clean.height, checks
        session.add(photo)
        audit.record("photo.add", f"photo:{photo.public_id}", patient_id=case.patient_id)
    return photo


def _same(case_id: int, mark: str) -> Photo | None:
    query = select(Photo).where(Photo.case_id == case_id, Photo.upload_sha256 == mark)
    return db.session.scalar(query)


def remove_photo(user: User, public_id: str, photo_id: str) -> None:
    """Take a photo out of a draft and destroy it; one that is not there (any more) is no error."""
    with transaction() as session:
        case = drafts.open_for_change(user, public_id)
        photo = session.scalar(select(Photo).where(Photo.case_id == case.id, Photo.public_id == photo_id))
        if photo is None:
            return
        erase(photo)
        session.delete(photo)
        audit.record("photo.remove", f"photo:{photo_id}", patient_id=case.patient_id)


def erase(photo: Photo) -> None:
    """Destroy the keys of a photo, its thumbnail and its heatmaps, in the transaction in progress."""
    kept = [photo.object_id, photo.thumbnail_id, *(p.heatmap_id for p in photo.predictions)]
    for object_id in kept:
        row = fresh(StoredObject, object_id) if object_id is not None else None
        if row is not None:
            storage.erase(row)


def read(photo: Photo, *, small: bool = False) -> bytes:
    """Return a photo's JPEG and record who read it. Raises `storage.ObjectLost`. Ask the policy first."""
    data = storage.get(photo.thumbnail if small else photo.object)
    audit.record("photo.read", f"photo:{photo.public_id}", patient_id=photo.case.patient_id)
    return data


def read_heatmap(photo: Photo) -> bytes:
    """Return the PNG of where the newest model looked, and record who read it; else `NoSuchCase`."""
    prediction = photo.predictions[-1] if photo.predictions else None
    if prediction is None or prediction.heatmap is None:
        raise NoSuchCase("no heatmap")
    data = storage.get(prediction.heatmap)
    audit.record("heatmap.read", f"photo:{photo.public_id}", patient_id=photo.case.patient_id)
    return data

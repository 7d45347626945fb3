"""Encrypted objects (photos, heatmaps, word clouds): ciphertext in obstore, everything else in a row.

Each object has a data key of its own, wrapped by the keyring; destroying the wrapped key erases
the object wherever copies of its ciphertext may lie. The plaintext never leaves the process
unencrypted, and an object's name says nothing (a random id).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import obstore
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Flask, current_app
from obstore.store import LocalStore
from sqlalchemy import CheckConstraint, LargeBinary, String, select
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base, db
from app.infra import clock
from app.infra.crypto import NONCE_BYTES, DecryptionError, keyring
from app.infra.database import Serial, UtcDateTime, after_commit, random_id, transaction

_KEY = "salpim.storage"
_WRAP = "stored_object.data_key"
ORPHAN_AGE = timedelta(hours=1)


class StoredObject(Base):
    """What must be known to read one object back, and to prove that it is the one stored."""

    __tablename__ = "stored_object"
    __table_args__ = (
        CheckConstraint("(wrapped_key IS NULL) = (erased_at IS NOT NULL)", name="erased_without_key"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    object_id: Mapped[str] = mapped_column(String(32), unique=True)
    media_type: Mapped[str] = mapped_column(String(255))
    size: Mapped[int]
    """Bytes of plaintext."""
    sha256: Mapped[str] = mapped_column(String(64))
    """Of the ciphertext."""
    wrapped_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ObjectLost(Exception):
    """The object was erased, is missing from the store, or was altered there."""


def init_app(app: Flask, folder: Path) -> None:
    """Keep the application's objects below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    app.extensions[_KEY] = LocalStore(str(folder))


def _store() -> LocalStore:
    return cast(LocalStore, current_app.extensions[_KEY])


def _path(object_id: str) -> str:
    return f"{object_id[:2]}/{object_id}"


def put(data: bytes, media_type: str) -> StoredObject:
    """Encrypt and store `data`; returns the row, added to the transaction in progress.

    The ciphertext is written first. If the transaction fails it is left behind without a key,
    unreadable, until `sweep_orphans` removes it.
    """
    object_id, key, nonce = random_id(), AESGCM.generate_key(256), os.urandom(NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(nonce, data, object_id.encode())
    obstore.put(_store(), _path(object_id), sealed)
    row = StoredObject(
        object_id=object_id,
        media_type=media_type,
        size=len(data),
        sha256=hashlib.sha256(sealed).hexdigest(),
        wrapped_key=keyring().seal(_WRAP, key),
        created_at=clock.now(),
    )
    db.session.add(row)
    return row


def get(row: StoredObject) -> bytes:
    """Return the plaintext of one object, or raise `ObjectLost`."""
    if row.wrapped_key is None:
        raise ObjectLost("erased")
    try:
        sealed = bytes(obstore.get(_store(), _path(row.object_id)).bytes())
    except FileNotFoundError as error:
        raise ObjectLost("missing from the store") from error
    if hashlib.sha256(sealed).hexdigest() != row.sha256:
        raise ObjectLost("altered in the store")
    try:
        key = keyring().open(_WRAP, row.wrapped_key)
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], row.object_id.encode())
    except (InvalidTag, DecryptionError) as error:
        raise ObjectLost("cannot be decrypted") from error


def erase(row: StoredObject) -> None:
    """Destroy the object's key, and its ciphertext once the transaction has been committed."""
    if row.wrapped_key is None:
        return
    row.wrapped_key, row.erased_at = None, clock.now()
    store, path = _store(), _path(row.object_id)
    after_commit(lambda: _delete(store, path))


def _delete(store: LocalStore, path: str) -> None:
    with contextlib.suppress(FileNotFoundError):  # whoever removed it first did what was asked
        obstore.delete(store, path)


def sweep_orphans() -> int:
    """Remove ciphertexts that no row can read, older than an hour; return how many."""
    store, removed = _store(), 0
    limit = clock.now() - ORPHAN_AGE
    for page in obstore.list(store):
        old = {m["path"].rsplit("/", 1)[-1]: m["path"] for m in page if m["last_modified"] < limit}
        with transaction() as session:
            readable = select(StoredObject.object_id).where(
                StoredObject.object_id.in_(old), StoredObject.wrapped_key.is_not(None)
            )
            kept = set(session.scalars(readable))
        for object_id in old.keys() - kept:
            _delete(store, old[object_id])
            removed += 1
    return removed

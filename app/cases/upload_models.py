"""Photos on their way: how much of each has come in, and the encrypted pieces it has come in by."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.cases.models import Case, Photo, PhotoView
from app.extensions import Base
from app.infra.database import Serial, UtcDateTime
from app.infra.storage import StoredObject


class UploadState(enum.StrEnum):
    """open (bytes come in, or all are there) → taken (a photo was made) or refused (it is none)."""

    OPEN = "open"
    TAKEN = "taken"
    REFUSED = "refused"


class Upload(Base):
    """One file that one person is sending into one draft, a piece at a time."""

    __tablename__ = "upload"
    __table_args__ = (
        CheckConstraint("received BETWEEN 0 AND length", name="within"),
        CheckConstraint("state = 'open' OR received = length", name="whole"),
        CheckConstraint("(state = 'refused') = (reason IS NOT NULL)", name="reasoned"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    """Who sends it. Nobody else may go on with it."""
    view: Mapped[PhotoView | None] = mapped_column(String(16))
    length: Mapped[int]
    received: Mapped[int] = mapped_column(default=0)
    """Bytes kept so far: they are the ones from the start of the file, without a gap."""
    state: Mapped[UploadState] = mapped_column(String(16), default=UploadState.OPEN)
    reason: Mapped[str | None] = mapped_column(String(32))
    """Why it was refused: a reason of `images.BadImage`."""
    photo_id: Mapped[int | None] = mapped_column(ForeignKey("photo.id", ondelete="SET NULL"), index=True)
    """What became of it; None again once the photo was taken out."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    case: Mapped[Case] = relationship()
    photo: Mapped[Photo | None] = relationship()
    chunks: Mapped[list[UploadChunk]] = relationship(back_populates="upload", order_by="UploadChunk.start")

    @property
    def complete(self) -> bool:
        """True once every byte is here."""
        return self.received == self.length


class UploadChunk(Base):
    """A piece of an upload, kept in the same transaction that says that it has come in."""

    __tablename__ = "upload_chunk"
    __table_args__ = (UniqueConstraint("upload_id", "start"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    upload_id: Mapped[int] = mapped_column(ForeignKey("upload.id"))
    start: Mapped[int]
    object_id: Mapped[int] = mapped_column(ForeignKey("stored_object.id"))

    upload: Mapped[Upload] = relationship(back_populates="chunks")
    object: Mapped[StoredObject] = relationship()

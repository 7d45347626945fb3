"""What a model says that is tried beside the one in use."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.infra.crypto import EncryptedJson
from app.infra.database import Serial, UtcDateTime


class ShadowOpinion(Base):
    """What one model on trial said of all photos of a case together. Nobody who deals with the case ever sees it.

    It is no record of treatment: it goes when the case is restricted or erased, or the AI notice is taken back.
    """

    __tablename__ = "shadow_opinion"
    __table_args__ = (UniqueConstraint("case_id", "model_sha256", "model_version"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    model_name: Mapped[str] = mapped_column(String(64))
    model_version: Mapped[str] = mapped_column(String(32))
    model_sha256: Mapped[str] = mapped_column(String(64))
    opinion: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("shadow_opinion.opinion"))
    """`opinion.Combined.to_json()`, as in `CaseOpinion`."""
    milliseconds: Mapped[float]
    """How long it took for all photos."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

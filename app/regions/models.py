"""The register of clinics: each file that an operator loaded, what it said of clinics, and the rows it got wrong."""

from __future__ import annotations

import enum
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.infra.database import Serial, UtcDateTime
from app.infra.storage import StoredObject


class RegisterState(enum.StrEnum):
    """queued → running → current → replaced, or failed. At most one is current, and at most one under way."""

    QUEUED = "queued"
    RUNNING = "running"
    CURRENT = "current"
    REPLACED = "replaced"
    FAILED = "failed"


LOADING = (RegisterState.QUEUED, RegisterState.RUNNING)


class Register(Base):
    """One file of the official register, and what became of its rows: kept + closed + duplicate + rejected = total."""

    __tablename__ = "clinic_register"
    __table_args__ = (
        CheckConstraint(
            "state NOT IN ('current', 'replaced') OR kept + closed + duplicate + rejected = total",
            name="none_lost",
        ),
        CheckConstraint("state IN ('queued', 'running') OR finished_at IS NOT NULL", name="dated"),
        CheckConstraint("(under_way IS NOT NULL) = (state IN ('queued', 'running'))", name="under_way"),
        CheckConstraint("under_way", name="under_way_or_null"),
        Index(
            "uq_clinic_register_current",
            "state",
            unique=True,
            sqlite_where=text("state = 'current'"),
            postgresql_where=text("state = 'current'"),
        ),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    filename: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    """Of the file as it was given."""
    dated: Mapped[date]
    """The day of which the register speaks, as the operator says."""
    source: Mapped[str] = mapped_column(String(200))
    """Where the operator has it from."""
    object_id: Mapped[int] = mapped_column(ForeignKey("stored_object.id"))
    """The file; erased once its rows are in."""
    state: Mapped[RegisterState] = mapped_column(String(16), default=RegisterState.QUEUED)
    under_way: Mapped[bool | None] = mapped_column(unique=True, default=True)
    """True until it has been read, then nothing: so that no two are read at once."""
    encoding: Mapped[str | None] = mapped_column(String(16))
    total: Mapped[int] = mapped_column(default=0)
    """Rows read so far."""
    share: Mapped[float] = mapped_column(default=0.0)
    """How much of the file has been read, 0 to 1."""
    kept: Mapped[int] = mapped_column(default=0)
    located: Mapped[int] = mapped_column(default=0)
    """Those of the kept that have a position."""
    closed: Mapped[int] = mapped_column(default=0)
    duplicate: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    doubtful: Mapped[int] = mapped_column(default=0)
    """Those of the kept whose position was dropped or mended."""
    may_shrink: Mapped[bool] = mapped_column(default=False)
    """Whether it may take the place of a register with more than twice as many clinics."""
    error_ko: Mapped[str | None] = mapped_column(Text)
    error_en: Mapped[str | None] = mapped_column(Text)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """None: from the command line."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    object: Mapped[StoredObject] = relationship()

    @property
    def topic(self) -> str:
        """The name under which live pages follow this register."""
        return f"clinic_register:{self.public_id}"


class Clinic(Base):
    """One institution of the register. Public data; found by district, or by position through two grids.

    cell and block are squares of a hundredth and a tenth of a degree (`app.regions.geometry`); both, and the
    coordinates (WGS84, degrees), are missing together.
    """

    __tablename__ = "clinic"
    __table_args__ = (
        CheckConstraint(
            "(latitude IS NULL) = (longitude IS NULL) AND (latitude IS NULL) = (cell IS NULL) "
            "AND (cell IS NULL) = (block IS NULL)",
            name="position_whole",
        ),
        CheckConstraint("skin BETWEEN 0 AND 2", name="skin"),
        # The searches are answered from these alone: a crowded square holds thousands.
        Index("ix_clinic_cell", "register_id", "cell", "skin", "kind", "latitude", "longitude", "id"),
        Index("ix_clinic_block", "register_id", "block", "skin", "kind", "latitude", "longitude", "id"),
        Index("ix_clinic_kind", "register_id", "kind", "latitude", "longitude", "skin", "id"),
        Index("ix_clinic_area", "register_id", "area", "skin", "name", "id", "kind"),
        Index("ix_clinic_province", "register_id", "province", "skin", "name", "id", "kind"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    register_id: Mapped[int] = mapped_column(ForeignKey("clinic_register.id"))
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(16))
    """A key of kinds.toml."""
    kind_name: Mapped[str] = mapped_column(String(40))
    """What the register calls its kind."""
    skin: Mapped[int]
    """0: its name says dermatology (only specialists may say so), 1: its departments do, 2: neither."""
    address: Mapped[str] = mapped_column(String(200))
    telephone: Mapped[str] = mapped_column(String(24))
    """Digits and hyphens; empty where the register has none."""
    province: Mapped[str] = mapped_column(String(2))
    area: Mapped[str | None] = mapped_column(String(5))
    """Its district; None where the address names only the province or a city of several districts."""
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    cell: Mapped[int | None]
    block: Mapped[int | None]


class RejectedRow(Base):
    """A row with something wrong: the line it begins on (1 is the header) of its part of the file, and what.

    verdict: "rejected", "duplicate", or "position" (the clinic was kept, its position not or mended).
    """

    __tablename__ = "clinic_rejected_row"
    __table_args__ = (Index("ix_clinic_rejected_row_register_id", "register_id", "id"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    register_id: Mapped[int] = mapped_column(ForeignKey("clinic_register.id"))
    verdict: Mapped[str] = mapped_column(String(16))
    part: Mapped[str] = mapped_column(String(120))
    """The file's name within a ZIP; empty for a file of its own."""
    line: Mapped[int]
    name: Mapped[str] = mapped_column(String(120))
    """As far as the row says one."""
    reason_ko: Mapped[str] = mapped_column(Text)
    reason_en: Mapped[str] = mapped_column(Text)

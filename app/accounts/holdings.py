"""What each room holds of one person: to be shown to them, erased, or kept for as long as the law wants.

A room registers what it can do with its own tables, so that nobody has to know them all. Each step may be done
again after it was cut short: it looks at what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.accounts.models import Departure, Patient, User
from app.extensions import Base
from app.infra.storage import StoredObject


@dataclass(frozen=True)
class Kept:
    """Something that stays by law: `what` ("finding", "consultation"), written when, and until when."""

    what: str
    since: datetime
    until: datetime


@dataclass(frozen=True)
class File:
    """A stored object that belongs into the archive, under this name."""

    name: str
    object: StoredObject


@dataclass(frozen=True)
class Holding:
    """One room's part.

    tables: what it answers for. shown: what this user may see of this patient, as JSON. files: the pictures in
    it. erase: let go at once of what may go, hide the rest; in transactions of its own. kept: what stays, before
    and after. let_go: erase what was kept long enough by a moment.
    """

    name: str
    shown: Callable[[User, Patient], dict[str, Any]]
    erase: Callable[[Departure], None]
    files: Callable[[User, Patient], Iterable[File]] = lambda _user, _patient: ()
    tables: tuple[type[Base], ...] = ()
    kept: Callable[[int], list[Kept]] = lambda _patient_id: []
    let_go: Callable[[int, datetime], None] = lambda _patient_id, _now: None


_holdings: dict[str, Holding] = {}


def register(holding: Holding) -> None:
    """Make a room's part known. Called once for each name, when the room's jobs are loaded."""
    _holdings[holding.name] = holding


def holdings() -> list[Holding]:
    """Return every room's part, in the order in which they were made known."""
    return list(_holdings.values())


def kept_of(patient_id: int) -> list[Kept]:
    """Return everything about a patient that stays by law, the oldest first."""
    return sorted((kept for one in holdings() for kept in one.kept(patient_id)), key=lambda kept: kept.since)

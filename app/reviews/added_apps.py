"""Changing an app that an operator added, and taking it off the list. The reviews it brought stay either way."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, tuple_
from sqlalchemy.exc import IntegrityError

from app.audit import service as audit
from app.extensions import db
from app.infra.database import fresh, transaction
from app.reviews import collecting
from app.reviews.apps import Given
from app.reviews.collection_models import STORES, AddedApp, CollectionSchedule


class NoSuchApp(Exception):
    """It is not there, or not any more; or it was shipped and not added."""


class AppBusy(Exception):
    """Its reviews are being collected: that has to end, or be stopped, first."""


def change(
    added_id: int, *, name_ko: str, name_en: str = "", app_store: str = "", google_play: str = ""
) -> AddedApp:
    """Set the names and ids of an added app anew. Where an id changes, what was scheduled for the old one ends.

    Raises `NoSuchApp`, `AppBusy` where an id would change while its reviews are collected, and what `apps.add` raises.
    """
    given = Given.read(name_ko, name_en, app_store, google_play)
    try:
        with transaction():
            added = _held(added_id)
            given.refuse_if_known(but=added.id)
            _let_go(place for place in _places(added) if place not in given.places)
            given.put_into(added)
            audit.record("store_app.change", f"added_app:{added.id}")
            return added
    except IntegrityError:
        raise given.known() from None


def remove(added_id: int) -> AddedApp:
    """Take an added app off the list, and its schedules with it. Raises `NoSuchApp`, `AppBusy`."""
    with transaction() as session:
        added = _held(added_id)
        _let_go(_places(added))
        session.delete(added)
        audit.record("store_app.remove", f"added_app:{added_id}")
        return added


def find(added_id: int) -> AddedApp:
    """Return an added app; raise `NoSuchApp`."""
    found = db.session.get(AddedApp, added_id)
    if found is None:
        raise NoSuchApp
    return found


def _held(added_id: int) -> AddedApp:
    # Nobody starts a collection meanwhile.
    collecting.hold_the_line()
    added = fresh(AddedApp, added_id)
    if added is None:
        raise NoSuchApp
    return added


def _places(added: AddedApp) -> list[tuple[str, str]]:
    return [
        (store, app) for store, app in zip(STORES, (added.app_store, added.google_play), strict=True) if app
    ]


def _let_go(places: Iterable[tuple[str, str]]) -> None:
    gone = list(places)
    if any(collecting.under_way(store, app) for store, app in gone):
        raise AppBusy
    here = tuple_(CollectionSchedule.store, CollectionSchedule.app)
    db.session.execute(delete(CollectionSchedule).where(here.in_(gone)))

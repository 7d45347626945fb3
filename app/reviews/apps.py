"""The apps whose reviews can be collected: those that are shipped, and those that operators added.

Beside the jobs one of the few places that read `nlp`: the shipped apps are its data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from app.audit import service as audit
from app.extensions import db
from app.infra import clock
from app.infra.database import transaction
from app.reviews.collection_models import STORES, AddedApp
from app.reviews.models import StoreApp
from nlp.apps import all_apps

_FIELDS = dict(zip(STORES, ("app_store", "google_play"), strict=True))
LONGEST_NAME = 60
LONGEST_ID = 64
# What the stores themselves allow: a number, and the name of an Android package.
_APP_STORE = re.compile(r"[1-9][0-9]{5,14}", re.ASCII)
_GOOGLE_PLAY = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+", re.ASCII)
_APP_STORE_PAGE = re.compile(r"https?://(?:apps|itunes)\.apple\.com/\S*?/id([0-9]+)\b")
_GOOGLE_PLAY_PAGE = re.compile(r"https?://play\.google\.com/store/apps/details\?(?:\S*&)?id=([\w.]+)")


class BadApp(Exception):
    """What was given is no app: `field` says where it is wrong, `why` names the fault."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.field = where
        self.why = why


class AppKnown(Exception):
    """An app with this id is there already, under `name_ko` and `name_en`."""

    def __init__(self, where: str, name_ko: str, name_en: str) -> None:
        super().__init__(where)
        self.field, self.name_ko, self.name_en = where, name_ko, name_en


@dataclass(frozen=True)
class Place:
    """Where an app's reviews are: a store and the app's id there.

    verified: somebody knows that they belong together. added: the row of the app that an operator added.
    """

    store: str
    app: str
    verified: bool
    added: int | None = None


@dataclass
class ListedApp:
    """An app and where its reviews are; nowhere, if no id of it is known."""

    name_ko: str
    name_en: str
    places: list[Place] = field(default_factory=list)


def listed() -> list[ListedApp]:
    """Return every app: the shipped ones in their order, then the added ones; one of the same name only once."""
    found = {app.name_ko: ListedApp(app.name_ko, app.name_en, list(_shipped(app))) for app in all_apps()}
    for added in db.session.scalars(select(AddedApp).order_by(AddedApp.id)):
        here = found.setdefault(added.name_ko, ListedApp(added.name_ko, added.name_en))
        for store, app in zip(STORES, (added.app_store, added.google_play), strict=True):
            if app:
                here.places.append(Place(store, app, verified=False, added=added.id))
    return list(found.values())


def _shipped(app: object) -> Iterator[Place]:
    for store, name, verified in zip(
        STORES, ("app_store", "google_play"), ("verified", "google_play_verified"), strict=True
    ):
        if known := getattr(app, name):
            yield Place(store, known, bool(getattr(app, verified)))


def find(store: str, app: str) -> tuple[ListedApp, Place] | None:
    """Return the app that has this id in this store."""
    for row in listed():
        for place in row.places:
            if (place.store, place.app) == (store, app):
                return row, place
    return None


def add(
    user_id: int, *, name_ko: str, name_en: str = "", app_store: str = "", google_play: str = ""
) -> AddedApp:
    """Add an app to the list, by its ids or the addresses of its pages in the stores.

    Raises `BadApp` (``name``, ``app_store``, ``google_play``: "missing", "long" or "form") and `AppKnown`.
    """
    given = Given.read(name_ko, name_en, app_store, google_play)
    try:
        with transaction() as session:
            given.refuse_if_known()
            added = AddedApp(created_by_id=user_id, created_at=clock.now())
            session.add(added)
            given.put_into(added)
            audit.record("store_app.add", f"added_app:{added.id}")
            return added
    except IntegrityError:
        raise given.known() from None


@dataclass(frozen=True)
class Given:
    """What an operator says of an app: checked names, and its ids in the stores ("" where it is in none)."""

    name_ko: str
    name_en: str
    app_store: str
    google_play: str

    @classmethod
    def read(cls, name_ko: str, name_en: str, app_store: str, google_play: str) -> Self:
        """Take what was typed, ids as ids or as addresses of pages; raise `BadApp`."""
        name_ko, name_en = " ".join(name_ko.split()), " ".join(name_en.split())
        ids = (_id(app_store, _APP_STORE_PAGE), _id(google_play, _GOOGLE_PLAY_PAGE))
        _check(name_ko, name_en, ids)
        return cls(name_ko, name_en or name_ko, *ids)

    @property
    def places(self) -> list[tuple[str, str]]:
        """Store and id of each place it is said to be in."""
        return [
            (store, app) for store, app in zip(STORES, (self.app_store, self.google_play), strict=True) if app
        ]

    def refuse_if_known(self, but: int | None = None) -> None:
        """Raise `AppKnown` if an app other than the added one `but` has one of the ids."""
        for store, app in self.places:
            there = find(store, app)
            if there is not None and (but is None or there[1].added != but):
                raise AppKnown(_FIELDS[store], there[0].name_ko, there[0].name_en)

    def known(self) -> AppKnown:
        """Two operators at once: the unique ids let one of them through, and this is for the other."""
        return AppKnown(_FIELDS[self.places[0][0]], self.name_ko, self.name_en)

    def put_into(self, added: AddedApp) -> None:
        """Write it down, in the transaction in progress."""
        added.name_ko, added.name_en = self.name_ko, self.name_en
        added.app_store, added.google_play = self.app_store or None, self.google_play or None
        db.session.flush()
        for store, app in self.places:
            name(store, app, self.name_ko, self.name_en)


def name(store: str, app: str, name_ko: str, name_en: str) -> None:
    """Write down what an app is called, in the transaction in progress; its reviews in another store are told apart."""
    if store == "googleplay":
        name_ko, name_en = f"{name_ko} (Google Play)", f"{name_en} (Google Play)"
    insert = (postgresql if db.session.get_bind().dialect.name == "postgresql" else sqlite).insert
    names = {"name_ko": name_ko, "name_en": name_en}
    row = insert(StoreApp.__table__).values(app=app, **names)
    db.session.execute(row.on_conflict_do_update(index_elements=["app"], set_=names))


def _id(given: str, page: re.Pattern[str]) -> str:
    given = given.strip()
    found = page.match(given)
    return found[1] if found else given


def _check(name_ko: str, name_en: str, ids: Sequence[str]) -> None:
    if not name_ko:
        raise BadApp("name_ko", "missing")
    for where, name in (("name_ko", name_ko), ("name_en", name_en)):
        if len(name) > LONGEST_NAME:
            raise BadApp(where, "long")
    app_store, google_play = ids
    if not app_store and not google_play:
        raise BadApp("app_store", "missing")
    if app_store and not _APP_STORE.fullmatch(app_store):
        raise BadApp("app_store", "form")
    if google_play and (len(google_play) > LONGEST_ID or not _GOOGLE_PLAY.fullmatch(google_play)):
        raise BadApp("google_play", "form")

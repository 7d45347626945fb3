"""Collecting an app's reviews page by page, so that it can stop anywhere and go on from there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from nlp.stores import appstore, googleplay
from nlp.stores.entries import Entry, Found, StoreName, found
from nlp.stores.errors import NoSuchApp
from nlp.stores.http import Fetcher, Settings


class NoCursor(ValueError):
    """What was given to go on from is no cursor of a batch."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one page gave. ``cursor``: where to go on; ``done`` of ``total`` pages, ``None``: nobody knows.

    last: nothing is left to ask for. capped: the store shows no more than it has shown, though there are more.
    """

    found: tuple[Found, ...]
    cursor: str
    done: int
    total: int | None
    last: bool
    capped: bool


@dataclass(frozen=True)
class _Place:
    """Where the next page is: ``sort`` counts the orders, ``page`` from 1, ``token`` Google Play's.

    full: the store has shown all it shows, or left a page out. gap: the page before was empty. again: begun anew
    because a token of an earlier run was no longer known.
    """

    sort: int = 0
    page: int = 1
    token: str | None = None
    full: bool = False
    gap: bool = False
    again: bool = False


def collect(
    store: StoreName,
    app_id: str,
    *,
    cursor: str | None = None,
    author_key: bytes,
    settings: Settings | None = None,
) -> Iterator[Batch]:
    """The app's reviews, newest first and then, in the App Store, the most helpful; no review twice in one run.

    ``cursor``: of the last batch that was kept, to go on after it; raises ``NoCursor`` at once for one that is none.
    The iterator raises ``StoreError`` once the retries of a page are used up: what came before is whole, and the
    last cursor leads on.
    """
    place = None if cursor is None else _read(cursor)
    return _batches(store, app_id, place, author_key, settings or Settings())


def _batches(
    store: StoreName, app_id: str, start: _Place | None, author_key: bytes, settings: Settings
) -> Iterator[Batch]:
    fetch = Fetcher(settings)
    place = start or _Place()
    seen: set[str] = set()
    resumed = start is not None
    turn = _app_store if store == "appstore" else _google_play
    while True:
        entries, following, total = turn(fetch, settings, app_id, place)
        if store == "googleplay" and resumed and place.token and not entries and not place.again:
            # A token that the store has forgotten looks like the end. It is not: all is read anew, once.
            place, resumed = _Place(again=True), False
            continue
        resumed = False
        # By id, so that a page that names one twice gives it once: as it came last.
        new = list({entry.store_id: entry for entry in entries if entry.store_id not in seen}.values())
        seen.update(entry.store_id for entry in entries)
        if store == "googleplay" and not new:
            following = None  # or a store that shows the same page for ever would never end
        full = place.full or (
            store == "appstore" and bool(entries) and (place.gap or place.page == appstore.PAGES)
        )
        done = place.page + place.sort * appstore.PAGES
        yield Batch(
            tuple(found(entry, store, app_id, author_key) for entry in new),
            json.dumps(asdict(replace(following, full=full) if following else place)),
            done,
            total,
            following is None,
            full and following is None,
        )
        if following is None:
            return
        place = replace(following, full=full)


def _read(cursor: str) -> _Place:
    try:
        place = _Place(**json.loads(cursor))
    except (ValueError, TypeError, RecursionError) as error:
        raise NoCursor(f"no cursor of ours: {cursor[:60]}") from error
    numbers = type(place.sort) is type(place.page) is int and isinstance(place.token, str | None)
    flags = all(isinstance(flag, bool) for flag in (place.full, place.gap, place.again))
    if not (numbers and flags and place.sort in range(len(appstore.SORTS)) and place.page >= 1):
        raise NoCursor(f"no cursor of ours: {cursor[:60]}")
    return place


def _app_store(
    fetch: Fetcher, settings: Settings, app_id: str, place: _Place
) -> tuple[list[Entry], _Place | None, int | None]:
    content = fetch(
        "GET", appstore.address(settings, app_id, appstore.SORTS[place.sort], place.page), whole=json.loads
    )
    if content is None:
        if place.page == 1 and place.sort == 0:
            raise NoSuchApp(app_id)
        entries = []
    else:
        entries = appstore.entries(content)
    total = appstore.PAGES * len(appstore.SORTS)
    # An empty page in the middle is a whim of the feed, not its end: the next ones are asked for too.
    if place.page < appstore.PAGES and (entries or place.page > 1):
        return entries, replace(place, page=place.page + 1, gap=not entries), total
    if place.sort + 1 < len(appstore.SORTS):
        return entries, replace(place, sort=place.sort + 1, page=1, gap=False), total
    return entries, None, total


def _google_play(
    fetch: Fetcher, settings: Settings, app_id: str, place: _Place
) -> tuple[list[Entry], _Place | None, int | None]:
    content = fetch(
        "POST",
        googleplay.address(settings),
        googleplay.body(app_id, "mostrecent", place.token),
        whole=googleplay.whole,
    )
    if content is None:
        raise NoSuchApp(app_id)
    entries, token = googleplay.page(content)
    following = replace(place, page=place.page + 1, token=token) if token and entries else None
    return entries, following, None

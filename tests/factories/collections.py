"""A store of ours with reviews in it, and collections from it. Nothing here reaches a real store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from app.accounts.models import User
from app.reviews import apps, collecting
from app.reviews.collection_models import AddedApp, Collection
from tests.factories.reviews import APP, create_operator
from tests.harness import stores
from tests.harness.stores import Answer

PLAY = "com.example.clinic"


@dataclass
class Shop:
    """Reviews of any app, the same in both stores; `refuse` is asked first, by page, and may answer instead."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    per_page: int = 2
    refuse: Callable[[int], Answer | None] = lambda page: None
    server: stores.Store | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        assert self.server is not None
        return self.server.url

    @property
    def asked(self) -> list[tuple[str, int]]:
        """The order and page of every request for the App Store's feed."""
        assert self.server is not None
        return [(sort, page) for page, _app, sort in map(stores.feed_place, self.server.asked)]

    def answer(self, path: str, body: str) -> Answer:
        """Answer as the store that is asked."""
        if body:
            return self._play(body)
        page, _app, sort = stores.feed_place(path)
        refusal = self.refuse(page) if sort == "mostrecent" else None
        found = (
            self.entries[(page - 1) * self.per_page : page * self.per_page] if sort == "mostrecent" else []
        )
        return refusal or Answer(stores.feed(found or None))

    def _play(self, body: str) -> Answer:
        start = int(stores.play_token(body) or 0)
        end = start + self.per_page
        reviews = [stores.play_review(number) for number in range(start, min(end, len(self.entries)))]
        refusal = self.refuse(1 + start // self.per_page)
        return refusal or Answer(stores.play_page(reviews, str(end) if end < len(self.entries) else None))


@contextmanager
def open_shop(count: int = 6) -> Iterator[Shop]:
    """Serve a store with `count` reviews until left."""
    shop = Shop([stores.feed_entry(number) for number in range(count)])
    with stores.serve(lambda path, body: shop.answer(path, body)) as server:
        shop.server = server
        yield shop


def create_collection(operator: User | None = None, store: str = "appstore", app: str = APP) -> Collection:
    """Ask for a collection; the worker has not begun yet."""
    return collecting.start((operator or create_operator()).id, store, app)


def create_app(by: User, app_store: str = "1234567890") -> AddedApp:
    """An app that an operator added."""
    return apps.add(by.id, name_ko=f"새 앱 {app_store}", app_store=app_store)

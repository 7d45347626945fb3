"""Reviews of several files, each once: exports of one app overlap, and later ones know of edits.

As in the portal, a review is known by the store's own id of it. Where there is none, it is known by app,
author, time and words, and where nobody is named also by its stars.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nlp.reviews import Review

Identity = tuple[object, ...]


@dataclass(frozen=True)
class Again:
    """Of the reviews of a file, how many were known already, and how many of those their authors had changed."""

    known: int
    edited: int


class Once:
    """Collects the reviews of file after file."""

    def __init__(self) -> None:
        self._kept: dict[int, Review] = {}
        self._next = 0
        self._by_store: dict[tuple[str, str], int] = {}
        self._by_identity: dict[Identity, int] = {}
        self._nameless: dict[Identity, int] = {}
        """Those of whom no file has told the store's id yet."""

    @property
    def reviews(self) -> list[Review]:
        """What was collected, in the order in which it first came."""
        return list(self._kept.values())

    def add(self, reviews: Iterable[Review]) -> Again:
        """Take in the reviews of one file; says what was there before."""
        known = edited = 0
        for review in reviews:
            place = self._find(review)
            if place is None:
                self._put(review, self._next)
                self._next += 1
                continue
            known += 1
            before = self._kept[place]
            # What has no id knows nothing better, and an export from before does not undo an edit.
            if review.in_store is None or (before.in_store is not None and review.at < before.at):
                continue
            edited += (before.star, before.title, before.text) != (review.star, review.title, review.text)
            self._nameless.pop(_identity(before), None)
            self._put(review, place)
        return Again(known, edited)

    def _find(self, review: Review) -> int | None:
        if review.in_store is None:
            return self._by_identity.get(_identity(review))
        # Equal words under another id are another review: the store tells apart what we cannot.
        same = self._by_store.get(review.in_store)
        return self._nameless.get(_identity(review)) if same is None else same

    def _put(self, review: Review, place: int) -> None:
        identity = _identity(review)
        self._kept[place] = review
        self._by_identity[identity] = place
        if review.in_store is None:
            self._nameless[identity] = place
            return
        self._by_store[review.in_store] = place
        twin = self._nameless.pop(identity, place)
        if twin != place:  # a file without ids had brought this state of it
            del self._kept[twin]


def _identity(review: Review) -> Identity:
    return review.identity if review.author else (*review.identity, review.star)

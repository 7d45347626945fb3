"""Who may see which import, which analysis and which collection: operators see all of them, others none."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import Select, false, select

from app.accounts.models import User
from app.permissions import Permission
from app.policy import holds
from app.reviews.collection_models import Collection
from app.reviews.models import Analysis, ReviewImport

Seen = TypeVar("Seen", ReviewImport, Analysis, Collection)


def visible_imports(user: User) -> Select[ReviewImport]:
    """Return the imports that `user` may see."""
    return _visible(user, select(ReviewImport))


def visible_analyses(user: User) -> Select[Analysis]:
    """Return the analyses that `user` may see."""
    return _visible(user, select(Analysis))


def visible_collections(user: User) -> Select[Collection]:
    """Return the collections that `user` may see."""
    return _visible(user, select(Collection))


def _visible(user: User, query: Select[Seen]) -> Select[Seen]:
    return query if holds(user, Permission.REVIEW_READ) else query.where(false())

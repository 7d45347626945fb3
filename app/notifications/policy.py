"""Whose notices one may see: one's own."""

from __future__ import annotations

from sqlalchemy import Select, false, select

from app.accounts.models import User
from app.notifications.models import Notice
from app.permissions import Permission
from app.policy import holds


def visible_notices(user: User) -> Select[Notice]:
    """Select the notices to `user`."""
    mine = Notice.user_id == user.id if holds(user, Permission.NOTICE_READ) else false()
    return select(Notice).where(mine)

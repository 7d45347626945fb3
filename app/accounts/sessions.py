"""What a sign-in means for the browser's session: a fresh one, an end of its own, and idle limits.

The session is a signed cookie, so nothing on the server forgets it by itself: signing out puts its id
on a list that every request is compared with, until the cookie would be too old anyway.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, flash, g, request, session
from flask_babel import gettext as _
from flask_login import user_logged_in, user_logged_out
from sqlalchemy import delete

from app.accounts.links import settings
from app.accounts.models import EndedSession, User
from app.audit import service as audit
from app.extensions import db
from app.infra import clock
from app.infra.database import random_id, transaction

SHARED = "shared_device"
_SECOND_FACTOR = "second_factor"
_ID, _SEEN, _USER = "sid", "seen", "_user_id"
_KEPT = {SHARED, "_user_id", "_fresh", "_id", "_flashes"}
_NOTE_EVERY_SECONDS = 15
BACKGROUND = "X-Background"
"""A page that refreshes itself sends this: nobody need be sitting in front of it."""


def init_app(app: Flask) -> None:
    """Look at the session before every view, and whenever someone signs in or out."""
    user_logged_in.connect(_begin, app)
    user_logged_out.connect(_end, app)
    app.before_request(_look)


def mark_shared(shared: bool) -> None:
    """Remember, for the sign-in in progress, whether others use this device too."""
    session[SHARED] = shared


def mark_second_factor() -> None:
    """Remember that the person of this session has given a second factor in it."""
    session[_SECOND_FACTOR] = True


def has_second_factor() -> bool:
    """True if the person of this session has given a second factor in it."""
    return _USER in session and bool(session.get(_SECOND_FACTOR))


def idle_seconds() -> int | None:
    """Return after how many idle seconds this session ends, None on a device of one's own."""
    if _USER in session and session.get(SHARED):
        return settings().shared_device_minutes * 60
    return None


def _begin(_sender: Any, user: User, **_rest: Any) -> None:
    # Whatever was in the session before belongs to whoever had it before: it is left behind.
    for key in [key for key in session if key not in _KEPT]:
        session.pop(key)
    g.pop("csrf_token", None)
    session[_ID], session[_SEEN] = random_id(), int(clock.now().timestamp())
    session.permanent = not session.get(SHARED)
    audit.record("sign_in", f"user:{user.id}", patient_id=None)


def _end(_sender: Any, user: Any, **_rest: Any) -> None:
    session_id = session.get(_ID)
    if session_id is None or not isinstance(user, User):
        return
    with transaction():
        now = clock.now()
        db.session.execute(delete(EndedSession).where(EndedSession.forget_at < now))
        if db.session.get(EndedSession, session_id) is None:
            lasts = timedelta(minutes=settings().session_minutes)
            db.session.add(EndedSession(session_id=session_id, forget_at=now + lasts))
        audit.record("sign_out", f"user:{user.id}")
    session.clear()


def _look() -> None:
    if _USER not in session:
        return
    now = int(clock.now().timestamp())
    session_id, seen = session.get(_ID), int(session.get(_SEEN, 0))
    limit = idle_seconds()
    if session_id is None:
        session[_ID], session[_SEEN] = random_id(), now
    elif db.session.get(EndedSession, session_id) is not None:
        session.clear()
    elif limit is not None and now - seen > limit:
        session.clear()
        flash(_("한동안 쓰지 않아 자동으로 로그아웃했습니다."), "info")
    elif now - seen >= _NOTE_EVERY_SECONDS and not _in_background():
        session[_SEEN] = now


def _in_background() -> bool:
    if request.blueprint == "web":  # comes along with a page, and may be kept by anyone: no cookie
        return True
    return request.headers.get(BACKGROUND) == "1" or request.accept_mimetypes.best == "text/event-stream"

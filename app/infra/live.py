"""Server-sent events over the rows of `infra.events`.

One watcher thread in each process notices new rows (LISTEN on PostgreSQL, reading the highest id
on SQLite) and wakes the streams of that process. A stream reads its rows itself, so nothing is
lost or doubled: the browser resumes with ``Last-Event-ID``.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

import psycopg
import structlog
from flask import Flask, Response, current_app, request
from flask_login import current_user

from app.extensions import db
from app.infra import events

log = structlog.get_logger(__name__)

_KEY = "salpim.live"
POLL_SECONDS = 0.4
HEARTBEAT_SECONDS = 15.0
STREAM_SECONDS = 300.0
RETRY_MS = 2000
PER_PERSON = 4
"""How many streams one person may have open: a few windows, not everyone's places."""
LARGEST_ID = 2**63 - 1


class Waker:
    """Wakes the streams of this process when there may be new rows."""

    def __init__(self, app: Flask, url: str, limit: int) -> None:
        self._app = app
        self._listen_url = url.replace("+psycopg", "", 1) if url.startswith("postgresql") else None
        self._changed = threading.Condition()
        self._turn = 0
        self._thread: threading.Thread | None = None
        self._places = threading.BoundedSemaphore(limit) if limit else None
        self._streams: Counter[str] = Counter()

    def enter(self, who: str) -> bool:
        """Take a place for a stream of `who`; False when they, or this process, have as many as allowed."""
        if self._places is None or not self._places.acquire(blocking=False):
            return False
        with self._changed:
            if self._streams[who] >= PER_PERSON:
                self._places.release()
                return False
            self._streams[who] += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="live-watch", daemon=True)
                self._thread.start()
        return True

    def leave(self, who: str) -> None:
        """Give the place back; the watcher ends with the last stream."""
        with self._changed:
            self._streams[who] -= 1
            self._streams += Counter()  # forget those who have none
        assert self._places is not None
        self._places.release()

    @property
    def turn(self) -> int:
        """A number that grows with every wake-up."""
        return self._turn

    def wait(self, turn: int, timeout: float) -> int:
        """Sleep until `turn` has passed, at most `timeout` seconds; return the present turn."""
        with self._changed:
            self._changed.wait_for(lambda: self._turn != turn, timeout)
            return self._turn

    def _wake(self) -> None:
        with self._changed:
            self._turn += 1
            self._changed.notify_all()

    def _watch(self) -> None:
        while True:
            try:
                finished = self._listen() if self._listen_url else self._poll()
            except Exception as error:  # noqa: BLE001 - streams wait for this thread; it must go on
                log.warning("live.watch_failed", error=type(error).__name__)
                time.sleep(1)
                self._wake()
                continue
            if finished:
                return

    def _idle(self) -> bool:
        with self._changed:
            if not self._streams.total():
                self._thread = None
                return True
            return False

    def _listen(self) -> bool:
        assert self._listen_url is not None
        with psycopg.connect(self._listen_url, autocommit=True) as connection:
            connection.execute(f"LISTEN {events.CHANNEL}")
            self._wake()
            while not self._idle():
                for _ in connection.notifies(timeout=5, stop_after=1):
                    self._wake()
        return True

    def _poll(self) -> bool:
        seen = -1
        with self._app.app_context():
            while not self._idle():
                newest = events.last_id()
                db.session.remove()
                if newest != seen:
                    seen = newest
                    self._wake()
                time.sleep(POLL_SECONDS)
        return True


def init_app(app: Flask, url: str, limit: int) -> None:
    """Give the application its waker, for at most `limit` streams in this process."""
    app.extensions[_KEY] = Waker(app, url, limit)


def stream(topics: Sequence[str]) -> Response:
    """Answer the request with the events of `topics`, from ``Last-Event-ID`` (or ``?after=``) on.

    Access to the topics is the caller's to check. A stream ends after five minutes, so that the
    browser's next request is checked again. Without a free place the answer is 503: the page polls.
    """
    waker: Waker = current_app.extensions[_KEY]
    try:
        after = int(request.headers.get("Last-Event-ID") or request.args.get("after") or events.last_id())
    except ValueError:
        return Response("Last-Event-ID is not a number", 400, mimetype="text/plain")
    after = max(0, min(after, LARGEST_ID))
    who = str(current_user.get_id() or request.remote_addr)
    db.session.remove()
    if not waker.enter(who):
        return Response("busy", 503, {"Retry-After": "30"}, mimetype="text/plain")
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    response = Response(_produce(app, waker, list(topics), after), mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(partial(waker.leave, who))
    return response


def _produce(app: Flask, waker: Waker, topics: list[str], after: int) -> Iterator[str]:
    end = time.monotonic() + STREAM_SECONDS
    yield f"retry: {RETRY_MS}\nid: {after}\n\n"
    while (left := end - time.monotonic()) > 0:
        turn = waker.turn
        with app.app_context():
            rows = events.since(topics, after)
            frames = [_frame(row) for row in rows]
            after = rows[-1].id if rows else after
        if frames:
            yield "".join(frames)
        elif waker.wait(turn, min(HEARTBEAT_SECONDS, left)) == turn:
            yield ": still here\n\n"


def _frame(event: events.Event) -> str:
    return f"id: {event.id}\nevent: {event.kind}\ndata: {json.dumps(event.payload, ensure_ascii=False)}\n\n"

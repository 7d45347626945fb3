"""One polite, bounded, patient HTTP client for all stores. TLS is always checked: there is no switch."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from nlp.stores.errors import Blocked, ChangedFormat, RateLimited, Unreachable

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

AGENT = "salpim-nlp (review research; one request at a time)"
_CHUNK = 65_536
_GONE = (400, 404, 410)


@dataclass(frozen=True)
class Settings:
    """How a store is asked. ``base_url``: another address, for tests; the store's own if ``None``.

    pause: seconds between requests; deadline: seconds a whole answer may take, however slowly it drips;
    tries: of one request; longest: bytes of one answer; patience: the longest wait a store may ask for before
    we give up. clock, sleep and lot: so that tests need not wait.
    """

    base_url: str | None = None
    country: str = "kr"
    language: str = "ko"
    pause: float = 1.5
    deadline: float = 30.0
    tries: int = 5
    longest: int = 8_000_000
    patience: float = 120.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    lot: Callable[[], float] = field(default=random.random)


class Fetcher:
    """Asks one store. Not for several threads at once: politeness is counted per fetcher."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool: PoolManager | None = None
        self._last = float("-inf")

    def __call__(
        self, method: str, url: str, body: str | None = None, *, whole: Callable[[bytes], object]
    ) -> bytes | None:
        """The answer's body; ``None`` where the store says that there is no such thing.

        ``whole``: raises ``ValueError`` for a body that broke off; it is asked for again.

        Waits its turn, tries again after 429, 5xx, broken and slow answers, twice as long each time with jitter,
        or as long as the store asks. Raises ``StoreError``.
        """
        for number in range(1, self._settings.tries + 1):
            try:
                content = self._once(method, url, body)
                if content is not None:
                    _checked(content, whole)
                return content
            except (RateLimited, Unreachable) as error:
                asked = error.retry_after or 0.0
                if number == self._settings.tries or asked > self._settings.patience:
                    raise
                wait = min(2.0**number, 60.0) * (0.5 + self._settings.lot())
                self._settings.sleep(max(wait, asked))
        raise AssertionError("unreachable")

    def _once(self, method: str, url: str, body: str | None) -> bytes | None:
        import urllib3

        if self._pool is None:
            self._pool = urllib3.PoolManager(
                num_pools=2, retries=False, timeout=urllib3.Timeout(connect=10, read=self._settings.deadline)
            )
        wait = self._last + self._settings.pause - self._settings.clock()
        if wait > 0:
            self._settings.sleep(wait)
        self._last = self._settings.clock()
        headers = {"User-Agent": AGENT, "Accept-Language": self._settings.language}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded;charset=UTF-8"
        try:
            answer = self._pool.request(
                method, url, body=body, headers=headers, preload_content=False, redirect=False
            )
            try:
                return self._judged(answer)
            finally:
                answer.close()
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(type(error).__name__) from error

    def _judged(self, answer: BaseHTTPResponse) -> bytes | None:
        if answer.status == 429:
            raise RateLimited(_seconds(answer.headers.get("Retry-After")))
        if answer.status in _GONE:
            return None
        if answer.status in (401, 403) or 300 <= answer.status < 400:
            raise Blocked
        if answer.status != 200:
            raise Unreachable(f"HTTP {answer.status}", _seconds(answer.headers.get("Retry-After")))
        content = self._read(answer)
        # Both stores answer in JSON: another mark-up is a page for people, or a form that they used to have.
        start = content[:64].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
        if start.startswith(b"<?xml"):
            raise ChangedFormat("XML")
        if start.startswith(b"<"):
            raise Blocked
        return content

    def _read(self, answer: BaseHTTPResponse) -> bytes:
        """The body, within the deadline however slowly it comes, and whole."""
        end = self._settings.clock() + self._settings.deadline
        parts: list[bytes] = []
        size = 0
        # read1: what has come by now, not a full chunk, so that a slow drip is noticed.
        while part := answer.read1(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > self._settings.longest:
                raise Unreachable("the answer is too long")
            if self._settings.clock() > end:
                raise Unreachable("the answer comes too slowly")
        expected = answer.headers.get("Content-Length", "")
        if expected.isdecimal() and size < int(expected) and "Content-Encoding" not in answer.headers:
            raise Unreachable("the answer broke off")
        return b"".join(parts)


def _checked(content: bytes, whole: Callable[[bytes], object]) -> None:
    try:
        whole(content)
    except (ValueError, RecursionError) as error:
        raise Unreachable("the answer broke off") from error


def _seconds(header: str | None) -> float | None:
    """``Retry-After`` in seconds, from seconds or from a date; ``None`` where it says neither, or a time gone by."""
    if not header:
        return None
    if header.isascii() and header.isdecimal():
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    left = (at - datetime.now(UTC if at.tzinfo else None)).total_seconds()
    return left if left > 0 else None

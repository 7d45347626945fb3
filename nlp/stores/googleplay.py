"""Google Play's reviews as its own pages ask for them (the batchexecute call named UsvDTd)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from nlp.reviews import KST, credible
from nlp.stores.entries import Entry
from nlp.stores.errors import ChangedFormat
from nlp.stores.http import Settings

BASE = "https://play.google.com"
CALL = "UsvDTd"
PER_PAGE = 150
SORTS = {"mosthelpful": 1, "mostrecent": 2}


def address(settings: Settings) -> str:
    """Where the call goes."""
    query = urlencode({"rpcids": CALL, "hl": settings.language, "gl": settings.country})
    return f"{settings.base_url or BASE}/_/PlayStoreUi/data/batchexecute?{query}"


def body(app_id: str, sort: str, token: str | None) -> str:
    """What the call asks for: one page after ``token``."""
    asked = [None, None, [2, SORTS[sort], [PER_PAGE, None, token], None, []], [app_id, 7]]
    call = [[[CALL, json.dumps(asked, separators=(",", ":")), None, "generic"]]]
    return urlencode({"f.req": json.dumps(call, separators=(",", ":"))})


def page(content: bytes) -> tuple[list[Entry], str | None]:
    """The reviews of one page, and the token of the next, ``None`` after the last. Raises ``ChangedFormat``."""
    try:
        text = content.decode("utf-8")
        rows = next(row for line in text.splitlines() if line.startswith("[") for row in _calls(line))
        if rows is None:
            return [], None
        found = json.loads(rows)
        reviews = found[0] or [] if found else []
        token = found[-2][-1] if len(found) > 1 and found[-2] else None
        return [_entry(row) for row in reviews], token if isinstance(token, str) else None
    except StopIteration:
        raise ChangedFormat("Google Play: no answer to the call") from None
    except (ValueError, KeyError, TypeError, IndexError, RecursionError, OverflowError, OSError) as error:
        raise ChangedFormat(f"Google Play: {type(error).__name__}") from error


def whole(content: bytes) -> None:
    """Raises ``ValueError`` for an answer that broke off."""
    for line in content.decode("utf-8").splitlines():
        if line.startswith("["):
            json.loads(line)


def _calls(line: str) -> list[str | None]:
    return [row[2] for row in json.loads(line) if row[0] == "wrb.fr" and row[1] == CALL]


def _entry(row: list[Any]) -> Entry:
    star = row[2]
    if star not in (1, 2, 3, 4, 5):
        raise ValueError("star")
    at = datetime.fromtimestamp(int(row[5][0]), KST)
    if not credible(at):
        raise ValueError("date")
    return Entry(
        store_id=str(row[0]),
        author=str(row[1][0] or ""),
        at=at,
        star=int(star),
        likes=max(0, int(row[6] or 0)),
        title="",
        text=str(row[4] or ""),
        version=str(row[10] or "") if len(row) > 10 else "",
    )

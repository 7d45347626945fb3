"""The App Store's feed of customer reviews (RSS as JSON): at most ten pages of fifty, newest or most helpful first."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from nlp.reviews import KST, credible
from nlp.stores.entries import Entry
from nlp.stores.errors import ChangedFormat
from nlp.stores.http import Settings

BASE = "https://itunes.apple.com"
PAGES = 10
SORTS = ("mostrecent", "mosthelpful")


def address(settings: Settings, app_id: str, sort: str, page: int) -> str:
    """Where one page of the feed is."""
    base = settings.base_url or BASE
    return f"{base}/{settings.country}/rss/customerreviews/page={page}/id={app_id}/sortby={sort}/json"


def entries(content: bytes) -> list[Entry]:
    """The reviews of one page, none if it is empty. Raises ``ChangedFormat``; whoever got a broken page asks again."""
    try:
        feed = json.loads(content)["feed"]
        found = feed.get("entry", [])
        # One review alone is not in a list, and the first entry of a first page may be the app itself.
        rows = [found] if isinstance(found, dict) else list(found)
        return [_entry(row) for row in rows if "im:rating" in row]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ChangedFormat(f"App Store: {type(error).__name__}") from error


def _entry(row: dict[str, Any]) -> Entry:
    star = int(_label(row, "im:rating"))
    if not 1 <= star <= 5:
        raise ValueError("star")
    at = datetime.fromisoformat(_label(row, "updated")).astimezone(KST)
    if not credible(at):
        raise ValueError("date")
    return Entry(
        store_id=_label(row, "id"),
        author=str(row.get("author", {}).get("name", {}).get("label", "")),
        at=at,
        star=star,
        likes=max(0, int(row.get("im:voteCount", {}).get("label", 0) or 0)),
        title=_label(row, "title"),
        text=_label(row, "content"),
        version=str(row.get("im:version", {}).get("label", "")),
    )


def _label(row: dict[str, Any], key: str) -> str:
    value = row[key]["label"]
    if not isinstance(value, str):
        raise TypeError(key)
    return value

"""The reviews in a JSON file: objects in an array, wherever it stands, or one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from nlp.decoding import decoded, lines_of
from nlp.headings import columns_of, lacking
from nlp.reviews import UnreadableFile

#: So deep within arrays and objects a list of reviews is looked for.
_DEPTH = 8


def table_in(data: bytes) -> tuple[list[str], list[Any]]:
    """The names of all fields, and the elements in their order; what is no object among them is kept too.

    Raises ``UnreadableFile`` if there is no object in it.
    """
    items = _items(decoded(data)[0])
    names = _names(items)
    if not names:
        raise UnreadableFile(
            "후기 목록이 없습니다. 객체의 배열이거나 한 줄에 객체 하나여야 합니다.",
            "No reviews in it: an array of objects is needed, or one object a line.",
        )
    return names, items


def _items(text: str) -> list[Any]:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return [_line(line) for line in lines_of(text) if line.strip()]
    lists = list(_lists(whole))
    if isinstance(whole, dict):
        lists.append([whole])  # a file of one review
    if of_reviews := [found for found in lists if _holds_reviews(found)]:
        return [item for found in of_reviews for item in found]
    return max(lists, key=lambda found: len(columns_of(_names(found))), default=[])


def _lists(whole: Any) -> Iterator[list[Any]]:
    """Every list in it from the outside in, but none of those that a list of reviews holds."""
    level = [whole]
    for _ in range(_DEPTH):
        within: list[Any] = []
        for value in level:
            if isinstance(value, list):
                yield value
            if isinstance(value, dict):
                within.extend(value.values())
            elif isinstance(value, list) and not _holds_reviews(value):
                within.extend(value)
        level = [value for value in within if isinstance(value, dict | list)]


def _holds_reviews(items: list[Any]) -> bool:
    return not lacking(columns_of(_names(items)))


def _names(items: list[Any]) -> list[str]:
    return list(dict.fromkeys(name for item in items if isinstance(item, dict) for name in item))


def _line(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None

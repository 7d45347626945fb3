"""Which column is which: headings in Korean and English, as stores and collectors of reviews write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_COLUMNS: dict[str, frozenset[str]] = {
    "date": frozenset(
        {
            "date",
            "at",
            "datetime",
            "created",
            "createdat",
            "updated",
            "time",
            "timestamp",
            "날짜",
            "작성시각",
            "일시",
            "작성일",
            "작성일시",
            "등록일",
        }
    ),
    "star": frozenset({"star", "stars", "rating", "score", "별점", "평점", "점수"}),
    "review": frozenset(
        {
            "review",
            "reviewtext",
            "reviewbody",
            "content",
            "contents",
            "text",
            "body",
            "comment",
            "message",
            "리뷰",
            "리뷰내용",
            "내용",
            "후기",
            "후기내용",
            "본문",
        }
    ),
    "title": frozenset({"title", "subject", "제목"}),
    "likes": frozenset(
        {"like", "likes", "thumbsup", "thumbsupcount", "votes", "helpful", "좋아요", "추천", "공감"}
    ),
    "user": frozenset(
        {"user", "username", "author", "name", "nickname", "작성자", "이름", "닉네임", "사용자"}
    ),
    "app": frozenset({"app", "appid", "storeid", "trackid", "앱", "앱id", "앱아이디", "패키지", "package"}),
    "store": frozenset({"store", "market", "platform", "스토어", "마켓", "플랫폼"}),
    "id": frozenset({"id", "reviewid", "리뷰id", "후기id"}),
    "version": frozenset({"version", "appversion", "reviewcreatedversion", "버전", "앱버전"}),
}
#: Without these a table holds no reviews.
NEEDED = ("date", "star", "review")


def columns_of(cells: Sequence[str]) -> dict[str, int]:
    """Our name of a column → its place, for every heading that we know."""
    columns: dict[str, int] = {}
    for index, cell in enumerate(cells):
        name = re.sub(r"[\s_\-\ufeff]", "", cell).lower()
        for column, names in _COLUMNS.items():
            if name in names:
                columns.setdefault(column, index)
    return columns


def lacking(columns: Iterable[str]) -> str:
    """The needed columns that are not among ``columns``, as a person is told; ``''`` if none is."""
    known = set(columns)
    return ", ".join(name.upper() for name in NEEDED if name not in known)

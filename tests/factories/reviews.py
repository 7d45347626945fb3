"""Review files, imports and analyses. The reviews are made up here; none is anyone's."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable
from typing import Any

from app.accounts.models import User
from app.reviews import service
from app.reviews.models import Analysis, ReviewImport
from tests.factories import accounts

HEADER = ("USER", "DATE", "STAR", "LIKE", "TITLE", "REVIEW")
APP = "517637141"
PRAISE = (
    "집에서 바로 진료를 받아서 정말 편해요",
    "의사 선생님이 친절하게 설명해 주셔서 좋아요",
    "예약이 쉽고 약도 빨리 와서 만족합니다",
)
COMPLAINTS = (
    "로그인이 안 되고 인증 오류가 계속 나요",
    "지방에는 연결된 병원이 없어서 쓸 수가 없어요",
    "비대면으로 신청했는데 병원에 오라고 해서 화가 나요",
)

_numbers = itertools.count(1)


def create_operator(**given: Any) -> User:
    """Return an operator who never signs in by password (hashing one takes time)."""
    return accounts.create_operator(**({"password_hash": "none"} | given))


def review_row(**given: Any) -> list[str]:
    """Return one row of a review file, another one each time."""
    number = next(_numbers)
    star = given.get("star", 1 + number % 5)
    words = (PRAISE if star in (4, 5) else COMPLAINTS)[number % 3]
    values = {"user": f"user-{number}", "date": "2023-08-22 02:38:07-07:00", "star": star, "like": 0}
    values |= {"title": f"제목 {number}", "review": f"{words} {number}"}
    return [str(value) for value in (values | given).values()]


def review_csv(
    rows: Iterable[Iterable[str]], header: Iterable[str] = HEADER, encoding: str = "utf-8-sig"
) -> bytes:
    """Return a review file."""
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode(encoding)


def create_import(
    operator: User | None = None,
    content: bytes | None = None,
    *,
    rows: int = 30,
    filename: str = f"appstore_{APP}.csv",
) -> ReviewImport:
    """Upload one file; the worker has not read it yet."""
    data = content if content is not None else review_csv(review_row() for _ in range(rows))
    return service.import_files((operator or create_operator()).id, [(filename, data)])[0]


def create_analysis(operator: User | None = None, **given: Any) -> Analysis:
    """Ask for an analysis of all there is; the worker has not begun yet."""
    return service.start_analysis(
        (operator or create_operator()).id,
        given.get("apps", []),
        without_bursts=given.get("without_bursts", False),
    )

"""Days and times are not torn apart at the end of a line, and telephone numbers neither."""

from __future__ import annotations

import pytest

from app.infra.moments import keep_together, plain
from app.web.text import unbroken


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("2026년 11월 23일 (월) 오전 10:00", ["2026년", "11월 23일 (월)", "오전 10:00"]),
        ("11월 23일 월요일 오후 2:00까지", ["11월 23일", "월요일", "오후 2:00까지"]),
        ("Mon, Nov 23, 2026, 10:00 AM", ["Mon,", "Nov 23,", "2026,", "10:00 AM"]),
    ],
)
def test_a_line_breaks_only_between_a_day_and_a_time(text: str, pieces: list[str]) -> None:
    joined = keep_together(text)
    assert [plain(piece) for piece in joined.split(" ")] == pieces
    assert plain(joined) == text


def test_a_number_stays_whole_and_an_address_may_break() -> None:
    assert unbroken("010-****-5678") == '<span class="nowrap">010-****-5678</span>'
    assert unbroken("yo****@a-rather-long-host.example.com") == "yo****@a-rather-long-host.example.com"
    assert unbroken("<b>") == '<span class="nowrap">&lt;b&gt;</span>'

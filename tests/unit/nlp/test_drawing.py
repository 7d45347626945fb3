"""Pictures of a report: the same bytes, however many processes draw them."""

from __future__ import annotations

from datetime import datetime

from nlp.drawing import Studio
from nlp.report import build
from nlp.reviews import KST, Review


def test_two_processes_draw_what_one_draws() -> None:
    said = (
        (5, "편하고 좋아요 진료 최고"),
        (4, "친절해요 약이 빨리 와요"),
        (1, "병원이 없어요"),
        (2, "앱이 자꾸 꺼져요"),
    )
    report = build(
        [
            Review("517637141", datetime(2023, 1 + i, 3, tzinfo=KST), star, 0, "", text, f"{i:064}")
            for i, (star, text) in enumerate(said)
        ]
    )
    alone = Studio(1).pictures(report)
    with Studio(2) as studio:
        assert studio.pictures(report) == alone
    assert {name for name in alone if name.startswith("cloud_")} == {
        f"cloud_{side}_{by}.{kind}"
        for side in ("high", "low")
        for by in ("tfidf", "frequency")
        for kind in ("png", "svg")
    }
    assert all(content for content in alone.values())

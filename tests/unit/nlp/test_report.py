from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from nlp.index import Query
from nlp.report import STAGES, Report, analyse, build
from nlp.reviews import KST, Review
from nlp.samples import beyond_length
from nlp.tokenize import Tokenizer

MakeReview = Callable[..., Review]
PRAISE = [
    "병원 예약이 편해요",
    "약배송이 빠르고 좋아요",
    "의사가 친절하고 설명이 좋아요",
    "집에서 진료 받으니 편리해요",
]
COMPLAINTS = [
    "업데이트 후 로그인이 안 돼요",
    "주변에 병원이 없어요",
    "돈만 나가고 환불이 안 됩니다",
    "고객센터 연락이 안 돼요",
]


@pytest.fixture
def some(make_review: MakeReview) -> list[Review]:
    """Praise and complaints, three of them 3★, over three apps."""
    apps = ["517637141", "1014889755", "unknown.app"]
    stars = [(text, 5) for text in PRAISE * 6] + [(text, 1) for text in COMPLAINTS * 6]
    stars += [("병원은 좋은데 앱이 느려요", 3)] * 3
    return [
        make_review(text, star, app=apps[i % 3], title=f"{i}번째 이용 후기", author=f"{i}")
        for i, (text, star) in enumerate(stars)
    ]


def test_the_same_reviews_in_any_order_give_the_same_bytes(some: list[Review], mecab: Tokenizer) -> None:
    first = build(some, tokenizer=mecab).to_json()
    shuffled = random.Random(3).sample(some, len(some))
    assert build(shuffled, tokenizer=mecab).to_json().encode() == first.encode()
    assert (
        build([*some[:-1]], tokenizer=mecab).created_from.sha256
        != json.loads(first)["created_from"]["sha256"]
    )


def test_a_report_survives_its_json(some: list[Review], mecab: Tokenizer) -> None:
    report = build(some, tokenizer=mecab)
    again = Report.from_json(report.to_json())
    assert again == report
    assert again.to_json() == report.to_json()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"version": "2.0"}', '{"version": "1.0"}', '{"version": "2.0", "totals": 3}', "null"],
)
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="report"):
        Report.from_json(text)


def test_a_report_with_a_wrong_type_inside_is_refused(some: list[Review], mecab: Tokenizer) -> None:
    data = json.loads(build(some, tokenizer=mecab).to_json())
    data["contrast"]["owner"]["shared"] = "3"
    with pytest.raises(ValueError, match="report"):
        Report.from_json(json.dumps(data))


def test_a_report_is_frozen(some: list[Review], mecab: Tokenizer) -> None:
    report = build(some, tokenizer=mecab)
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.version = "2"  # type: ignore[misc]


def test_totals_and_apps(some: list[Review], mecab: Tokenizer) -> None:
    report = build(some, tokenizer=mecab)
    assert report.totals.by_star == {"1": 24, "2": 0, "3": 3, "4": 0, "5": 24}
    assert report.totals.by_app == {"1014889755": 17, "517637141": 17, "unknown.app": 17}
    rows = {row.app: row for row in report.apps}
    assert (rows["517637141"].name_ko, rows["517637141"].verified) == ("굿닥", True)
    assert (rows["unknown.app"].name_ko, rows["unknown.app"].verified) == ("unknown.app", False)
    for row in report.apps:
        assert sum(row.stars) == row.reviews
        mean = sum(star * n for star, n in enumerate(row.stars, 1)) / row.reviews
        assert row.mean_star == pytest.approx(mean, abs=1e-4)


def test_days_and_months_are_korean(make_review: MakeReview, mecab: Tokenizer) -> None:
    """15:00 UTC on New Year's Eve is New Year in Seoul."""
    eve = datetime(2022, 12, 31, 14, 59, 59, tzinfo=UTC)
    report = build([make_review(at=eve), make_review(at=eve + timedelta(seconds=1))], tokenizer=mecab)
    assert report.totals.by_month == {"2022-12": 1, "2023-01": 1}
    assert report.totals.by_year == {"2022": 1, "2023": 1}
    assert (report.apps[0].first, report.apps[0].last) == ("2022-12-31", "2023-01-01")
    assert (report.study.by_calendar_month["12"], report.study.by_calendar_month["01"]) == (1, 1)


def test_three_star_reviews_are_on_both_sides_of_the_owner_s_view_and_on_none_of_the_other(
    some: list[Review], mecab: Tokenizer
) -> None:
    contrast = build(some, tokenizer=mecab).contrast
    assert (contrast.owner.high.reviews, contrast.owner.low.reviews, contrast.owner.shared) == (27, 27, 3)
    assert (contrast.keyness.high_reviews, contrast.keyness.low_reviews) == (24, 24)
    high = {row.word: row.count for row in contrast.owner.high.by_frequency}
    low = {row.word: row.count for row in contrast.owner.low.by_frequency}
    assert high["느리다"] == low["느리다"] == 3
    assert high["좋다"] == 15
    assert low["좋다"] == 3
    assert low["안 되다"] == 18


def test_tables_are_sorted_and_cut(some: list[Review], mecab: Tokenizer) -> None:
    side = build(some, tokenizer=mecab, top=5).contrast.owner.low
    assert len(side.by_frequency) == len(side.by_weight) == 5
    counts = [(-row.count, row.word) for row in side.by_frequency]
    assert counts == sorted(counts)
    assert [row.weight for row in side.by_weight] == sorted(
        (row.weight for row in side.by_weight), reverse=True
    )
    assert all(0 < row.weight <= 1 and row.reviews <= row.count for row in side.by_weight)


def test_key_words_point_to_their_side(some: list[Review], mecab: Tokenizer) -> None:
    keyness = build(some, tokenizer=mecab).contrast.keyness
    assert keyness.low[0].word == "안 되다"
    assert all(row.z >= 1.96 and row.high_count > row.low_count for row in keyness.high)
    assert all(row.z <= -1.96 and row.high_count < row.low_count for row in keyness.low)
    assert all(row.high_count + row.low_count >= 5 for row in (*keyness.high, *keyness.low))


def test_progress_names_every_stage_and_never_falls(some: list[Review], mecab: Tokenizer) -> None:
    told: list[tuple[str, float]] = []
    build(some, tokenizer=mecab, progress=lambda stage, share: told.append((stage, share)))
    assert list(dict.fromkeys(stage for stage, _ in told)) == list(STAGES)
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)


def test_no_reviews_give_a_report_of_zeros(mecab: Tokenizer) -> None:
    report = build([], tokenizer=mecab)
    assert report.totals.reviews == 0
    assert report.apps == report.samples.high == report.contrast.keyness.low == ()
    assert (report.created_from.first, report.study.busiest_month, report.study.length_r) == (
        None,
        None,
        None,
    )
    assert Report.from_json(report.to_json()) == report


@pytest.mark.parametrize("star", [1, 3, 5])
def test_one_sided_and_wordless_reviews_are_counted(
    make_review: MakeReview, mecab: Tokenizer, star: int
) -> None:
    report = build([make_review("👍👍", star), make_review("ㅋㅋㅋㅋ", star)], tokenizer=mecab)
    assert (report.totals.reviews, report.totals.without_words) == (2, 2)
    assert report.contrast.owner.high.by_weight == ()
    assert Report.from_json(report.to_json()) == report


def test_top_must_be_positive(mecab: Tokenizer) -> None:
    with pytest.raises(ValueError, match="top"):
        build([], tokenizer=mecab, top=0)


def test_a_promotion_is_flagged_and_not_quoted(make_review: MakeReview, mecab: Tokenizer) -> None:
    start = datetime(2023, 3, 1, tzinfo=KST)
    promoted = [
        make_review(
            f"정말 좋은 앱 추천 병원 예약 진료 약국 {i}",
            5,
            app="1550889868",
            at=start + timedelta(days=i // 4),
        )
        for i in range(60)
    ]
    steady = [make_review(PRAISE[i % 4], 5 - i % 3, app="517637141") for i in range(60)]
    report = build([*promoted, *steady], tokenizer=mecab)
    (burst,) = report.bursts
    assert (burst.app, burst.reviews, burst.of, burst.praise) == ("1550889868", 60, 60, 1.0)
    assert (burst.first, burst.last, burst.days) == ("2023-03-01", "2023-03-15", 15)
    assert all(sample.app != "1550889868" for sample in report.samples.high)


def test_a_promotion_can_be_left_out_of_everything(make_review: MakeReview, mecab: Tokenizer) -> None:
    start = datetime(2023, 3, 1, tzinfo=KST)
    promoted = [
        make_review(f"홍보 이벤트 추천 {i}", 5, app="1550889868", at=start + timedelta(days=i // 4))
        for i in range(60)
    ]
    after = [make_review("환불이 안 돼요", 1, app="1550889868", at=start + timedelta(days=200))]
    steady = [make_review(PRAISE[i % 4], 5 - i % 3, app="517637141") for i in range(40)]
    mixed = [*promoted[:30], *after, *steady, *promoted[30:]]
    analysed = analyse(mixed, tokenizer=mecab, without_bursts=True, ids=[100 + i for i in range(101)])
    report, index = analysed.report, analysed.index
    (burst,) = report.left_out
    assert (burst.app, burst.first, burst.last, burst.reviews) == (
        "1550889868",
        "2023-03-01",
        "2023-03-15",
        60,
    )
    rest = build([*after, *steady], tokenizer=mecab)
    assert rest.left_out == ()
    assert dataclasses.replace(report, left_out=()).to_json() == rest.to_json()
    assert "홍보" not in {word.word for word in report.contrast.owner.high.by_frequency}
    assert index.ids.tolist() == list(range(130, 171))
    assert index.find(Query(word="홍보"))[0] == 0
    assert Report.from_json(report.to_json()) == report
    again = analyse(mixed[::-1], tokenizer=mecab, without_bursts=True).report
    assert again.to_json().encode() == report.to_json().encode()
    assert build(mixed, tokenizer=mecab).left_out == ()


def test_a_report_from_before_bursts_could_be_left_out_is_read(mecab: Tokenizer) -> None:
    report = build([], tokenizer=mecab)
    data = json.loads(report.to_json())
    del data["left_out"]
    assert Report.from_json(json.dumps(data | {"version": "2.0"})) == dataclasses.replace(
        report, version="2.0"
    )


def test_a_rush_of_complaints_is_no_promotion(make_review: MakeReview, mecab: Tokenizer) -> None:
    start = datetime(2023, 3, 1, tzinfo=KST)
    rush = [make_review(COMPLAINTS[i % 4], 1, at=start + timedelta(hours=i)) for i in range(60)]
    assert build(rush, tokenizer=mecab).bursts == ()


def test_the_study_s_figures(make_review: MakeReview, mecab: Tokenizer) -> None:
    """Lengths 10, 20, 30, 40 with labels 1, 1, 0, 0: r = -2 / √5."""
    reviews = [make_review("가" * length, star) for length, star in ((10, 5), (20, 4), (30, 3), (40, 1))]
    study = build(reviews, tokenizer=mecab).study
    assert (study.reviews, study.above3, study.not_above3) == (4, 2, 2)
    assert study.length_r == pytest.approx(-2 / 5**0.5, abs=1e-6)


def test_samples_are_typical_different_and_named_by_key(make_review: MakeReview, mecab: Tokenizer) -> None:
    usual = [
        make_review(f"병원 예약 진료 약국 처방전 대기시간 좋아요 {word}", 5)
        for word in ("약", "돈", "집", "앱", "폰")
    ]
    odd = make_review("고양이 강아지 바다 하늘 자동차 자전거 기차 비행기", 5)
    again = [make_review("병원 예약 진료 약국 처방전 대기시간 좋아요 약", 5) for _ in range(5)]
    high = build([*usual, odd, *again], tokenizer=mecab).samples.high
    assert high[0].key != odd.key
    assert high[0].key in {review.key for review in usual}
    texts = [sample.text for sample in high]
    assert len(texts) == len(set(texts))


def test_length_has_no_part_in_what_is_typical() -> None:
    random_state = np.random.default_rng(1)
    length = random_state.integers(6, 200, 500)
    centrality = 0.1 * np.log(length) + random_state.normal(0, 0.05, 500)
    rest = beyond_length(centrality, length)
    assert abs(np.corrcoef(rest, np.log(length))[0, 1]) < 1e-9
    assert np.corrcoef(centrality, np.log(length))[0, 1] > 0.5


def test_hostile_text_does_not_break_a_report(make_review: MakeReview, mecab: Tokenizer) -> None:
    nasty = ["\ud800병원", "예약\x00", "가" * 100_000, "\u202e예약 ‮", "<script>alert(1)</script>", "=1+1"]
    reviews = [
        make_review(f"{text} 병원 예약 진료 약국 처방전 고객센터 로그인", star)
        for text in nasty
        for star in (1, 5)
    ]
    report = build(reviews, tokenizer=mecab)
    report.to_json().encode()
    assert Report.from_json(report.to_json()) == report

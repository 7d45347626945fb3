"""From reviews to a report and an index, and back from every figure to its reviews."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest

from nlp import chunks
from nlp.compare import compare
from nlp.index import IndexUnreadable, NotInIndex, Query, ReviewIndex
from nlp.model import Report
from nlp.reading import Reader
from nlp.report import Analysed, analyse
from nlp.reviews import Review
from nlp.tokenize import Tokenizer
from tests.factories.nlp import earlier

MakeReview = Callable[..., Review]
GOOD = [
    "집에서 진료 받으니 정말 편하고 좋아요",
    "약 배송이 빨라서 만족합니다 추천해요",
    "의사 선생님이 친절해요",
]
BAD = [
    "로그인이 안 돼서 쓸 수가 없어요 최악입니다",
    "갑자기 유료라니 환불해 주세요 돈이 아까워요",
    "주변에 병원이 없어요 지방은 쓸 수가 없네요",
]


@pytest.fixture(scope="module")
def made() -> list[Review]:
    from datetime import datetime, timedelta

    from nlp.reviews import KST

    start = datetime(2023, 1, 3, 12, tzinfo=KST)
    rows = [(GOOD[i % 3], 5, "517637141") for i in range(24)] + [
        (BAD[i % 3], 1, "1014889755") for i in range(24)
    ]
    rows += [("편하긴 한데 병원이 없어요", 3, "517637141")] * 3
    rows.append(("로그인도 안 되고 오류만 나고 최악이에요 환불해 주세요", 5, "517637141"))
    return [
        Review(
            app,
            start + timedelta(days=3 * i),
            star,
            0,
            "",
            f"{text} {i}",
            f"{i}",
            version=(" 2.9", "2.10", "")[i % 3],
        )
        for i, (text, star, app) in enumerate(rows)
    ]


@pytest.fixture(scope="module")
def analysed(made: list[Review], mecab: Tokenizer) -> Analysed:
    return analyse(made, tokenizer=mecab, ids=[1000 + i for i in range(len(made))])


def test_the_report_survives_its_json_and_does_not_depend_on_the_order(
    made: list[Review], analysed: Analysed, mecab: Tokenizer
) -> None:
    json = analysed.report.to_json()
    assert Report.from_json(json) == analysed.report
    assert analyse(made[::-1], tokenizer=mecab).report.to_json() == json


def test_chunks_do_not_show(made: list[Review], mecab: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader.load()
    whole = chunks.read_all(made, mecab, reader, workers=1, progress=lambda _share: None)
    monkeypatch.setattr(chunks, "CHUNK", 7)
    cut = chunks.read_all(made, mecab, reader, workers=1, progress=lambda _share: None)
    for field in fields(whole):
        assert np.array_equal(getattr(whole, field.name), getattr(cut, field.name)), field.name


def test_two_processes_say_the_same(made: list[Review], mecab: Tokenizer) -> None:
    shares: list[float] = []
    one = chunks.read_all(made, mecab, Reader.load(), workers=1, progress=shares.append)
    two = chunks.read_all(made, mecab, Reader.load(), workers=2, progress=shares.append)
    assert np.array_equal(one.columns, two.columns)
    assert np.array_equal(one.probability, two.probability)
    assert shares == [1.0, 1.0]


def test_words_phrases_and_aspects_lead_to_their_reviews(made: list[Review], analysed: Analysed) -> None:
    index = analysed.index

    def texts(query: Query) -> list[str]:
        total, positions = index.find(query, limit=99)
        assert total == len(positions)
        return [made[position].text for position in positions]

    assert texts(Query(word="로그인"))
    assert all("로그인" in text for text in texts(Query(word="로그인")))
    assert all("병원이 없어요" in text for text in texts(Query(phrase=("병원", "없다"))))
    assert len(texts(Query(phrase=("병원", "없다")))) == 11
    assert all("로그인" in text for text in texts(Query(aspect="login", aspect_polarity="neg")))
    assert texts(Query(word="없는말")) == []
    assert texts(Query(aspect="no such key")) == []
    assert len(texts(Query(stars=(5,), app="517637141", month="2023"))) == 25 - sum(
        r.at.year != 2023 for r in made if r.star == 5
    )
    assert texts(Query(disagree=True)) == [made[-1].text]
    spoken, blamed, rest = (
        set(texts(Query(aspect="login", aspect_polarity=polarity))) for polarity in (None, "neg", "not_neg")
    )
    assert blamed | rest == spoken
    assert not blamed & rest
    assert len(texts(Query(complains=True))) == analysed.report.sentiment.complaints.count
    assert sorted(texts(Query(complains=True)) + texts(Query(complains=False))) == sorted(texts(Query()))
    assert index.ids.tolist() == [1000 + i for i in range(len(made))]


def test_a_version_leads_to_its_reviews(analysed: Analysed) -> None:
    def count(**asked: object) -> int:
        return analysed.index.find(Query(**asked), limit=0)[0]  # type: ignore[arg-type]

    trends = analysed.report.trends
    assert {(row.app, row.version) for row in trends.by_version} == {
        (app, version) for app in ("517637141", "1014889755") for version in ("2.9", "2.10")
    }
    for row in trends.by_version:
        assert count(app=row.app, version=row.version) == row.reviews
        assert count(app=row.app, version=row.version, complains=True) == row.complaints.count
    assert count(version="") == trends.undated_versions > 0
    assert count(version="3.0") == 0


def test_a_span_of_time_holds_both_its_ends(made: list[Review], analysed: Analysed) -> None:
    days = [review.at.date().isoformat() for review in made]

    def count(since: str | None, until: str | None) -> int:
        return analysed.index.find(Query(since=since, until=until), limit=0)[0]

    assert count(days[3], days[7]) == 5
    assert count(days[3], None) == len(made) - 3
    assert count(None, days[7]) == 8
    assert count("2023-02", "2023-04") == sum("2023-02" <= day[:7] <= "2023-04" for day in days)
    assert count("2023", "2023") == count("2023-01", "2023-12") == count("2023-01-01", "2023-12-31")
    assert count("2023-02", days[20]) == sum("2023-02-01" <= day <= days[20] for day in days)
    assert count("2023-04", "2023-02") == 0


def test_an_index_from_before_there_were_versions_answers_what_it_did(analysed: Analysed) -> None:
    index = earlier(analysed.index)
    month = Query(since="2023-02", until="2023-04", aspect="login")
    assert index.find(month) == analysed.index.find(month)
    assert index.find(Query(word="로그인")) == analysed.index.find(Query(word="로그인"))
    assert earlier(index).to_bytes() == index.to_bytes()
    for unknown in (
        Query(version="2.9"),
        Query(version=""),
        Query(since="2023-02-01"),
        Query(until="2023-02-01"),
    ):
        with pytest.raises(NotInIndex):
            index.find(unknown)


def test_the_owner_s_sides_share_the_threes(analysed: Analysed) -> None:
    high, low = (analysed.index.find(Query(side=side), limit=0)[0] for side in ("high", "low"))  # type: ignore[arg-type]
    assert (high, low, high + low - len(analysed.index)) == (28, 27, 3)


def test_an_index_survives_its_bytes(analysed: Analysed) -> None:
    index = analysed.index
    again = ReviewIndex.from_bytes(index.to_bytes())
    for field in fields(index):
        assert np.array_equal(getattr(again, field.name), getattr(index, field.name)), field.name
    for content in (b"", b"PK", b"\x93NUMPY"):
        with pytest.raises(IndexUnreadable):
            ReviewIndex.from_bytes(content)


def test_praise_and_blame_in_one_review_are_told_apart(analysed: Analysed, made: list[Review]) -> None:
    reading = Reader.load().read([made[48]])[0]
    assert {m.aspect: m.polarity for m in reading.mentions}["ease"] != "neg"
    assert "병원이 없어요" in next(m.about for m in reading.mentions if m.aspect == "hospital_connection")


def test_two_apps_side_by_side(analysed: Analysed) -> None:
    found = compare(analysed.index, Query(app="1014889755"), Query(app="517637141"))
    assert (found.left_reviews, found.right_reviews) == (24, 28)
    assert found.complaints.clear
    assert (found.complaints.difference or 0) > 0.5
    assert {row.word for row in found.left_words} == {"없다", "쓰다"}
    spoken = {row.key: row for row in found.spoken}
    assert spoken["payment"].left.count == 8
    empty = compare(analysed.index, Query(app="nobody"), Query())
    assert empty.left_reviews == 0
    assert empty.complaints.difference is None
    assert empty.left_words == ()


def test_cards_say_what_the_data_bear_out(analysed: Analysed) -> None:
    cards = analysed.report.insights
    assert [card.rank for card in cards] == list(range(1, len(cards) + 1))
    by_key = {card.key: card for card in cards}
    assert by_key["login"].holds
    assert by_key["login"].apps == ("1014889755", "517637141")
    studied = [card for card in cards if card.finding == "study"]
    assert len(studied) == 5
    assert not by_key["study_visit_demanded"].holds
    assert "뿐입니다" in by_key["study_visit_demanded"].claim_ko
    for card in cards:
        assert "{" not in card.claim_ko + card.claim_en
        assert card.suggestion_ko
        assert card.suggestion_en
        assert card.metric_ko
        assert card.metric_en
        assert len(card.quotes) <= 3


def test_nothing_is_a_report_of_zeros(mecab: Tokenizer) -> None:
    found = analyse([], tokenizer=mecab)
    assert found.report.totals.reviews == 0
    assert len(found.index) == 0
    assert found.index.find(Query(word="병원")) == (0, [])
    assert Report.from_json(found.report.to_json()) == found.report

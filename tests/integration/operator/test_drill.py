"""From every figure of a report to its reviews; two periods side by side."""

from __future__ import annotations

import csv
import html
import io
import itertools
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, select

from app.accounts.models import User
from app.infra import clock, storage
from app.infra.database import transaction
from app.operator.blueprint import JOINER
from app.reviews import drill, report
from app.reviews import jobs as work_of_reviews
from app.reviews.models import Analysis, FormerReview, Review
from tests.factories.nlp import earlier_bytes
from tests.factories.reviews import APP, HEADER, create_analysis, create_import, review_csv, review_row
from tests.harness.client import Client

Work = Callable[[], int]


def _analysed(
    operator: User, work: Work, db: Any, rows: list[Any], header: tuple[str, ...] = HEADER
) -> Analysis:
    """A finished analysis of these rows of a file."""
    create_import(operator, review_csv(rows, header))
    work()
    made = create_analysis(operator)
    work()
    db.session.expire_all()
    return made


@pytest.fixture
def run(operator: User, work: Work, db: Any, monkeypatch: pytest.MonkeyPatch) -> Analysis:
    """A finished analysis of twenty reviews of two years."""
    monkeypatch.setattr(work_of_reviews, "CLOUD_SIZE", (240, 160))
    rows = [
        review_row(
            star=5,
            title="편해요",
            review=f"집에서 예약하니 편하고 좋아요 {n}",
            date=f"2022-0{n}-05 00:00:00-07:00",
        )
        for n in range(1, 9)
    ]
    rows += [
        review_row(
            star=1,
            title="",
            review=f"로그인이 안 돼요 환불해 주세요 {n}",
            date=f"2023-0{n}-05 00:00:00-07:00",
        )
        for n in range(1, 9)
    ]
    rows += [
        review_row(star=5, title="", review=f"오류만 나고 최악이에요 환불해 주세요 {n}") for n in range(4)
    ]
    return _analysed(operator, work, db, rows)


def _page(office: Client, address: str) -> str:
    answer = office.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.text)


def test_every_link_of_the_report_leads_to_reviews(office: Client, run: Analysis) -> None:
    page = _page(office, f"/operator/analyses/{run.public_id}")
    links = {html.unescape(link) for link in re.findall(r'href="([^"]*/reviews\?[^"]*)"', page)}
    assert len(links) > 15
    for link in sorted(links):
        assert _behind(office, link), link


@pytest.fixture
def mixed(operator: User, work: Work, db: Any, monkeypatch: pytest.MonkeyPatch) -> Analysis:
    """A finished analysis in which the probability of a complaint and the polarity differ."""
    monkeypatch.setattr(work_of_reviews, "CLOUD_SIZE", (240, 160))
    said = (
        "예약은 편한데 로그인이 안 돼요", "의사 선생님은 친절한데 앱 오류가 나요", "약 배송이 빨라서 좋아요",
        "처음 써 봤습니다", "병원에 오라고 해서 화가 나요", "가격은 싸지만 오래 기다렸어요", "환불해 주세요",
        "지방에는 병원이 없어요", "진료가 편하고 좋아요", "앱 업데이트 후에 예약 화면이 바뀌었어요",
    )  # fmt: skip
    rows = [
        review_row(star=1 + n % 5, title="", review=f"{a}. {b}", date=f"2023-0{1 + n % 6}-05 00:00:00-07:00")
        for n, (a, b) in enumerate(itertools.product(said, said))
    ]
    rows = [[*row, ("1.9.0", "1.10.0 (build 7)", "")[n % 3]] for n, row in enumerate(rows)]
    return _analysed(operator, work, db, rows, (*HEADER, "VERSION"))


def _behind(office: Client, address: str) -> int:
    """How many reviews the page behind a figure says there are."""
    found = re.search(r"후기 ([\d,]+)건", _page(office, address))
    assert found, address
    return int(found[1].replace(",", ""))


def test_every_bar_counts_the_reviews_behind_it(office: Client, mixed: Analysis) -> None:
    page = _page(office, f"/operator/analyses/{mixed.public_id}")
    charts = [json.loads(html.unescape(text)) for text in re.findall(r'data-chart="([^"]*)"', page)]
    pairs = [
        (link, value)
        for chart in charts
        for series in chart["series"]
        for link, value in zip(series["links"], series["values"], strict=True)
        if "/reviews?word=" not in link
    ]
    assert {link.split("?")[1].split("=")[0] for link, _ in pairs} == {"aspect", "month", "topic"}
    assert [(link, _behind(office, link)) for link, _ in pairs] == pairs
    data = report.load(mixed)
    assert data["sentiment"]["by_polarity"]["neg"] != data["sentiment"]["complaints"]["count"]


def test_every_number_in_a_table_of_the_report_counts_the_reviews_behind_it(
    office: Client, mixed: Analysis
) -> None:
    page = _page(office, f"/operator/analyses/{mixed.public_id}")
    found = re.findall(r'<a href="([^"]*/reviews(?:\?[^"]*)?)">([\d,]+)</a>', page)
    pairs = {html.unescape(link): int(count.replace(",", "")) for link, count in found}
    # Of words and phrases their uses are counted, not the reviews.
    pairs = {link: count for link, count in pairs.items() if "word=" not in link and "phrase=" not in link}
    asked = {re.sub(r"=[^&]*", "", link.partition("?")[2]) for link in pairs}
    assert {"", "app", "app&stars", "stars", "side", "month", "topic", "stars&polarity"} <= asked
    assert {"version", "app&version", "app&version&complains"} <= asked
    assert {link: _behind(office, link) for link in pairs} == pairs


def test_the_reviews_of_a_version_name_it(office: Client, mixed: Analysis) -> None:
    page = _page(office, f"/operator/analyses/{mixed.public_id}/reviews?app={APP}&version=1.10.0 (build 7)")
    assert "버전 1.10.0 (build 7)</h1>" in page
    assert page.count("</time> · 버전 1.10.0 (build 7) ·") == 33
    assert "버전을 밝히지 않음" in _page(office, f"/operator/analyses/{mixed.public_id}/reviews?version=")


def test_a_likely_promotion_leads_to_the_reviews_of_its_days(
    office: Client, operator: User, work: Work, db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_of_reviews, "CLOUD_SIZE", (240, 160))
    rows = [review_row(star=5, date=f"2023-03-{1 + n % 20:02} 12:00:00+09:00") for n in range(32)]
    # Before the promotion and after it.
    rows += [review_row(star=1, date=f"2023-0{n}-28 12:00:00+09:00") for n in (1, 6)]
    run = _analysed(operator, work, db, rows)
    (burst,) = report.load(run)["bursts"]
    page = _page(office, f"/operator/analyses/{run.public_id}")
    for asked, count in (
        (f"app={APP}&since={burst['first']}&until={burst['last']}", burst["reviews"]),
        (f"app={APP}&stars=1,2", burst["complaints_ever"]),
        (f"app={APP}", burst["of"]),
    ):
        link = f"/operator/analyses/{run.public_id}/reviews?{asked}"
        assert f'href="{html.escape(link)}">{count}</a>' in page
        assert _behind(office, link) == count
    assert (burst["reviews"], burst["of"]) == (32, 34)


def test_a_card_leads_to_its_evidence(office: Client, mixed: Analysis) -> None:
    cards = {card["key"]: card for card in report.load(mixed)["insights"]}
    led = {key: evidence for key, card in cards.items() if (evidence := report.evidence_of(card))}
    assert {"study_visit_demanded", "study_province"} <= set(led)
    for key, evidence in led.items():
        asked = "&".join(f"{name}={value}" for name, value in evidence.asked.items())
        count = _behind(office, f"/operator/analyses/{mixed.public_id}/reviews?{asked}")
        assert count == cards[key]["evidence"]["count"] or (
            not evidence.exact and count > cards[key]["evidence"]["count"]
        ), key


def test_a_word_leads_to_the_reviews_that_use_it(office: Client, run: Analysis) -> None:
    page = _page(office, f"/operator/analyses/{run.public_id}/reviews?word=로그인&pos=noun&side=low")
    assert "낱말 ‘로그인’ · ≤3★" in page
    assert "후기 8건" in page
    assert page.count("로그인이 안 돼요") == 8
    assert "집에서 예약하니" not in page


def test_a_phrase_leads_to_the_reviews_in_which_its_words_stand_together(
    office: Client, run: Analysis
) -> None:
    page = _page(office, f"/operator/analyses/{run.public_id}/reviews?phrase=로그인 안 되다&stars=1,2")
    assert "구절 ‘로그인 안 되다’" in page
    assert page.count("로그인이 안 돼요") == 8


def test_stars_and_words_that_disagree(office: Client, run: Analysis) -> None:
    page = _page(office, f"/operator/analyses/{run.public_id}/reviews?disagree=1")
    assert page.count("오류만 나고 최악이에요") == 4
    assert "별과 말이 다름" in page


def test_the_reviews_come_as_a_table(office: Client, run: Analysis) -> None:
    answer = office.get(f"/operator/analyses/{run.public_id}/reviews.csv?aspect=login&aspect_polarity=neg")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert len(rows) == 8
    assert {row["app"] for row in rows} == {APP}
    assert all("login" in row["aspects"].split("|") and row["polarity"] == "neg" for row in rows)


@pytest.mark.parametrize(
    "asked",
    [
        "stars=x",
        "side=up",
        "polarity=bad",
        "topic=a",
        "aspect_polarity=1",
        "complains=2",
        "since=spring",
        "until=1",
    ],
)
def test_nonsense_is_not_found(office: Client, run: Analysis, asked: str) -> None:
    assert office.get(f"/operator/analyses/{run.public_id}/reviews?{asked}").status_code == 404
    assert office.get(f"/operator/analyses/{run.public_id}/reviews.csv?{asked}").status_code == 404


def test_a_review_deleted_since_counts_but_is_not_shown(office: Client, run: Analysis, db: Any) -> None:
    with transaction():
        db.session.execute(delete(Review).where(Review.text.like("로그인이 안 돼요%")))
    page = _page(office, f"/operator/analyses/{run.public_id}/reviews?aspect=login")
    assert "후기 8건" in page
    assert "로그인이 안 돼요" not in page


def test_an_edited_review_shows_how_it_read_before(office: Client, run: Analysis, db: Any) -> None:
    now = clock.now()
    with transaction():
        (review,) = db.session.scalars(select(Review).where(Review.text == "집에서 예약하니 편하고 좋아요 1"))
        db.session.add(
            FormerReview(
                review_id=review.id, star=2, title="", text="처음에는 몰랐어요", posted_at=now, noted_at=now
            )
        )
    page = _page(office, f"/operator/analyses/{run.public_id}/reviews?word=예약")
    assert page.count("고치기 전의 글 (1)") == 1
    assert "처음에는 몰랐어요" in page


def test_two_years_side_by_side(office: Client, run: Analysis) -> None:
    address = f"/operator/analyses/{run.public_id}/compare"
    assert "비교하기" in _page(office, address)
    page = _page(office, f"{address}?left_period=2023&right_period=2022")
    assert "후기 12건과 8건" in page
    assert "로그인" in page
    assert "<strong>+100.0%p</strong>" in page
    assert "서로 다른 두 쪽" in _page(office, f"{address}?left_period=2023&right_period=2023")


def test_spans_of_months_side_by_side(office: Client, run: Analysis) -> None:
    address = f"/operator/analyses/{run.public_id}/compare"
    page = _page(
        office, f"{address}?left_period=2022-03&left_until=2022-06&right_until=2022&right_app={APP}"
    ).replace(JOINER, "")
    assert "후기 4건과 8건" in page
    assert "모든 앱 2022-03 – 2022-06" in page
    assert "2022까지" in page
    found = re.findall(r'<a href="([^"]*/reviews\?[^"]*)">[^<]*: 후기 (\d+)건</a>', page)
    assert [int(count) for _link, count in found] == [4, 8]
    assert [_behind(office, html.unescape(link)) for link, _count in found] == [4, 8]
    # One period through itself is that period; the year before 2022-03 and after it is no span.
    page = _page(office, f"{address}?left_period=2022&left_until=2022&right_period=2023&right_until=2023-03")
    assert "후기 8건과 3건" in page
    assert "끝이 시작보다 앞섭니다" in _page(office, f"{address}?left_period=2022-03&left_until=2021")
    assert "끝이 시작보다 앞섭니다" not in _page(office, f"{address}?left_period=2022-03&left_until=2022")
    assert office.get(f"{address}?left_period=spring&left_until=2022").status_code == 404


def test_a_chance_too_small_for_four_digits_is_not_called_nothing(
    office: Client, run: Analysis, db: Any
) -> None:
    with transaction():
        stored = db.session.get(Analysis, run.id)
        data = json.loads(stored.report)
        data["hypotheses"][0] |= {"p": 1e-9, "effect": -0.5, "low": -0.75, "high": -0.25}
        stored.report = json.dumps(data)
    page = _page(office, f"/operator/analyses/{run.public_id}")
    assert "&lt;0.0001</td>" in page
    assert "−0.50<br>" in page
    assert "(−0.75 ~ −0.25)" in page


def test_every_figure_of_a_comparison_leads_to_its_reviews(office: Client, run: Analysis) -> None:
    base = f"/operator/analyses/{run.public_id}"
    page = _page(office, f"{base}/compare?left_period=2023&right_app={APP}")
    links = {html.unescape(link) for link in re.findall(r'href="([^"]*/reviews\?[^"]*)"', page)}
    assert all("month=2023" in link or f"app={APP}" in link for link in links)
    for part in ("complains=1", "aspect=login", "aspect_polarity=neg", "word="):
        assert any(part in link and "month=2023" in link for link in links), part
    for link in sorted(links):
        assert _behind(office, link), link
    assert _behind(office, f"{base}/reviews?month=2023") == 12
    # All apps at all times: the address of that side asks for nothing.
    page = _page(office, f"{base}/compare?left_period=2023")
    assert f'href="{base}/reviews"' in page
    assert f'href="{base}/reviews?word=' in page


def test_a_report_from_before_says_that_it_knows_no_reviews(office: Client, run: Analysis, db: Any) -> None:
    with transaction():
        db.session.get(Analysis, run.id).index_id = None
    answer = office.get(f"/operator/analyses/{run.public_id}/reviews?word=로그인")
    assert answer.status_code == 410
    assert "다시 분석하면" in answer.text
    assert "/reviews?" not in _page(office, f"/operator/analyses/{run.public_id}")


def test_a_report_whose_index_knows_no_versions_works_as_before(
    office: Client, mixed: Analysis, db: Any
) -> None:
    base = f"/operator/analyses/{mixed.public_id}"
    now = _page(office, base)
    assert "version=1.9.0" in now
    with transaction():
        run = db.session.get(Analysis, mixed.id)
        run.index = storage.put(earlier_bytes(drill.index_of(run)), "application/octet-stream")
        run.report = json.dumps(json.loads(run.report) | {"version": "2.1"})
    page = _page(office, base)
    assert "version=" not in page
    assert '<th scope="row">1.9.0</th>' in page
    links = {html.unescape(link) for link in re.findall(r'href="([^"]*/reviews\?[^"]*)"', page)}
    assert links == {
        html.unescape(link)
        for link in re.findall(r'href="([^"]*/reviews\?[^"]*)"', now)
        if "version=" not in link
    }
    assert _behind(office, f"{base}/reviews?month=2023-03")
    for asked in ("version=1.9.0", "version=", "since=2023-03-01"):
        answer = office.get(f"{base}/reviews?{asked}")
        assert answer.status_code == 410, asked
        assert "다시 분석하면" in answer.text
        assert office.get(f"{base}/reviews.csv?{asked}").status_code == 404
    assert "비교하기" in _page(office, f"{base}/compare?left_period=2023-01&right_period=2023-02")


def test_the_index_is_read_once(office: Client, run: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    drill._loaded.cache_clear()
    for _ in range(2):
        office.get(f"/operator/analyses/{run.public_id}/reviews?word=로그인")
    assert drill._loaded.cache_info().misses == 1

"""The operator brings in reviews and reads the report."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.reviews import jobs as work_of_reviews
from app.reviews import report
from app.reviews.models import Analysis, ReviewImport, WorkState
from tests.factories.reviews import create_analysis, create_import, review_csv, review_row
from tests.harness.client import Client

Work = Callable[[], int]


@pytest.fixture(autouse=True)
def small_clouds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing a cloud of full size takes a second."""
    monkeypatch.setattr(work_of_reviews, "CLOUD_SIZE", (240, 160))


def _upload(office: Client, *files: tuple[bytes, str]) -> Any:
    data = {"files": [(io.BytesIO(content), name) for content, name in files]}
    return office.post("/operator/reviews/imports", data=data, content_type="multipart/form-data")


def _page(office: Client, address: str) -> str:
    answer = office.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.text)


def test_before_there_is_anything_the_page_says_where_to_get_it(office: Client) -> None:
    page = _page(office, "/operator/reviews")
    assert "아직 가져온 후기가 없습니다" in page
    assert 'href="/operator/reviews/apps"' in page
    assert "분석 시작" not in page


def test_several_files_at_once_are_read_and_counted(office: Client, db: Any, work: Work) -> None:
    one = review_csv(review_row() for _ in range(3))
    two = review_csv([review_row(), review_row(star="열")])
    answer = _upload(office, (one, "appstore_1584940053.csv"), (two, "appstore_517637141.csv"))
    assert (answer.status_code, answer.location) == (303, "/operator/reviews")
    assert "차례를 기다림" in _page(office, "/operator/reviews")
    work()
    page = _page(office, "/operator/reviews")
    assert "새로 3, 이미 있던 것 0, 못 읽은 줄 0" in page
    assert "새로 1, 이미 있던 것 0, 못 읽은 줄 1" in page
    assert "나만의닥터" in page
    assert "굿닥" in page
    assert "모두 4건입니다" in page


def test_one_file_leads_to_its_own_page_with_every_rejected_row(office: Client, db: Any, work: Work) -> None:
    rows = [review_row(star=0) for _ in range(60)] + [review_row()]
    address = _upload(office, (review_csv(rows), "appstore_517637141.csv")).location
    work()
    page = _page(office, address)
    assert "별점이 1–5가 아닙니다: 0" in page
    assert "2쪽 중 1쪽" in page
    assert page.count("별점이 1–5가 아닙니다") == 50
    assert _page(office, f"{address}?page=2").count("별점이 1–5가 아닙니다") == 10
    download = office.get(f"{address}/rejected.csv")
    assert download.data.startswith(b"\xef\xbb\xbfline,")
    assert len(download.data.decode("utf-8-sig").splitlines()) == 61
    assert "attachment" in download.headers["Content-Disposition"]


@pytest.mark.parametrize(
    "content, filename, said",
    [
        (b"", "appstore_1.csv", "빈 파일입니다"),
        (b"PK\x03\x04" + b"\x00" * 90, "appstore_1.csv", "엑셀"),
        (b"DATE,TITLE\n2023-01-01,x\n", "appstore_1.csv", "필요한 열이 없습니다: STAR, REVIEW"),
        (review_csv([review_row()]), "reviews.csv", "어느 앱의 후기인지 알 수 없습니다"),
    ],
    ids=["empty", "excel", "columns", "app"],
)
def test_a_file_that_cannot_be_read_says_why_and_what_to_do(
    office: Client, db: Any, work: Work, content: bytes, filename: str, said: str
) -> None:
    address = _upload(office, (content, filename)).location
    work()
    page = _page(office, address)
    assert "이 파일은 가져오지 못했습니다" in page
    assert said in page
    assert "다시 올리기" in page


def test_another_kind_of_file_is_refused_by_name(office: Client, db: Any) -> None:
    _upload(office, (b"x", "<b>사진</b>.jpg"), (review_csv([review_row()]), "appstore_1.csv"))
    page = _page(office, "/operator/reviews")
    assert "JSON 파일만 올릴 수 있습니다" in page
    assert "&lt;b&gt;사진&lt;/b&gt;.jpg" in page or "b&gt;.jpg" in page
    assert db.session.scalar(select(ReviewImport)) is None


def test_nothing_chosen_is_said_so(office: Client) -> None:
    office.post("/operator/reviews/imports", data={}, content_type="multipart/form-data")
    assert "후기 파일을 먼저 골라 주세요" in _page(office, "/operator/reviews")


def test_dates_are_those_of_korea(office: Client, operator: User, work: Work) -> None:
    create_import(operator, review_csv([review_row(date="2023-12-31 20:30:00-07:00")] * 1))
    work()
    assert "2024-01-01" in _page(office, "/operator/reviews")
    create_analysis(operator)
    work()
    address = _latest(office)
    page = _page(office, address)
    assert "2024년 1월 1일" in page
    assert "2023-12" not in page
    assert office.get(f"{address}/tables/months.csv").data.decode("utf-8-sig").splitlines()[1] == "2024-01,1"


def _latest(office: Client) -> str:
    found = re.findall(r"/operator/analyses/[\w-]+", office.get("/operator/reviews").text)
    return str(found[0])


def test_an_analysis_is_asked_for_watched_and_read(
    office: Client, operator: User, work: Work, db: Any
) -> None:
    create_import(operator, rows=40)
    work()
    answer = office.post("/operator/analyses", data={"apps": ["517637141"], "tokenizer": "mecab"})
    assert answer.status_code == 303
    waiting = _page(office, answer.location)
    assert "<dd>굿닥</dd>" in re.sub(r"\s*(<[^>]+>)\s*", r"\1", waiting)
    assert "차례를 기다리고 있습니다" in waiting
    assert f"{answer.location}/events" in waiting
    status = office.get(f"{answer.location}/status")
    assert "HX-Refresh" not in status.headers
    work()
    assert office.get(f"{answer.location}/status").headers["HX-Refresh"] == "true"
    page = _page(office, answer.location)
    for words in (
        "별 3개인 후기 8건은 양쪽에 모두 들어 있습니다",
        "굿닥",
        "뚜렷이 다른 낱말",
        "TF-IDF",
        "한국 시간",
    ):
        assert words in re.sub(r"</?a\b[^>]*>", "", page)
    alts = re.findall(r'alt="([^"]*)"', page)
    assert len(alts) == 4
    assert all("큰 낱말부터:" in alt and len(alt) > 40 for alt in alts)


def test_analyses_are_told_apart_by_their_apps(office: Client, operator: User, work: Work, db: Any) -> None:
    create_import(operator, rows=40)
    work()
    for apps in (["517637141"], []):
        office.post("/operator/analyses", data={"apps": apps, "tokenizer": "mecab"})
        work()
    for address in ("/operator/", "/operator/reviews", "/operator/analyses"):
        told = re.findall(r'<p class="small muted">(굿닥|모든 앱)', _page(office, address))
        assert told == ["모든 앱", "굿닥"], address


def test_while_it_runs_the_stage_is_in_words_and_per_cent(office: Client, operator: User, work: Work) -> None:
    create_import(operator, rows=5)
    work()
    run = create_analysis(operator)
    work_of_reviews.progress.begin_analysis(run.id)
    work_of_reviews.progress.note_analysis(run.id, "tokenize", 0.42)
    page = _page(office, f"/operator/analyses/{run.public_id}")
    assert "문장을 낱말로 나누는 중: 42%" in page
    assert 'value="42"' in page


def test_a_second_analysis_leads_to_the_one_that_runs(office: Client, operator: User, work: Work) -> None:
    create_import(operator, rows=5)
    work()
    first = office.post("/operator/analyses", data={"tokenizer": "mecab"}).location
    second = office.post("/operator/analyses", data={"tokenizer": "mecab"}).location
    assert second == first
    assert "지금 하고 있는 분석이 끝나면" in _page(office, second)


def test_a_failure_is_shown_with_its_reason_and_tried_again(
    office: Client, operator: User, work: Work, db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nlp import tokenize

    def missing(name: str) -> None:
        raise tokenize.TokenizerUnavailable("형태소 분석기가 없습니다.", "The tokenizer is missing.")

    create_import(operator, rows=5)
    work()
    with monkeypatch.context() as patch:
        patch.setattr(tokenize, "make_tokenizer", missing)
        address = office.post("/operator/analyses", data={"tokenizer": "mecab"}).location
        work()
    page = _page(office, address)
    assert "형태소 분석기가 없습니다." in page
    assert f'action="{address}/retry"' in page
    assert office.post(f"{address}/retry").status_code == 303
    work()
    assert "앱과 별점" in _page(office, address)


def test_clouds_and_tables_come_through_the_door_only(
    office: Client, client: Client, operator: User, work: Work
) -> None:
    create_import(operator, rows=20)
    work()
    run = create_analysis(operator)
    work()
    address = f"/operator/analyses/{run.public_id}"
    for side in report.SIDES:
        picture = office.get(f"{address}/clouds/{side}.png")
        assert (picture.status_code, picture.mimetype) == (200, "image/png")
        assert picture.data.startswith(b"\x89PNG")
        assert "private" in picture.headers["Cache-Control"]
        often = office.get(f"{address}/clouds/{side}.png?by=frequency")
        assert often.data.startswith(b"\x89PNG")
        assert often.data != picture.data
        for by in ("", "?by=frequency"):
            assert client.get(f"{address}/clouds/{side}.png{by}").status_code in (302, 401)
    for name in report.TABLES:
        table = office.get(f"{address}/tables/{name}.csv")
        assert table.data.startswith(b"\xef\xbb\xbf")
        assert client.get(f"{address}/tables/{name}.csv").status_code in (302, 401)
    assert office.get(f"{address}/tables/secrets.csv").status_code == 404
    assert office.get(f"{address}/report.json").get_json()["version"]


def test_a_burst_of_praise_is_flagged(office: Client, operator: User, work: Work) -> None:
    rows = [review_row(star=5, date=f"2022-01-{1 + n % 20:02} 10:00:00+09:00") for n in range(40)]
    create_import(operator, review_csv(rows), filename="appstore_1550889868.csv")
    work()
    run = create_analysis(operator)
    work()
    assert "메디팡팡: 홍보로 몰린 후기로 보입니다" in _page(office, f"/operator/analyses/{run.public_id}")


def _promotion(operator: User, work: Work) -> None:
    """Forty reviews of praise within twenty days, and ten of another app."""
    rows = [
        review_row(star=5, review=f"이벤트 당첨 {n}", date=f"2022-01-{1 + n % 20:02} 10:00:00+09:00")
        for n in range(40)
    ]
    create_import(operator, review_csv(rows), filename="appstore_1550889868.csv")
    create_import(operator, rows=10)
    work()


def test_a_burst_can_be_left_out_of_an_analysis(office: Client, operator: User, work: Work, db: Any) -> None:
    _promotion(operator, work)
    assert 'name="without_bursts"' in _page(office, "/operator/reviews")
    answer = office.post(
        "/operator/analyses", data={"tokenizer": "mecab", "without_bursts": "y"}, follow_redirects=True
    )
    assert "모든 앱 (몰린 기간 빼고)" in answer.text
    work()
    db.session.expire_all()
    run = db.session.scalars(select(Analysis)).one()
    assert (run.without_bursts, run.review_count) == (True, 10)
    address = f"/operator/analyses/{run.public_id}"
    page = _page(office, address)
    assert "홍보로 몰린 후기를 뺐습니다" in page
    assert re.search(r"메디팡팡: 2022[^<]*부터 2022[^<]*까지 후기 40건", page)
    assert "홍보로 몰린 후기로 보입니다" not in page
    assert "이벤트" not in page
    assert "후기 0건" in _page(office, f"{address}/reviews?word=이벤트")
    assert "후기 0건" in _page(office, f"{address}/reviews?app=1550889868")
    assert "후기 10건" in _page(office, f"{address}/reviews?stars=1,2,3,4,5")
    office.set_cookie("lang", "en")
    english = _page(office, address)
    assert "Reviews of likely promotions are left out" in english
    assert "Medipangpang: 40 reviews from" in english


def test_without_a_burst_nothing_is_left_out_and_the_page_says_so(
    office: Client, operator: User, work: Work
) -> None:
    create_import(operator, rows=10)
    work()
    run = create_analysis(operator, without_bursts=True)
    work()
    page = _page(office, f"/operator/analyses/{run.public_id}")
    assert "그런 기간이 없어 모두 세었습니다" in page


def test_an_analysis_of_which_nothing_is_left_says_why(office: Client, operator: User, work: Work) -> None:
    _promotion(operator, work)
    run = create_analysis(operator, apps=["1550889868"], without_bursts=True)
    work()
    assert "남은 후기가 없습니다" in _page(office, f"/operator/analyses/{run.public_id}")


def test_a_report_of_another_version_says_so(office: Client, operator: User, work: Work, db: Any) -> None:
    from app.infra.database import transaction

    create_import(operator, rows=5)
    work()
    run = create_analysis(operator)
    work()
    with transaction() as session:
        row = session.get(Analysis, run.id, populate_existing=True)
        assert row.state == WorkState.DONE
        row.report = '{"version": "9.0"}'
    page = _page(office, f"/operator/analyses/{run.public_id}")
    assert "다른 판에서 만든 것입니다" in page
    assert office.get(f"/operator/analyses/{run.public_id}/tables/apps.csv").status_code == 404


def test_the_report_reads_in_english_too(office: Client, operator: User, work: Work) -> None:
    create_import(operator, rows=20)
    work()
    run = create_analysis(operator)
    work()
    office.set_cookie("lang", "en")
    page = _page(office, f"/operator/analyses/{run.public_id}")
    assert "Goodoc" in page or "GoodDoc" in page or "Good Doc" in page
    assert '<html lang="en"' in page


def test_what_does_not_exist_is_not_found(office: Client) -> None:
    for address in (
        "/operator/analyses/nothing",
        "/operator/reviews/imports/nothing",
        "/operator/analyses/x/clouds/high.png",
    ):
        assert office.get(address).status_code == 404


def test_when_files_are_read_the_form_for_the_analysis_appears_without_loading_the_page(
    office: Client, operator: User, work: Work
) -> None:
    create_import(operator, rows=3)
    from_htmx = {"HX-Request": "true"}
    before = office.get("/operator/reviews/work", headers=from_htmx).text
    assert "hx-swap-oob" not in before
    assert "data-finished" not in before
    work()
    after = office.get("/operator/reviews/work", headers=from_htmx).text
    assert 'id="analyse" hx-swap-oob="true"' in after
    assert "분석 시작" in after
    assert "data-finished" in after


def test_a_file_is_deleted_after_the_page_that_says_what_goes(
    office: Client, operator: User, work: Work
) -> None:
    item = create_import(operator, rows=4)
    address = f"/operator/reviews/imports/{item.public_id}"
    work()
    assert f'href="{address}/delete"' in _page(office, address)
    assert "되돌릴 수 없습니다" in _page(office, f"{address}/delete")
    assert office.post(f"{address}/delete").location == "/operator/reviews"
    assert "후기 4건이 함께 지워졌습니다" in _page(office, "/operator/reviews")
    assert office.get(address).status_code == 404
